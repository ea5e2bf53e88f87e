/* SPDX-License-Identifier: BSD-2-Clause */
/* Fits workers and channels to the limit on open files, and makes the options of the pool. */
#include "config.h"
#include "tool/run/pool_setup.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tool/base/message.h"
#include "tool/exec/channels.h"
#include "tool/exec/command.h"
#include "tool/exec/input_file.h"
#include "tool/exec/run_cgroup.h"
#include "tool/exec/throttle.h"
#include "tool/jobserver/jobserver.h"
#include "tool/records/records.h"
#include "tool/run/job_environment.h"
#include "tool/run/output_writer.h"
#include "tool/run/sandbox_paths.h"

/* Descriptors besides those of channels (the pool's own, files of records, the input): how many to
   leave free if possible, and the fewest with which a run works. */
#define DESCRIPTORS_BESIDE 64
#define DESCRIPTORS_NEEDED 28
/* How many more workers SIGUSR1 can ask for. */
#define CHANNELS_SPARE 16u

/* How many jobs wait in the pool for a worker.  With one for each, a free worker does not wait for
   the tool; but then the worker decides when a job begins, so there are none where the tool has to
   decide that. */
static unsigned
ahead(const struct pool_setup *s)
{
	const struct options *o = s->options;

	if (o->dialect == DIALECT_XARGS || o->halt.when != HALT_NEVER || throttle_wanted(o) ||
	    o->interactive || jobserver_wanted())
		return 0;
	return s->workers < 16 ? s->workers : 16;
}

/* A job without a sandbox opens its file itself. */
static enum channel_input
input_of(const struct options *o)
{
	if (o->pipe)
		return CHANNEL_FILE;
	return o->stdin_from != NULL && o->sandbox ? CHANNEL_SOCKET : CHANNEL_NO_INPUT;
}

/*
 * One pipe keeps the order of what a job writes to both, which is worth something where both end up
 * in one file.  In GNU parallel's manner standard error comes behind standard output, records may
 * want them apart, and a journal has to find each in its place again.
 */
static enum channel_output
output_of(const struct options *o)
{
	if (o->grouping == GROUP_NONE)
		return CHANNEL_NO_OUTPUT;
	return o->dialect != DIALECT_NATIVE || o->journal != NULL || records_keep_apart(o) ||
		!output_writer_is_one_file() ?
	    CHANNEL_TWO_PIPES :
	    CHANNEL_ONE_PIPE;
}

/* Raise the limit on open files: a channel takes six descriptors at most, and the ends for jobs
   have numbers from four for each channel on; a worker takes one descriptor, and a seat of the
   jobserver six. */
static void
descriptors_raise(const struct pool_setup *s, unsigned channels)
{
	struct rlimit limit;
	rlim_t wanted =
	    (rlim_t)channels * (s->options->jobserver ? 14 : 8) + s->workers + DESCRIPTORS_BESIDE;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 || limit.rlim_cur >= wanted)
		return;
	command_setup.open_files = limit;
	limit.rlim_cur =
	    limit.rlim_max == RLIM_INFINITY || limit.rlim_max > wanted ? wanted : limit.rlim_max;
	command_setup.restore_open_files = setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

/*
 * As many channels, of those asked for, as the limit on open files has room for; s->workers becomes
 * no more than that.  *from: the first number for the jobs' ends of channels, of which the pool
 * keeps a duplicate each.
 */
static unsigned
channels_fit(struct pool_setup *s, unsigned channels, unsigned *from)
{
	const struct options *o = s->options;
	unsigned ours = (unsigned)output_of(o); /* ends of pipes */
	unsigned theirs = ours + (input_of(o) != CHANNEL_NO_INPUT);
	/* A seat of the jobserver has a pipe, of which the pool keeps duplicates as well. */
	unsigned each = ours + (input_of(o) == CHANNEL_SOCKET) + 2 * theirs +
	    (o->jobserver ? 4 : 0);
	struct rlimit limit;

	*from = 4 * (channels < 16 ? 16 : channels);
	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 || limit.rlim_cur > UINT32_MAX / 2)
		return channels;
	unsigned most = (unsigned)limit.rlim_cur,
		 rest = most > DESCRIPTORS_NEEDED ? most - DESCRIPTORS_NEEDED : 0;
	unsigned workers = rest / (1 + each); /* a worker has a descriptor besides its channel's */
	if (workers == 0)
		fail("only %u files may be open (ulimit -n), and %u are needed for one job", most,
		    DESCRIPTORS_NEEDED + 1 + each);
	if (workers < s->workers) {
		message("only %u files may be open (ulimit -n): that is enough for %u at a time "
			"and not for %u",
		    most, workers, s->workers);
		s->workers = workers;
	}
	unsigned fit = (rest - s->workers) / each;
	channels = fit < channels ? fit : channels;
	if (*from > most - theirs * channels)
		*from = most - theirs * channels;
	return channels;
}

/* The descriptors that jobs and workers have, up to a -1; to be freed. */
static int *
descriptors_gather(const struct pool_setup *s)
{
	const int journal[] = { s->journal, -1 };
	const int *lists[] = { channels_descriptors(), jobserver_descriptors(), journal };
	size_t n = 0;
	int *all;

	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		for (const int *fd = lists[i]; fd != NULL && *fd != -1; fd++)
			n++;
	if ((all = calloc(n + 1, sizeof *all)) == NULL)
		fail_memory();
	n = 0;
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		for (const int *fd = lists[i]; fd != NULL && *fd != -1; fd++)
			all[n++] = *fd;
	all[n] = -1;
	return all;
}

/* The options of a pool for commands. */
static void
commands_open(struct pool_setup *s, struct forkpool_options *pool)
{
	const struct options *o = s->options;
	unsigned channels = s->workers + ahead(s) + CHANNELS_SPARE;
	int with_channels = o->grouping != GROUP_NONE || input_of(o) != CHANNEL_NO_INPUT;

	command_setup.slot_variable = o->slot_variable;
	command_setup.parallel_names = o->dialect == DIALECT_PARALLEL;
	if (with_channels || o->jobserver)
		descriptors_raise(s, channels);
	if (with_channels) {
		unsigned from;
		channels = channels_fit(s, channels, &from);
		channels_open(channels, output_of(o), input_of(o), from);
		pool->workers = s->workers;
	}
	jobserver_seats_open(o, s->workers, with_channels ? channels_count() : channels);
	pool->isolation = o->sandbox ? FORKPOOL_ISOLATE_SANDBOX : FORKPOOL_ISOLATE_JOB;
	pool->worker_init = command_worker_init;
	/* Commands reply with no value: a control group that holds the worker as well needs no room
	   for one. */
	pool->max_value_len = 1;
	s->under_way_max = s->workers + ahead(s);
}

static void
plugin_open(struct pool_setup *s, struct forkpool_options *pool)
{
	const struct options *o = s->options;
	int own_process = o->memory > 0 || o->stack > 0 || o->cpu_ns > 0 || o->file_size > 0 ||
	    o->open_files > 0 || o->processes > 0;

	if (o->sandbox)
		pool->isolation = FORKPOOL_ISOLATE_SANDBOX;
	else
		pool->isolation = own_process ? FORKPOOL_ISOLATE_JOB : FORKPOOL_ISOLATE_WORKER;
	pool->worker_init = s->plugin->init;
	pool->worker_exit = s->plugin->exit;
	pool->worker_arg = s->plugin->arg;
	pool->output = pool->isolation == FORKPOOL_ISOLATE_WORKER ? FORKPOOL_OUTPUT_INHERIT :
								    FORKPOOL_OUTPUT_CAPTURE;
	s->under_way_max = ahead(s) == 0 ? s->workers : 1024 + 16 * s->workers;
	pool->queue_limit = s->under_way_max;
}

static void
environment_set(const struct options *o)
{
	for (char **entry = o->environment; entry != NULL && *entry != NULL; entry++)
		if (strchr(*entry, '=') != NULL && putenv(*entry) != 0)
			fail_memory();
}

/* What helps where the pool was not to be had: a sentence in brackets, or nothing. */
static const char *
advice(struct forkpool_options *pool, struct forkpool_sandbox *sandbox)
{
	char error[512];

	if (!sandbox->private_root)
		return "";
	/* Whatever keeps the root directory away may keep all of the sandbox away. */
	sandbox->private_root = 0;
	struct forkpool *without = forkpool_open(pool, error, sizeof error);
	if (without == NULL)
		return "";
	(void)forkpool_close(without);
	return " (--host-root does without that, for less)";
}

/*
 * Open the pool; where a limit counts all processes of a job together, with a control group, if one
 * can be had.  A failure ends the tool.
 */
static void
pool_open_limited(struct pool_setup *s, struct forkpool_options *pool,
    struct forkpool_sandbox *sandbox)
{
	const struct options *o = s->options;
	const int root = geteuid() == 0;
	struct run_cgroup group = { .why = "" };
	char error[512], why[512] = "";

	if (o->memory > 0 || o->processes > 0)
		group = run_cgroup_open(o->memory > 0, o->processes > 0);
	sandbox->cgroup = group.cgroup;
	sandbox->cgroup_pids = group.cgroup_pids;
	if (group.cgroup != NULL)
		pool->sandbox = sandbox;
	/* The system counts the processes of a user in each user namespace alone. */
	sandbox->namespaces = o->sandbox && o->processes > 0 && !root && !group.has_pids;
	s->pool = forkpool_open(pool, error, sizeof error);
	(void)snprintf(why, sizeof why, "%s", group.why);
	if (s->pool == NULL && group.cgroup != NULL && strstr(error, "cgroup") != NULL) {
		/* Groups can be made there, and not entered. */
		(void)snprintf(why, sizeof why, "%s", error);
		run_cgroup_close();
		sandbox->cgroup = sandbox->cgroup_pids = NULL;
		if (!o->sandbox)
			pool->sandbox = NULL;
		sandbox->namespaces = o->sandbox && o->processes > 0 && !root;
		s->pool = forkpool_open(pool, error, sizeof error);
	}
	if (s->pool != NULL)
		return;
	if (o->processes > 0 && strncmp(error, "limits.processes", strlen("limits.processes")) == 0)
		fail("--pids: the system cannot count the processes of one job%s%s%s%s",
		    root ? " for root" : "", why[0] != '\0' ? ": " : "", why,
		    root ? ": run this as an ordinary user, or leave it out" : ": leave it out");
	fail("cannot start the workers: %s%s", error, advice(pool, sandbox));
}

void
pool_setup_open(struct pool_setup *s)
{
	const struct options *o = s->options;
	struct forkpool_sandbox sandbox = { 0 };
	struct forkpool_options pool = {
		.executes = o->plugin_file == NULL,
		.workers = s->workers, .timeout_ns = o->timeout_ns, .grace_ns = o->grace_ns,
		.limits = { .memory = o->memory, .cpu_ns = o->cpu_ns, .file_size = o->file_size,
			.open_files = o->open_files, .processes = o->processes,
			.stack = o->stack },
	};
	const char *const *environment = job_environment(o);

	command_setup.nice = o->nice;
	command_setup.directory = o->directory;
	command_setup.directory_inside = o->directory != NULL && o->sandbox && !o->host_root;
	if (o->sandbox)
		command_find_opening();
	if (o->plugin_file != NULL)
		plugin_open(s, &pool);
	else
		commands_open(s, &pool);
	int *descriptors = descriptors_gather(s);
	pool.descriptors = descriptors;
	/* Jobs that run in their worker have our environment. */
	if (pool.isolation != FORKPOOL_ISOLATE_WORKER)
		pool.environment = environment;
	else
		environment_set(o);
	if (o->sandbox) {
		sandbox_paths_fill(&sandbox, o);
		pool.sandbox = &sandbox;
	}
	s->own_process = pool.isolation != FORKPOOL_ISOLATE_WORKER;
	pool_open_limited(s, &pool, &sandbox);
	if (input_of(o) == CHANNEL_SOCKET)
		input_file_setup(o->directory, !o->host_root);
	sandbox_paths_free(&sandbox);
	job_environment_free(environment);
	free(descriptors);
}

int
pool_setup_check(const struct options *o)
{
	const char *word = o->shell ? "sh" : o->command_count > 0 ? o->command[0] : NULL;

	/* --env may give jobs another PATH. */
	for (char **entry = o->environment; entry != NULL && *entry != NULL; entry++)
		if (strncmp(*entry, "PATH=", 5) == 0)
			command_setup.search_path = *entry + 5;
	if (o->plugin_file != NULL || word == NULL || strchr(word, '{') != NULL ||
	    (o->replace != NULL && strstr(word, o->replace) != NULL))
		return 0;
	int status = command_find(word);
	if (status != 0 && o->dialect == DIALECT_NATIVE) {
		if (status == 127 && errno == ENOENT && strchr(word, '/') == NULL)
			message("%s: this command is not to be found in PATH", word);
		else
			message_errno("cannot run %s", word);
		return status;
	}
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes the options of the pool, and opens it with as many workers as there can be. */
#include "config.h"
#include "tool/run/pool_setup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/base/message.h"
#include "tool/base/temporary.h"
#include "tool/exec/channels.h"
#include "tool/exec/command.h"
#include "tool/exec/input_file.h"
#include "tool/exec/run_cgroup.h"
#include "tool/exec/throttle.h"
#include "tool/jobserver/jobserver.h"
#include "tool/records/records.h"
#include "tool/run/job_environment.h"
#include "tool/run/open_files.h"
#include "tool/run/output_writer.h"
#include "tool/run/sandbox_paths.h"

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
 * in one file or one group.  In GNU parallel's manner standard error comes behind standard output,
 * records may want them apart, and a journal has to find each in its place again.
 */
static enum channel_output
output_of(const struct options *o)
{
	if (o->grouping == GROUP_NONE)
		return CHANNEL_NO_OUTPUT;
	return o->dialect == DIALECT_PARALLEL || o->journal != NULL || records_keep_apart(o) ||
		(o->group_markers == MARKERS_NONE && !output_writer_is_one_file()) ?
	    CHANNEL_TWO_PIPES :
	    CHANNEL_ONE_PIPE;
}

/* As GNU xargs with -a: where the items come from elsewhere, its standard input is its commands'.
   A sandboxed job is not to have what may be our terminal. */
int
pool_setup_hands_on_input(const struct options *o)
{
	return o->dialect == DIALECT_XARGS && o->source_count > 0 &&
	    strcmp(o->sources[0].file, "-") != 0 && !o->sandbox;
}

/* A duplicate of it for jobs, at the number from or, where there is none, at any; -1: it is closed,
   or there is to be none. */
static int
standard_input_duplicate(const struct options *o, unsigned from)
{
	if (!pool_setup_hands_on_input(o))
		return -1;
	int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, (int)from);
	return fd != -1 ? fd : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

/* How many descriptors a seat of the jobserver takes: a FIFO that is open at both ends; or a pipe,
   the duplicates of it that the pool keeps, and both ends once more for the tool. */
static unsigned
seat_descriptors(const struct options *o)
{
	if (!o->jobserver)
		return 0;
	return o->jobserver_style == JOBSERVER_FIFO ? 2 : 6;
}

/* The descriptors that jobs and workers have, up to a -1; to be freed. */
static int *
descriptors_gather(const struct pool_setup *s)
{
	const int journal[] = { s->journal, -1 }, input[] = { command_setup.standard_input, -1 };
	const int *lists[] = { channels_descriptors(), jobserver_descriptors(), journal, input };
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

/* Jobs that the pool may have at a time. */
static unsigned
under_way_max(const struct pool_setup *s)
{
	if (s->plugin->count == 0)
		return s->workers + ahead(s);
	return ahead(s) == 0 ? s->workers : 1024 + 16 * s->workers;
}

/* The options of a pool for commands. */
static void
commands_open(struct pool_setup *s, struct forkpool_options *pool)
{
	static char no_copy[640];
	const struct options *o = s->options;
	const int with_channels = o->grouping != GROUP_NONE || input_of(o) != CHANNEL_NO_INPUT;
	const unsigned ours = (unsigned)output_of(o), /* ends of pipes */
	    theirs = ours + (input_of(o) != CHANNEL_NO_INPUT);
	struct open_files files = {
		.workers = s->workers,
		.places = with_channels || o->jobserver ? s->workers + ahead(s) + CHANNELS_SPARE :
							  0,
		.each = ours + (input_of(o) == CHANNEL_SOCKET) + 2 * theirs + seat_descriptors(o),
		.theirs = theirs,
		.beside = pool_setup_hands_on_input(o) ? 2 : 0, /* the pool keeps one too */
	};

	(void)snprintf(no_copy, sizeof no_copy, "a copy of it in %s: ", temporary_place());
	command_setup.no_copy = no_copy;
	command_setup.slot_variable = o->slot_variable;
	command_setup.parallel_names = o->dialect == DIALECT_PARALLEL;
	open_files_fit(&files);
	s->workers = pool->workers = files.workers;
	if (with_channels)
		channels_open(files.places, output_of(o), input_of(o), files.from);
	command_setup.standard_input = standard_input_duplicate(o, files.from);
	jobserver_seats_open(o, s->workers, with_channels ? channels_count() : files.places);
	pool->isolation = o->sandbox ? FORKPOOL_ISOLATE_SANDBOX : FORKPOOL_ISOLATE_JOB;
	pool->worker_init = command_worker_init;
	/* Commands reply with no value: a control group that holds the worker as well needs no room
	   for one. */
	pool->max_value_len = 1;
}

static void
plugin_open(struct pool_setup *s, struct forkpool_options *pool)
{
	const struct options *o = s->options;
	struct open_files files = { .workers = s->workers };
	int own_process = o->memory > 0 || o->stack > 0 || o->cpu_ns > 0 || o->file_size > 0 ||
	    o->open_files > 0 || o->processes > 0;

	open_files_fit(&files);
	s->workers = pool->workers = files.workers;
	if (o->sandbox)
		pool->isolation = FORKPOOL_ISOLATE_SANDBOX;
	else
		pool->isolation = own_process ? FORKPOOL_ISOLATE_JOB : FORKPOOL_ISOLATE_WORKER;
	pool->worker_init = s->plugin->init;
	pool->worker_exit = s->plugin->exit;
	pool->worker_arg = s->plugin->arg;
	pool->output = pool->isolation == FORKPOOL_ISOLATE_WORKER ? FORKPOOL_OUTPUT_INHERIT :
								    FORKPOOL_OUTPUT_CAPTURE;
	pool->queue_limit = under_way_max(s);
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
 * The most workers, of those asked for, for which there are processes; *error says why not one can
 * be had.  Somebody else may take processes meanwhile, or give some back.
 */
static unsigned
workers_to_be_had(const struct forkpool_options *pool, char *error, size_t error_size)
{
	struct forkpool_options tried = *pool;
	unsigned few = 0, many = pool->workers;

	while (many - few > 1) {
		tried.workers = few + (many - few) / 2;
		struct forkpool *opened = forkpool_open(&tried, error, error_size);
		if (opened == NULL && errno != EAGAIN)
			return 0;
		if (opened == NULL) {
			many = tried.workers;
		} else {
			few = tried.workers;
			(void)forkpool_close(opened);
		}
	}
	return few;
}

/* Open the pool, with fewer workers where no more processes can be had, and say so.  NULL: *error
   says why. */
static struct forkpool *
pool_open(struct pool_setup *s, struct forkpool_options *pool, char *error, size_t error_size)
{
	struct forkpool *opened = forkpool_open(pool, error, error_size);
	const unsigned asked = pool->workers;

	if (opened != NULL || errno != EAGAIN)
		return opened;
	const unsigned most = workers_to_be_had(pool, error, error_size);
	if (most == 0)
		return NULL;
	/* Jobs need processes as well. */
	pool->workers = pool->isolation == FORKPOOL_ISOLATE_WORKER || most == 1 ? most : most / 2;
	if ((opened = forkpool_open(pool, error, error_size)) == NULL)
		return NULL;
	message("no more processes can be had for %u jobs at a time (ulimit -u, or the pids.max of "
		"a control group): %u run at a time", asked, pool->workers);
	s->workers = pool->workers;
	jobserver_resize(s->workers);
	return opened;
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
	s->pool = pool_open(s, pool, error, sizeof error);
	(void)snprintf(why, sizeof why, "%s", group.why);
	if (s->pool == NULL && group.cgroup != NULL && strstr(error, "cgroup") != NULL) {
		/* Groups can be made there, and not entered. */
		(void)snprintf(why, sizeof why, "%s", error);
		run_cgroup_close();
		sandbox->cgroup = sandbox->cgroup_pids = NULL;
		if (!o->sandbox)
			pool->sandbox = NULL;
		sandbox->namespaces = o->sandbox && o->processes > 0 && !root;
		s->pool = pool_open(s, pool, error, sizeof error);
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
	s->under_way_max = under_way_max(s);
	if (input_of(o) == CHANNEL_SOCKET)
		input_file_setup(o->directory, !o->host_root);
	if (command_setup.standard_input != -1)
		(void)close(command_setup.standard_input); /* the pool has its own */
	sandbox_paths_free(&sandbox);
	job_environment_free(environment);
	free(descriptors);
}

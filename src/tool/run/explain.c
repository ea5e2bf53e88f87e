/* SPDX-License-Identifier: BSD-2-Clause */
/* The lines of --explain: what all jobs have in common, and what is each one's own. */
#include "config.h"
#include "tool/run/explain.h"

#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/base/message.h"
#include "tool/base/shell_escape.h"
#include "tool/exec/command.h"
#include "tool/records/results_dir.h"
#include "tool/run/command_check.h"
#include "tool/run/dry_run.h"
#include "tool/run/job_environment.h"
#include "tool/run/pool_setup.h"
#include "tool/run/sandbox_paths.h"
#include "tool/run/task_queue.h"

extern char **environ;

static const char *const by_group = "; of all of them together by a control group, where one "
				    "can be made";

/* -------------------------------------------------------------------------------------- writing */

static void line(struct bytes *, const char *name, const char *format, ...) MESSAGE_PRINTF(3, 4);

static void
line(struct bytes *out, const char *name, const char *format, ...)
{
	char value[512];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(value, sizeof value, format, arguments);
	va_end(arguments);
	bytes_printf(out, "  %s: %s\n", name, value);
}

static void
word_line(struct bytes *out, const char *name, const char *data, size_t len)
{
	bytes_printf(out, "  %s: ", name);
	shell_escape_word(out, data, len);
	bytes_add_byte(out, '\n');
}

static void
text_line(struct bytes *out, const char *name, const char *text)
{
	if (text != NULL)
		word_line(out, name, text, strlen(text));
}

/* NAME=value, of which the value is quoted. */
static void
variable_line(struct bytes *out, const char *entry)
{
	const size_t len = strcspn(entry, "=");

	bytes_add_text(out, "  env: ");
	shell_escape_word(out, entry, len);
	if (entry[len] == '=')
		bytes_add_byte(out, '=');
	if (entry[len] == '=' && entry[len + 1] != '\0')
		shell_escape_word(out, entry + len + 1, strlen(entry + len + 1));
	bytes_add_byte(out, '\n');
}

static void
list_lines(struct bytes *out, const char *name, const char *const *texts)
{
	for (; *texts != NULL; texts++)
		text_line(out, name, *texts);
}

/* Adds count words that stand in from, each with a NUL behind it. */
static void
words_line(struct bytes *out, const char *name, const struct bytes *from, size_t count)
{
	const char *at = from->at;

	if (count == 0)
		return;
	bytes_printf(out, "  %s:", name);
	for (size_t i = 0; i < count; i++) {
		/* A single one may have NULs in it. */
		size_t len = strlen(at);
		if (count == 1)
			len = from->len > 0 && at[from->len - 1] == '\0' ? from->len - 1 :
									   from->len;
		bytes_add_byte(out, ' ');
		shell_escape_word(out, at, len);
		at += len + 1;
	}
	bytes_add_byte(out, '\n');
}

static double
seconds(int64_t ns)
{
	return (double)ns / 1e9;
}

/* ------------------------------------------------------------------------------- of all jobs */

static void
place_add(struct bytes *out, const struct options *o)
{
	const int inside = o->sandbox && !o->host_root && o->plugin_file == NULL;
	char *path = realpath(o->directory != NULL ? o->directory : ".", NULL);

	line(out, "at a time", "%u", o->workers);
	text_line(out, "directory", path != NULL ? path : o->directory);
	if (inside)
		line(out, "directory", "/, where that is not opened up");
	free(path);
	if (o->nice != 0)
		line(out, "nice", "%+d", o->nice);
}

static int
is_ours(const char *variable)
{
	for (char **entry = environ; *entry != NULL; entry++)
		if (strcmp(*entry, variable) == 0)
			return 1;
	return 0;
}

static void
environment_add(struct bytes *out, const struct options *o)
{
	const char *const *environment = job_environment(o);

	line(out, "environment", "%s", o->sandbox ? "these alone" : "as it is here");
	for (const char *const *entry = environment; *entry != NULL; entry++)
		if (o->sandbox || !is_ours(*entry))
			variable_line(out, *entry);
	job_environment_free(environment);
	/* Ours has it already. */
	if (o->temporary != NULL && !o->sandbox)
		line(out, "env", "TMPDIR, as --tmpdir has it");
	if (o->jobserver)
		line(out, "env", "MAKEFLAGS, with the jobserver of the run");
}

static void
limits_add(struct bytes *out, const struct options *o)
{
	const double grace = o->grace_ns > 0 ? seconds(o->grace_ns) : 1;

	if (o->timeout_ns > 0)
		line(out, "timeout", "%.10g s", seconds(o->timeout_ns));
	if (o->timeout_percent > 0)
		line(out, "timeout", "%.10g%% of the median run time", o->timeout_percent);
	line(out, "grace", "%.10g s from SIGTERM to SIGKILL", grace);
	if (o->retries > 1)
		line(out, "retries", "%u runs of a job that fails", o->retries);
	if (o->retry_delay_ns > 0)
		line(out, "retry-delay", "%.10g s before the second run, twice that before the "
		    "third, and so on", seconds(o->retry_delay_ns));
	if (o->memory > 0)
		line(out, "mem", "%" PRId64 " bytes of each process beyond its worker's, by "
		    "RLIMIT_DATA%s", o->memory, by_group);
	if (o->stack > 0)
		line(out, "stack", "%" PRId64 " bytes of each process, by RLIMIT_STACK", o->stack);
	if (o->cpu_ns > 0)
		line(out, "cpu", "%.10g s of all processes of a job, which its worker measures",
		    seconds(o->cpu_ns));
	if (o->file_size > 0)
		line(out, "fsize", "%" PRId64 " bytes, by RLIMIT_FSIZE", o->file_size);
	if (o->open_files > 0)
		line(out, "nofile", "%" PRId64 " of each process, by RLIMIT_NOFILE",
		    o->open_files);
	if (o->processes > 0)
		line(out, "pids", "%" PRId64 " of a job, by a control group; where none can be "
		    "made %s", o->processes,
		    geteuid() == 0 ? "the run does not begin" : "by RLIMIT_NPROC");
}

static void
sandbox_add(struct bytes *out, const struct options *o)
{
	static const char *const network[] = {
		[FORKPOOL_NETWORK_NONE] = "none",
		[FORKPOOL_NETWORK_OPEN] = "as it is here",
		[FORKPOOL_NETWORK_LOOPBACK] = "this machine alone, in one of each worker's own",
	};
	struct forkpool_sandbox sandbox;

	if (!o->sandbox) {
		line(out, "sandbox", "none");
		return;
	}
	sandbox_paths_fill(&sandbox, o);
	line(out, "sandbox", "%s", sandbox.private_root ?
	    "a root directory of each job's own, with these paths and its own /tmp, /dev/shm "
	    "and /proc" : "these paths alone");
	if (sandbox.private_root && o->scratch > 0)
		line(out, "scratch", "%" PRId64 " bytes in each of /tmp and /dev/shm", o->scratch);
	list_lines(out, "readable", sandbox.readable);
	list_lines(out, "writable", sandbox.writable);
	line(out, "network", "%s", network[o->network]);
	if (o->uid != 0)
		line(out, "uid", "%lu, group %lu", (unsigned long)o->uid, (unsigned long)o->gid);
	else
		line(out, "uid", "%s", geteuid() == 0 ? "one of each worker's own" : "yours");
	sandbox_paths_free(&sandbox);
}

static const char *
output_of(const struct options *o)
{
	if (o->json)
		return "in an object for each job, on standard output";
	if (o->results != NULL && o->dialect == DIALECT_PARALLEL)
		return "to the files of --results alone";
	switch (o->grouping) {
	case GROUP_NONE:
		return "jobs write to standard output and standard error themselves";
	case GROUP_LINES:
		return o->keep_order ? "each line when it is whole, of one job after another" :
				       "each line when it is whole";
	case GROUP_JOB:
		break;
	}
	return o->keep_order ? "all of a job's when its turn has come, in the order of the input" :
			       "all of a job's when it has ended";
}

static void
records_add_lines(struct bytes *out, const struct options *o)
{
	line(out, "output", "%s", output_of(o));
	if (o->group_markers != MARKERS_NONE)
		line(out, "group-markers", "%s",
		    o->group_markers == MARKERS_GITHUB ? "github" : "gitlab");
	text_line(out, "joblog", o->joblog);
	if (o->results != NULL && results_kind(o->results) != RESULTS_TREE)
		text_line(out, "results", o->results);
	text_line(out, "results-json", o->results_json);
	text_line(out, "trace", o->trace_file);
	text_line(out, "metrics-file", o->metrics_file);
	text_line(out, "report", o->report);
	text_line(out, "junit", o->junit);
	text_line(out, "journal", o->journal);
}

static void
all_jobs_add(struct bytes *out, const struct options *o)
{
	bytes_add_text(out, "all jobs:\n");
	place_add(out, o);
	environment_add(out, o);
	limits_add(out, o);
	sandbox_add(out, o);
	records_add_lines(out, o);
}

/* ---------------------------------------------------------------------------------- of one job */

static size_t
function_count(const struct options *o)
{
	size_t count = 1;

	if (o->plugin_file == NULL)
		return 0;
	for (const char *at = o->plugin_functions; (at = strchr(at, ',')) != NULL; at++)
		count++;
	return count;
}

/* The function of a plug-in, and what it gets. */
static void
function_add(struct bytes *out, const struct options *o, const struct task *task)
{
	const char *name = o->plugin_functions;

	for (uint64_t i = (task->seq - 1) % function_count(o); i > 0; i--)
		name = strchr(name, ',') + 1;
	text_line(out, "plugin", o->plugin_file);
	word_line(out, "function", name, strcspn(name, ","));
	words_line(out, "argument", &task->words, 1);
	text_line(out, "plugin-args", o->plugin_args);
}

static void
command_add(struct bytes *out, const struct options *o, const struct task *task)
{
	const struct command_setup *s = &command_setup;

	words_line(out, "argv", &task->words, task->word_count);
	if (s->path != NULL && strcmp(s->word, task_word(task, 0).data) == 0)
		text_line(out, "program", s->path);
	if (o->pipe)
		line(out, "stdin", "%" PRIu64 " bytes of standard input", task->block_len);
	else if (task->input.len > 0)
		text_line(out, "stdin", task->input.at);
	else
		line(out, "stdin", "%s",
		    pool_setup_hands_on_input(o) ? "as it is here" : "empty");
}

/* What a job can tell the number of its worker by; for that is not known before it runs. */
static void
worker_add(struct bytes *out, const struct options *o, const struct task *task, int in_words,
    unsigned slot)
{
	const int parallel = o->dialect == DIALECT_PARALLEL;
	struct bytes name = { 0 };

	if (!in_words && !parallel && o->slot_variable == NULL)
		return;
	line(out, "worker", "%u here, and whichever is free when it runs", slot);
	if (parallel)
		line(out, "env", "PARALLEL_SEQ=%" PRIu64, task->seq);
	if (parallel)
		line(out, "env", "PARALLEL_JOBSLOT=%u", slot);
	if (o->slot_variable != NULL) {
		bytes_printf(&name, "%s=%u", o->slot_variable, slot - 1);
		variable_line(out, name.at);
	}
	bytes_free(&name);
}

static void
job_add(const struct options *o, struct task *task, struct bytes *out)
{
	const int in_words = task->slot_count > 0;
	const unsigned slot = dry_run_slot(o, task);
	const struct outcome outcome = { .slot = slot };
	const struct job_record record = {
		.task = task, .outcome = &outcome, .header = task_queue_header(),
	};

	task_slot_fill(task, slot);
	bytes_printf(out, "job %" PRIu64 ":\n", task->seq);
	words_line(out, "items", &task->items, task->item_count);
	if (o->plugin_file != NULL)
		function_add(out, o, task);
	else
		command_add(out, o, task);
	worker_add(out, o, task, in_words, slot);
	if (task->tag.len > 0) /* --retry-failed: none is known */
		word_line(out, "tag", task->tag.at, task->tag.len - 1);
	if (o->results != NULL && results_kind(o->results) == RESULTS_TREE) {
		text_line(out, "stdout", results_dir_file(&record, 0));
		text_line(out, "stderr", results_dir_file(&record, 1));
	}
}

int
explain(const struct options *o)
{
	struct bytes all = { 0 };
	int status = command_check(o);

	if (status != 0)
		return status;
	if (o->results != NULL && results_kind(o->results) == RESULTS_TREE)
		results_dir_name(o);
	task_queue_open(o, function_count(o), NULL);
	all_jobs_add(&all, o);
	status = dry_run(o, &all, job_add);
	results_dir_close();
	bytes_free(&all);
	return status;
}

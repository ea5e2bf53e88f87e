/* SPDX-License-Identifier: BSD-2-Clause */
/* Events of a trace: tries of jobs on their worker's track, deaths of workers, and counters. */
#include "config.h"
#include "tool/reports/trace.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/base/clock.h"
#include "tool/base/escape.h"
#include "tool/records/json_string.h"

#define CHECK_EVERY  INT64_C(10000000)
/* How much of a command is the event's name; the arguments have all of it. */
#define NAME_SHOWN  79
#define LABEL_SHOWN 200

/* The track of a worker. */
struct track {
	int64_t end_ns; /* of the last try on it */
	pid_t   pid;    /* the worker last seen; 0: none */
	pid_t   gone;   /* a worker that has died, whose death is not in the trace yet; 0: none */
	pid_t   dead;   /* the last worker whose death is in the trace */
	int     named;
};

static struct {
	struct record_writer file;
	struct forkpool *pool;
	struct attempt_began began;  /* the origin of all times */
	long     pid;
	struct track *tracks;
	size_t   count;
	/* Workers: deaths in the trace, deaths not in it yet, starts up to the last check. */
	uint64_t died, gone, started;
	int      broken;
	/* counters */
	int      stale;          /* counters may have changed */
	int64_t  check_ns;       /* the next check is not before this time */
	uint64_t under_way;
	size_t   running, queued;
} trace;

static struct track *
track_of(unsigned slot)
{
	if (slot >= trace.count) {
		size_t count = slot + 16;
		struct track *larger = reallocarray(trace.tracks, count, sizeof *larger);
		if (larger == NULL)
			fail_memory();
		memset(larger + trace.count, 0, (count - trace.count) * sizeof *larger);
		trace.tracks = larger;
		trace.count = count;
	}
	return &trace.tracks[slot];
}

/* --------------------------------------------------------------------------------------- events */

static void
printed(const char *format, ...) MESSAGE_PRINTF(1, 2);

static void
printed(const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	record_text(&trace.file, text);
}

/* Exact to the nanosecond: times are microseconds, and the format allows a fraction. */
static void
time_add(const char *name, int64_t ns)
{
	printed(", \"%s\": %" PRId64 ".%03d", name, ns / 1000, (int)(ns % 1000));
}

/* Write the comma before the next event, so that appending "]" always closes the file. */
static void
event_begin(const char *phase, const char *name, size_t len, unsigned slot)
{
	printed(",\n{\"ph\": \"%s\", \"pid\": %ld, \"tid\": %ld", phase, trace.pid,
	    slot > 0 ? (long)slot : trace.pid);
	json_field_text(&trace.file, "name", name, len);
}

static void
metadata_add(const char *name, unsigned slot, const char *argument, const char *text)
{
	event_begin("M", name, strlen(name), slot);
	printed(", \"args\": {\"%s\": \"", argument);
	json_string_add(&trace.file, text, strlen(text));
	record_text(&trace.file, "\"}}");
}

/* Names a worker's track, before its first event. */
static void
track_name(unsigned slot)
{
	char text[32];

	if (track_of(slot)->named)
		return;
	(void)snprintf(text, sizeof text, "worker %u", slot);
	metadata_add("thread_name", slot, "name", text);
	event_begin("M", "thread_sort_index", sizeof "thread_sort_index" - 1, slot);
	printed(", \"args\": {\"sort_index\": %u}}", slot);
}

static int
end(void)
{
	int status = record_end(&trace.file);

	trace.broken |= status == -1;
	return status;
}

/* Shows as "forkpool: gzip -9", which tells several traces apart. */
static void
label_add(const struct options *o)
{
	char shown[LABEL_SHOWN];
	struct bytes label = { 0 };

	if (o->plugin_file != NULL)
		bytes_printf(&label, "%s:%s", o->plugin_file, o->plugin_functions);
	for (size_t i = 0; i < o->command_count; i++)
		bytes_printf(&label, "%s%s", i > 0 ? " " : "", o->command[i]);
	(void)escape_text(shown, sizeof shown, label.at != NULL ? label.at : "", label.len);
	bytes_free(&label);
	if (shown[0] != '\0')
		metadata_add("process_labels", 0, "labels", shown);
}

void
trace_open(const struct options *o, struct forkpool *pool, const struct attempt_began *began)
{
	trace.pool = pool;
	trace.pid = (long)getpid();
	trace.began = *began;
	trace.stale = 1;
	record_writer_open(&trace.file, "--trace", o->trace_file, RECORD_REPLACE);
	record_begin(&trace.file);
	/* The first event alone has no comma before it. */
	printed("[\n{\"ph\": \"i\", \"s\": \"p\", \"pid\": %ld, \"tid\": %ld, \"name\": \"begin\", "
		"\"ts\": 0, \"args\": {\"version\": \"%s\"",
	    trace.pid, trace.pid, PACKAGE_VERSION);
	json_field_seconds(&trace.file, "time", began->real_ns, 1);
	record_text(&trace.file, "}}");
	metadata_add("process_name", 0, "name", message_name);
	label_add(o);
	(void)end();
}

/* ----------------------------------------------------------------------------------------- runs */

static void
death_add(unsigned slot, int64_t at_ns, pid_t pid, const struct job_record *record)
{
	event_begin("i", "worker died", sizeof "worker died" - 1, slot);
	time_add("ts", at_ns);
	printed(", \"s\": \"t\", \"cat\": \"worker\", \"args\": {\"worker\": %u", slot);
	if (pid != 0)
		json_field_number(&trace.file, "process", pid, 1);
	if (record != NULL)
		json_field_number(&trace.file, "seq", (int64_t)record->task->seq, 1);
	record_text(&trace.file, "}}");
	trace.died++;
	track_of(slot)->dead = pid;
}

static void
arguments_add(const struct attempt *run)
{
	const struct outcome *e = run->record->outcome;
	struct record_writer *f = &trace.file;

	printed(", \"args\": {\"seq\": %" PRIu64, run->record->task->seq);
	json_field_word(f, "outcome", verdict_name(e->verdict));
	json_field_number(f, "attempt", e->attempt, 1);
	if (outcome_exit_status(e) >= 0)
		json_field_number(f, "exit", outcome_exit_status(e), 1);
	if (e->signal != 0) {
		json_field_number(f, "signal", e->signal, 1);
		json_field_word(f, "signal_name", signal_word(e->signal));
	}
	if (e->limit != NULL)
		json_field_word(f, "limit", e->limit);
	if (e->message != NULL && *e->message != '\0')
		json_field_text(f, "message", e->message, strlen(e->message));
	json_field_text(f, "command", run->command, run->command_len);
	if (e->max_rss >= 0)
		json_field_number(f, "max_rss", e->max_rss, 1);
	if (run->cpu_ns >= 0)
		json_field_seconds(f, "cpu", run->cpu_ns, 1);
	record_text(f, "}}");
}

/* One end of an arrow from a try to the next one, at the try that began at at_ns. */
static void
arrow_add(int from, const struct attempt *run, unsigned slot, int64_t at_ns)
{
	event_begin(from ? "s" : "f", "retry", sizeof "retry" - 1, slot);
	time_add("ts", at_ns);
	printed("%s, \"cat\": \"retry\", \"id\": \"%" PRIu64 ".%u\"}",
	    from ? "" : ", \"bp\": \"e\"", run->record->task->seq,
	    from ? run->record->outcome->attempt : run->record->outcome->attempt - 1);
}

/*
 * Adds the death of the worker that this try killed, or with which it was lost.  The count of dead
 * workers decides: a try may be lost without a death, and the death may be in the trace already.
 */
static void
run_death_add(const struct attempt *run, unsigned slot, int64_t at_ns)
{
	struct track *track = track_of(slot);
	pid_t pid = track->gone != 0 ? track->gone : track->pid;
	struct forkpool_stats stats = { 0 };

	if (run->worker_died)
		pid = run->pid;
	if (!(run->worker_died || run->record->outcome->verdict == VERDICT_LOST) ||
	    (pid != 0 && pid == track->dead))
		return;
	(void)forkpool_get_stats(trace.pool, &stats);
	if (stats.workers_died <= trace.died)
		return;
	death_add(slot, at_ns, pid, run->record);
	if (track->pid == pid)
		track->pid = 0;
	if (track->gone == pid && pid != 0) {
		track->gone = 0;
		trace.gone--;
	}
}

void
trace_run(const struct attempt *run)
{
	const struct outcome *e = run->record->outcome;
	struct bytes shown = { 0 };

	trace.stale = 1;
	if (e->slot == 0 || e->start_ns == 0)
		return;
	struct track *track = track_of(e->slot);
	/*
	 * start_ns is when the tool handed in the job, plus how long after taking it the library
	 * began it.  It lacks the moment between these two, and must not precede the last end.
	 */
	int64_t at = e->start_ns - trace.began.real_ns;
	if (at < track->end_ns)
		at = track->end_ns;
	int64_t run_ns = e->run_ns > 0 ? e->run_ns : 0;

	brief_add(run->brief, NAME_SHOWN, &shown);
	if (shown.len == 0)
		bytes_printf(&shown, "job %" PRIu64, run->record->task->seq);
	record_begin(&trace.file);
	track_name(e->slot);
	event_begin("X", shown.at, shown.len, e->slot);
	bytes_free(&shown);
	time_add("ts", at);
	time_add("dur", run_ns);
	printed(", \"cat\": \"%s%s\"", verdict_name(e->verdict), run->again ? ",retry" : "");
	if (e->verdict != VERDICT_OK)
		printed(", \"cname\": \"%s\"", run->again ? "bad" : "terrible");
	arguments_add(run);
	if (e->attempt > 1)
		arrow_add(0, run, e->slot, at);
	if (run->again)
		arrow_add(1, run, e->slot, at);
	run_death_add(run, e->slot, at + run_ns);
	if (end() == -1)
		return;
	track->end_ns = at + run_ns;
	track->named = 1;
}

/* ------------------------------------------------------------------------------------- counters */

static void
gone_add(struct track *track, unsigned slot, int64_t at_ns)
{
	record_begin(&trace.file);
	track_name(slot);
	death_add(slot, at_ns, track->gone, NULL);
	if (end() == 0)
		track->named = 1;
	track->gone = 0;
	trace.gone--;
}

/*
 * Finds workers that were replaced since the last check.  A worker that died with a job is told
 * together with that job, so a death waits for the next check, before which the job's result
 * comes.
 */
static void
workers_check(const struct forkpool_stats *stats, int64_t at_ns)
{
	struct forkpool_worker_info info;

	for (unsigned i = 0; forkpool_worker_info(trace.pool, i, &info) == 0; i++) {
		struct track *track = track_of(i + 1);
		pid_t before = track->pid;
		if (track->gone != 0)
			gone_add(track, i + 1, at_ns);
		track->pid = info.pid;
		if (before == 0 || before == info.pid || before == track->dead ||
		    trace.died + trace.gone >= stats->workers_died)
			continue;
		track->gone = before;
		trace.gone++;
	}
	trace.started = stats->workers_started;
}

static void
counters_add(const struct forkpool_stats *stats, int64_t at_ns)
{
	record_begin(&trace.file);
	event_begin("C", "jobs", sizeof "jobs" - 1, 0);
	time_add("ts", at_ns);
	printed(", \"args\": {\"running\": %zu, \"waiting\": %zu}}", stats->running, stats->queued);
	(void)end();
	trace.running = stats->running;
	trace.queued = stats->queued;
}

/* 1: counters have changed, or a death is still to be told. */
static int
counters_check(int64_t now_ns, struct forkpool_stats *stats)
{
	int64_t at = now_ns - trace.began.now_ns;

	(void)forkpool_get_stats(trace.pool, stats);
	if (stats->workers_died != trace.died || stats->workers_started != trace.started)
		workers_check(stats, at);
	if (stats->running == trace.running && stats->queued == trace.queued)
		return trace.gone > 0;
	counters_add(stats, at);
	return 1;
}

void
trace_update(const struct attempt_now *now)
{
	struct forkpool_stats stats = { 0 };

	if (now->under_way != trace.under_way)
		trace.stale = 1;
	trace.under_way = now->under_way;
	if (!trace.stale || now->now_ns < trace.check_ns)
		return;
	trace.check_ns = now->now_ns + CHECK_EVERY;
	/* Check until nothing changes any more and no job waits while a worker is free. */
	trace.stale = counters_check(now->now_ns, &stats) ||
	    (stats.queued > 0 && stats.running < stats.workers_alive);
}

int
trace_timeout(int64_t now_ns)
{
	if (!trace.stale)
		return -1;
	return clock_poll_ms(trace.check_ns - now_ns);
}

int
trace_close(const struct attempt_now *now)
{
	struct forkpool_stats stats = { 0 };

	/* All results have come: no death has to wait for one. */
	(void)counters_check(now->now_ns, &stats);
	if (trace.gone > 0)
		workers_check(&stats, now->now_ns - trace.began.now_ns);
	record_begin(&trace.file);
	/* Deaths of workers that were started and died between two checks. */
	if (stats.workers_died > trace.died) {
		event_begin("i", "workers died", sizeof "workers died" - 1, 0);
		time_add("ts", now->now_ns - trace.began.now_ns);
		printed(", \"s\": \"p\", \"cat\": \"worker\", \"args\": {\"count\": %" PRIu64 "}}",
		    stats.workers_died - trace.died);
	}
	record_text(&trace.file, "\n]\n");
	(void)end();
	if (record_writer_close(&trace.file) == -1)
		trace.broken = 1;
	free(trace.tracks);
	trace.tracks = NULL;
	trace.count = 0;
	return trace.broken ? -1 : 0;
}

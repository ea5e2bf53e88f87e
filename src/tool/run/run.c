/* SPDX-License-Identifier: BSD-2-Clause */
/* The main loop of a run, what ends it, and the order in which its parts are opened and closed. */
#include "config.h"
#include "tool/run/run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tool/base/clock.h"
#include "tool/base/message.h"
#include "tool/base/untrusted_place.h"
#include "tool/display/progress.h"
#include "tool/display/status.h"
#include "tool/exec/channels.h"
#include "tool/exec/limit_command.h"
#include "tool/exec/run_cgroup.h"
#include "tool/jobserver/jobserver.h"
#include "tool/records/records.h"
#include "tool/reports/observers.h"
#include "tool/run/command_check.h"
#include "tool/run/completion.h"
#include "tool/run/dry_run.h"
#include "tool/run/explain.h"
#include "tool/run/interrupts.h"
#include "tool/run/joblog_queue.h"
#include "tool/run/median_timeout.h"
#include "tool/run/output_writer.h"
#include "tool/run/pool_setup.h"
#include "tool/run/publish.h"
#include "tool/run/replay.h"
#include "tool/run/retries.h"
#include "tool/run/run_state.h"
#include "tool/run/run_totals.h"
#include "tool/run/sandbox_paths.h"
#include "tool/run/scheduler.h"
#include "tool/run/shortage.h"
#include "tool/run/shown.h"
#include "tool/run/submit.h"
#include "tool/run/suspend.h"
#include "tool/run/task_queue.h"
#include "tool/task/halt.h"

#define WORKERS_MAX 4096u

static struct run this_run;
static pid_t owner; /* this process: processes forked from it do not close the pool */

/* Why no more jobs begin; once one of these is set, scheduler_stop() has been called. */
static struct {
	enum interrupt_stage stage; /* how far interrupts have come */
	int signo;                  /* the tool ends by this signal; 0: by an exit status */
	int halting;                /* --halt, a status that ends xargs, a failure of the tool */
	int output_closed;          /* standard output takes nothing more */
} stop;

static struct pollfd *fds_kept;
static size_t fds_room;

static unsigned
running(void)
{
	/* The rest of the jobs under way wait for a worker. */
	const uint64_t under_way = submit_under_way();

	return under_way < this_run.workers ? (unsigned)under_way : this_run.workers;
}

/* -------------------------------------------------------------------------------------- results */

static void
halt_check(void)
{
	const struct totals *t = run_totals();
	/* How jobs of an earlier run ended does not end this run before it has published them. */
	const int compared = replay_is_over();
	const int reached = compared &&
	    halt_reached(&this_run.options->halt, t->failed, t->succeeded, task_queue_total());

	if (stop.halting || !(reached || (compared && t->xargs_stops != 0) || t->broken))
		return;
	stop.halting = 1;
	if (reached)
		run_totals_halted();
	scheduler_stop(&this_run);
	if (reached && this_run.options->halt.when == HALT_NOW)
		(void)forkpool_cancel(this_run.pool, FORKPOOL_CANCEL_RUNNING);
}

/* Standard output takes nothing more.  Without a reader the tool ends by SIGPIPE, as filters do. */
static void
output_closed(void)
{
	const int error = errno;

	if (stop.output_closed)
		return;
	stop.output_closed = 1;
	scheduler_stop(&this_run);
	(void)forkpool_cancel(this_run.pool, FORKPOOL_CANCEL_KILL);
	run_totals_broken();
	if (error == EPIPE) {
		stop.signo = SIGPIPE;
	} else {
		errno = error;
		message_errno("cannot write to standard output");
	}
}

/* With -u jobs write where we do, and it is they who meet the end of the reader. */
static void
reader_check(void)
{
	static uint64_t failed;

	if (this_run.options->grouping != GROUP_NONE || run_totals()->failed == failed)
		return;
	failed = run_totals()->failed;
	if (!output_writer_reader_is_gone())
		return;
	errno = EPIPE;
	output_closed();
}

/* Whether the result says that there was no process for a job, which then begins later. */
static int
had_no_process(const struct forkpool_result *result)
{
	if (result->outcome != FORKPOOL_SETUP_FAILED || result->error != EAGAIN) {
		if (result->attempts > 0)
			shortage_not_met();
		return 0;
	}
	scheduler_put_back(&this_run, completion_take_back(&this_run, result));
	if (shortage_met(submit_under_way(), clock_ns(CLOCK_MONOTONIC)) == -1)
		run_totals_broken();
	return 1;
}

static void
results_take(void)
{
	const struct forkpool_result *result;
	int got;

	while ((got = forkpool_next(this_run.pool, &result)) == 1)
		if (!had_no_process(result))
			completion_result(&this_run, result,
			    stop.stage == INTERRUPT_NONE && !stop.halting);
	if (got == -1)
		fail_errno("cannot take a result");
	completion_flush(&this_run);
	reader_check();
	halt_check();
}

/* ----------------------------------------------------------------------------------- interrupts */

static void
stage_set(enum interrupt_stage stage, int signo)
{
	const unsigned count = running();

	stop.signo = signo;
	if (stop.stage == INTERRUPT_NONE)
		scheduler_stop(&this_run);
	if (stage == INTERRUPT_DRAIN)
		message("no more jobs are started; waiting for %u that run%s (once more ends them)",
		    count, count == 1 ? "s" : "");
	else if (stage == INTERRUPT_END)
		message("the running jobs get SIGTERM (once more kills them)");
	else
		message("the running jobs are killed");
	if (stage >= INTERRUPT_END)
		(void)forkpool_cancel(this_run.pool,
		    stage == INTERRUPT_END ? FORKPOOL_CANCEL_RUNNING : FORKPOOL_CANCEL_KILL);
	stop.stage = stage;
}

static void
workers_resize(int by)
{
	const int64_t to = (int64_t)this_run.workers + by;
	/* Each worker needs a channel. */
	const unsigned most =
	    jobserver_most(channels_count() > 0 ? channels_count() : WORKERS_MAX);
	const unsigned wanted = to < 1 ? 1 : to > most ? most : (unsigned)to;

	if (wanted == this_run.workers || forkpool_resize(this_run.pool, wanted) != 0)
		return;
	this_run.under_way_max = wanted + (this_run.under_way_max - this_run.workers);
	this_run.workers = wanted;
	status_workers(wanted);
	jobserver_resize(wanted);
}

static void
interrupts_check(void)
{
	int signo;
	const enum interrupt_stage stage = interrupts_stage(&signo);

	if (stage > stop.stage)
		stage_set(stage, signo);
	(void)suspend_if_asked(&this_run);
	if (interrupts_continued())
		progress_lost();
	if (interrupts_winch())
		progress_stale();
	const int by = interrupts_resize();
	if (by != 0)
		workers_resize(by);
}

/* ----------------------------------------------------------------------------------------- loop */

static struct pollfd *
fds_reserve(size_t count)
{
	if (count > fds_room) {
		struct pollfd *larger = reallocarray(fds_kept, count, sizeof *larger);
		if (larger == NULL)
			fail_memory();
		fds_kept = larger;
		fds_room = count;
	}
	return fds_kept;
}

/* ms that poll() may wait; -1: until something happens. */
static int
poll_timeout(void)
{
	const struct scheduler_waits *waits = scheduler_waits();
	const int64_t now = clock_ns(CLOCK_MONOTONIC);
	const int timeouts[] = {
		waits->ns > 0 ? clock_poll_ms(waits->ns) : -1,
		progress_timeout(now),
		observers_timeout(now),
		completion_timeout(&this_run),
		median_timeout_ms(this_run.options, now),
		waits->token ? -1 : jobserver_timeout(now),
	};
	int timeout = forkpool_timeout(this_run.pool);

	for (size_t i = 0; i < sizeof timeouts / sizeof timeouts[0]; i++)
		if (timeouts[i] != -1 && (timeout == -1 || timeouts[i] < timeout))
			timeout = timeouts[i];
	return timeout;
}

/* Wait for whatever comes first, and hand it to the part that it concerns. */
static void
events_take(void)
{
	const struct scheduler_waits *waits = scheduler_waits();
	const size_t pool_most = forkpool_pollfds(this_run.pool, NULL, 0);
	struct pollfd *fds = fds_reserve(pool_most + 2 * (size_t)channels_count() +
	    PUBLISH_STREAMS + 2 + jobserver_pollfds_most());
	const size_t pool_count = forkpool_pollfds(this_run.pool, fds, pool_most);
	struct pollfd *channel_fds = fds + pool_count;
	const size_t channel_count = channels_pollfds(channel_fds);
	size_t n = pool_count + channel_count;

	/* An output that nobody reads any more would be ready all the time. */
	if (!stop.output_closed)
		n += output_writer_pollfds(fds + n);
	fds[n++] = (struct pollfd){ .fd = interrupts_fd(), .events = POLLIN };
	if (waits->input && task_queue_fd() != -1)
		fds[n++] = (struct pollfd){ .fd = task_queue_fd(), .events = POLLIN };
	if (waits->token)
		n += jobserver_pollfds(fds + n);
	if (poll(fds, n, poll_timeout()) == -1) {
		if (errno != EINTR)
			fail_errno("cannot wait for jobs");
		return;
	}
	channels_read(channel_fds, channel_count, publish_output);
	(void)forkpool_dispatch(this_run.pool, fds, pool_count);
}

static int
is_over(void)
{
	const struct scheduler_waits *waits = scheduler_waits();

	return submit_under_way() == 0 && waits->ns == 0 && !waits->input && scheduler_is_over();
}

/* flush: one of the output_writer's.  Then the joblog can have the lines of what is out. */
static void
output_out(int (*flush)(void))
{
	if (!stop.output_closed && flush() == -1)
		output_closed();
	if (joblog_queue_write() == -1)
		run_totals_broken();
}

static void
loop(void)
{
	for (;;) {
		interrupts_check();
		results_take();
		median_timeout_check(&this_run, clock_ns(CLOCK_MONOTONIC));
		/* After the results, which may have made room for jobs. */
		scheduler_begin_jobs(&this_run);
		if (!scheduler_waits()->token)
			jobserver_settle(clock_ns(CLOCK_MONOTONIC));
		completion_sync(&this_run, 0);
		const int held = progress_is_fresh(clock_ns(CLOCK_MONOTONIC));
		output_writer_hold(held);
		output_out(output_writer_flush);
		/* Something of the tool itself may have failed. */
		halt_check();
		shown_update(running(), held);
		if (is_over())
			break;
		events_take();
	}
	interrupts_loop_over();
	completion_sync(&this_run, 1);
	output_out(output_writer_finish);
	if (!stop.output_closed && replay_is_over())
		replay_caught_up();
	replay_say_all_done(&this_run);
}

/* ------------------------------------------------------------------------------- open and close */

/*
 * If fail() or exit() ends the tool anywhere while jobs run: the jobs end before their tokens go
 * back, so that there are never more of them than tokens.
 */
static void
leave(void)
{
	if (getpid() != owner)
		return;
	if (this_run.pool != NULL) {
		(void)forkpool_cancel(this_run.pool, FORKPOOL_CANCEL_KILL);
		(void)forkpool_close(this_run.pool);
	}
	limit_command_close();
	run_cgroup_close();
	jobserver_close();
}

static void
pool_open(const struct options *o)
{
	struct pool_setup setup = { .options = o, .plugin = &this_run.plugin };

	setup.workers = o->workers;
	jobserver_open(o, &setup.workers);
	if (setup.workers > WORKERS_MAX)
		setup.workers = WORKERS_MAX;
	owner = getpid();
	if (atexit(leave) != 0)
		fail_memory();
	/* Workers share a page with the journal, so it is opened before them. */
	this_run.journal = journal_open(o);
	setup.journal = journal_descriptor(this_run.journal);
	pool_setup_open(&setup);
	this_run.pool = setup.pool;
	this_run.workers = setup.workers;
	this_run.own_process = setup.own_process;
	this_run.under_way_max = setup.under_way_max;
}

static void
parts_open(const struct options *o)
{
	output_writer_open(this_run.journal != NULL);
	records_open(o, this_run.journal);
	publish_open(o, this_run.journal);
	const struct attempt_began began = {
		.real_ns = clock_ns(CLOCK_REALTIME),
		.now_ns = clock_ns(CLOCK_MONOTONIC),
	};
	observers_open(o, this_run.pool, &began);
	status_open(o, this_run.pool, this_run.workers, this_run.own_process, run_totals());
	progress_open(o);
	interrupts_open();
	/* The workers, forked before, have SIGPIPE as it was. */
	(void)signal(SIGPIPE, SIG_IGN);
}

/* GNU xargs waits for a command, and so sees that it has to stop, when it has the items of the next
   one.  That a command cannot be executed it sees at once. */
static int
xargs_has_read_on(void)
{
	const int stops = run_totals()->xargs_stops;

	return stops == 124 || stops == 125;
}

static int
exit_status(const struct options *o)
{
	int status = totals_status(run_totals(), o), of_input = 0;

	/* A fault of the input was reported when it was met. */
	if (task_queue_error(&of_input) != NULL && (status == 0 || o->dialect == DIALECT_XARGS))
		status = of_input;
	return status;
}

/* The exit status of the run. */
static int
parts_close(const struct options *o)
{
	progress_close();
	status_close();
	task_queue_put_back(xargs_has_read_on());
	int status = exit_status(o);
	if (records_close(run_stopped_by(o, stop.signo)) == -1 && status == 0)
		status = 1;
	const struct attempt_now now = shown_now();
	const struct attempt_end end = {
		.totals = run_totals(),
		.status = status,
		.interrupted = stop.signo,
	};
	if (observers_close(&now, &end) == -1 && status == 0)
		status = 1;
	journal_close(this_run.journal);
	(void)forkpool_close(this_run.pool);
	this_run.pool = NULL;
	limit_command_close();
	run_cgroup_close();
	jobserver_close();
	channels_close();
	completion_close();
	publish_close();
	task_queue_close();
	output_buffer_close();
	submit_close();
	scheduler_close();
	retries_close();
	median_timeout_close();
	free(fds_kept);
	return status;
}

int
run(const struct options *o)
{
	int status;

	this_run.options = o;
	untrusted_places_are(o->sandbox ? o->writable : NULL);
	sandbox_paths_check(o);
	records_check(o);
	output_buffer_check();
	if (o->explain)
		return explain(o);
	if (o->dry_run && o->plugin_file != NULL)
		return 0; /* make -n: there is no command to be shown */
	if (o->plugin_file != NULL)
		plugin_load(&this_run.plugin, o);
	task_queue_open(o, this_run.plugin.count, o->dry_run ? NULL : publish_skip);
	if (o->dry_run)
		return dry_run(o, &(struct bytes){ 0 }, dry_run_command);
	if ((status = command_check(o)) != 0)
		return status;
	pool_open(o);
	parts_open(o);
	loop();
	status = parts_close(o);
	if (stop.signo != 0)
		interrupts_die(stop.signo);
	return status;
}

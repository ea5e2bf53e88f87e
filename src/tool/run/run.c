/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "tool/run/run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/base/message.h"
#include "tool/display/progress.h"
#include "tool/display/status.h"
#include "tool/exec/channels.h"
#include "tool/exec/plugin.h"
#include "tool/jobserver/jobserver.h"
#include "tool/records/records.h"
#include "tool/reports/observers.h"
#include "tool/run/completion.h"
#include "tool/run/dry_run.h"
#include "tool/run/interrupts.h"
#include "tool/run/output_writer.h"
#include "tool/run/pool_setup.h"
#include "tool/run/run_state.h"
#include "tool/run/scheduler.h"
#include "tool/run/submit.h"
#include "tool/run/task_queue.h"
#include "tool/task/halt.h"

#define WORKERS_MAX 4096u
/* How many jobs there are is known when all are read: so many at a time, where somebody wants to know. */
#define LOOK_AHEAD       5000
#define LOOK_AHEAD_EVERY INT64_C(100000000)

static pid_t owner;              /* this process, and none that it has forked */
static int64_t look_ahead_ns;    /* when that comes next */
static uint64_t looked_ahead_at; /* jobs done then */
static struct pollfd *fds_kept;
static size_t fds_room;

/* ------------------------------------------------------------------------------------------- results */

static void
halt_check(void)
{
	struct totals *t = completion_totals();
	/* What jobs of an earlier run ended like does not stop this one before it has let them out. */
	int reached =
	    r.replayed && halt_reached(&r.o->halt, t->failed, t->succeeded, task_queue_total());

	if (r.halting || !(reached || (r.replayed && t->xargs_stops != 0) || t->broken))
		return;
	r.halting = 1;
	t->halted = reached;
	scheduler_stop();
	if (reached && r.o->halt.when == HALT_NOW)
		(void)forkpool_cancel(r.pool, FORKPOOL_CANCEL_RUNNING);
}

static int
is_to_be_tried_again(const struct job *job)
{
	const struct outcome *e = &job->outcome;

	return e->verdict != VERDICT_OK && e->verdict != VERDICT_CANCELLED &&
	    e->verdict != VERDICT_SKIPPED && job->task->attempts < r.o->retries &&
	    r.stage == INTERRUPT_NONE && !r.halting;
}

static struct attempt_now
attempt_now(void)
{
	return (struct attempt_now){ .now_ns = clock_ns(CLOCK_MONOTONIC),
		.real_ns = clock_ns(CLOCK_REALTIME),
		.under_way = r.under_way,
		.total = task_queue_total(),
		.out_bytes = completion_written(PUBLISH_OUT),
		.err_bytes = completion_written(PUBLISH_ERR),
		.totals = completion_totals() };
}

static void
run_shown(struct job *job, const struct forkpool_result *result, int again)
{
	const struct job_record record = { job->task, &job->outcome, &job->out, &job->err,
		task_queue_header() };

	if (!observers_wanted())
		return;
	bytes_clear(&r.shown);
	task_command_text(job->task, r.o->shell, &r.shown);
	observers_run(&(struct attempt){ .record = &record,
	    .command = r.shown.at,
	    .command_len = r.shown.len,
	    .cpu_ns = result->cpu_ns,
	    .pid = result->pid,
	    .again = again,
	    .worker_died = !r.apart && (result->signal != 0 || result->exit_code != -1) });
}

static void
job_ended(struct job *job, const struct forkpool_result *result)
{
	if (job->channel != NULL)
		channel_drain(job->channel, completion_output);
	r.under_way--;
	status_job_ended(job);
	completion_outcome(job, result);
	int again = is_to_be_tried_again(job);
	run_shown(job, result, again);
	if (again) {
		output_buffer_clear(&job->out);
		output_buffer_clear(&job->err);
		/* A block of the input lies in the channel's file. */
		if (r.o->pipe && submit_job(job) == 1)
			return;
		task_queue_again(job->task);
		job->task = NULL;
	}
	jobserver_give(job->seat);
	if (job->channel != NULL)
		channel_release(job->channel);
	job->channel = NULL;
	if (job->task == NULL)
		job_free(job);
	else
		completion_result(job, result);
}

static void
results_take(void)
{
	const struct forkpool_result *result;
	int got;

	while ((got = forkpool_next(r.pool, &result)) == 1)
		job_ended(result->user, result);
	if (got == -1)
		fail_errno("cannot take a result");
	halt_check();
}

/* ------------------------------------------------------------------------------------- interrupts */

static void
interrupts_check(void)
{
	int signo;
	enum interrupt_stage stage = interrupts_stage(&signo);

	if (stage > r.stage) {
		/* Some of those under way may only wait for a worker, and are begun no more. */
		uint64_t running = r.under_way < r.workers ? r.under_way : r.workers;
		r.interrupted = signo;
		if (r.stage == INTERRUPT_NONE)
			scheduler_stop();
		if (stage == INTERRUPT_DRAIN)
			message("no more jobs are started; waiting for %llu that run%s (once more "
				"ends them)",
			    (unsigned long long)running, running == 1 ? "s" : "");
		else if (stage == INTERRUPT_END)
			message("the running jobs get SIGTERM (once more kills them)");
		else
			message("the running jobs are killed");
		if (stage >= INTERRUPT_END)
			(void)forkpool_cancel(r.pool,
			    stage == INTERRUPT_END ? FORKPOOL_CANCEL_RUNNING :
						     FORKPOOL_CANCEL_KILL);
		r.stage = stage;
	}
	if (interrupts_stop_asked()) {
		progress_hide();
		interrupts_stop();
	}
	if (interrupts_continued())
		progress_lost();
	if (interrupts_winch())
		progress_stale();
	int by = interrupts_resize();
	if (by != 0) {
		int64_t to = (int64_t)r.workers + by;
		/* Each needs a channel. */
		unsigned most =
		    jobserver_most(channels_count() > 0 ? channels_count() : WORKERS_MAX);
		unsigned wanted = to < 1 ? 1 : to > most ? most : (unsigned)to;
		if (wanted != r.workers && forkpool_resize(r.pool, wanted) == 0) {
			unsigned more = r.under_way_max - r.workers;
			r.workers = wanted;
			r.under_way_max = wanted + more;
			status_workers(wanted);
			jobserver_resize(wanted);
		}
	}
}

/* ------------------------------------------------------------------------------------------- loop */

static void
look_ahead(int64_t now, uint64_t done)
{
	if (now < look_ahead_ns || r.input_waits)
		return;
	look_ahead_ns = now + LOOK_AHEAD_EVERY;
	/* A run that takes more than that by itself is not to carry so many about. */
	if (done - looked_ahead_at < LOOK_AHEAD)
		task_queue_look_ahead(LOOK_AHEAD);
	looked_ahead_at = done;
}

static void
progress_check(int held)
{
	const struct totals *t = completion_totals();
	const int64_t now = clock_ns(CLOCK_MONOTONIC);
	uint64_t done = t->succeeded + t->failed;

	if (observers_wanted()) {
		const struct attempt_now shown = attempt_now();
		observers_update(&shown);
	}
	if (progress_is_on())
		look_ahead(now, done);
	/* What --resume passes over is no part of this run. */
	uint64_t total = task_queue_total(), passed = task_queue_passed_over();
	progress_output(!output_writer_terminal_waits() ? OUTPUT_NONE :
		held                                    ? OUTPUT_HELD :
							  OUTPUT_HALF_OUT);
	progress_update(done, t->failed, total > passed ? total - passed : 0,
	    (unsigned)(r.under_way < r.workers ? r.under_way : r.workers), "", now);
}

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

/* Wait for whatever comes first, and give it to whom it concerns. */
static void
events_take(int64_t wait_ns)
{
	size_t pool_most = forkpool_pollfds(r.pool, NULL, 0);
	struct pollfd *fds = fds_reserve(pool_most + 2 * (size_t)channels_count() +
	    PUBLISH_STREAMS + 2 + jobserver_pollfds_most());
	size_t pool_count = forkpool_pollfds(r.pool, fds, pool_most);
	size_t channel_at = pool_count, n = channel_at + channels_pollfds(fds + channel_at),
	       channel_end = n;
	int timeout = forkpool_timeout(r.pool);

	/* Where nobody reads any more it would be ready all the time. */
	n += r.said_closed ? 0 : output_writer_pollfds(fds + n);
	fds[n++] = (struct pollfd){ .fd = interrupts_fd(), .events = POLLIN };
	if (r.input_waits && task_queue_fd() != -1)
		fds[n++] = (struct pollfd){ .fd = task_queue_fd(), .events = POLLIN };
	if (r.token_waits)
		n += jobserver_pollfds(fds + n);
	if (wait_ns > 0 && (timeout == -1 || wait_ns / 1000000 + 1 < timeout))
		timeout = (int)(wait_ns / 1000000 + 1);
	const int64_t now = clock_ns(CLOCK_MONOTONIC);
	const int also[] = {
		progress_timeout(now),
		observers_timeout(now),
		completion_timeout(),
		r.token_waits ? -1 : jobserver_timeout(now),
	};
	for (size_t i = 0; i < sizeof also / sizeof also[0]; i++)
		if (also[i] != -1 && (timeout == -1 || also[i] < timeout))
			timeout = also[i];
	if (poll(fds, n, timeout) == -1) {
		if (errno != EINTR)
			fail_errno("cannot wait for jobs");
		return;
	}
	channels_read(fds + channel_at, channel_end - channel_at, completion_output);
	(void)forkpool_dispatch(r.pool, fds, pool_count);
}

/* Nobody reads any more: what every filter does then is to die of SIGPIPE. */
static void
output_closed(void)
{
	int error = errno;

	if (r.said_closed)
		return;
	r.said_closed = 1;
	scheduler_stop();
	(void)forkpool_cancel(r.pool, FORKPOOL_CANCEL_KILL);
	completion_totals()->broken = 1;
	if (error == EPIPE) {
		r.interrupted = SIGPIPE;
	} else {
		errno = error;
		message_errno("cannot write to standard output");
	}
}

static void
loop(void)
{
	for (;;) {
		int64_t wait_ns = 0;
		interrupts_check();
		results_take();
		/* Whoever begins no more waits for none of what a job would need to begin. */
		r.input_waits = r.token_waits = 0;
		/* After the results: what they made room for is begun before there is a wait. */
		if (r.stage == INTERRUPT_NONE && !r.halting && !r.said_closed)
			scheduler_begin_jobs(&wait_ns);
		if (!r.token_waits)
			jobserver_settle(clock_ns(CLOCK_MONOTONIC));
		completion_sync(0);
		int held = progress_is_fresh(clock_ns(CLOCK_MONOTONIC));
		output_writer_hold(held);
		if (!r.said_closed && output_writer_flush() == -1)
			output_closed();
		/* Something of ours may have gone wrong. */
		halt_check();
		progress_check(held);
		if (r.under_way == 0 && wait_ns == 0 && !r.input_waits &&
		    (scheduler_is_over() || r.stage != INTERRUPT_NONE || r.halting ||
			r.said_closed))
			break;
		events_take(wait_ns);
	}
	completion_sync(1);
	if (!r.said_closed && output_writer_finish() == -1)
		output_closed();
	if (!r.said_closed && r.replayed)
		completion_caught_up();
}

/*
 * Where something ends the tool while jobs run (fail(), exit() anywhere): they end before their tokens go back, so that
 * there are never more of them than tokens.
 */
static void
leave(void)
{
	if (getpid() != owner)
		return;
	if (r.pool != NULL) {
		(void)forkpool_cancel(r.pool, FORKPOOL_CANCEL_KILL);
		(void)forkpool_close(r.pool);
	}
	jobserver_close();
}

/* What was wrong with the input was said when it was met. */
static void
status_of_feed(int *status)
{
	int own = 0;

	if (task_queue_error(&own) != NULL && (*status == 0 || r.o->dialect == DIALECT_XARGS))
		*status = own;
}

int
run(const struct options *o)
{
	int found;

	r.o = o;
	scheduler_open();
	r.workers = o->workers;
	if (o->dry_run && o->plugin_file != NULL)
		return 0; /* make -n: there is no command to be shown */
	if (o->plugin_file != NULL)
		plugin_load(&r.plugin, o);
	task_queue_open(o, r.plugin.count, completion_skip);
	if (o->dry_run)
		return dry_run(o);
	if ((found = pool_setup_check(o)) != 0)
		return found;
	jobserver_open(o, &r.workers);
	r.workers = r.workers > WORKERS_MAX ? WORKERS_MAX : r.workers;
	owner = getpid();
	if (atexit(leave) != 0)
		fail_memory();
	/* Workers share a page with it. */
	r.journal = journal_open(o);
	struct pool_setup start = { .options = o, .plugin = &r.plugin, .workers = r.workers };
	pool_setup_open(&start);
	r.pool = start.pool;
	r.workers = start.workers;
	r.apart = start.apart;
	r.under_way_max = start.under_way_max;
	output_writer_open();
	records_open(o, r.journal);
	completion_open(o, r.journal);
	const struct attempt_began began = { .real_ns = clock_ns(CLOCK_REALTIME),
		.now_ns = clock_ns(CLOCK_MONOTONIC) };
	observers_open(o, r.pool, &began);
	status_open(o, r.pool, r.workers, r.apart, completion_totals());
	progress_open(o);
	interrupts_open(progress_is_drawn());
	/* A closed output is an error to us.  Workers have these signals as they were: they were forked before. */
	(void)signal(SIGPIPE, SIG_IGN);

	loop();

	progress_close();
	status_close();
	int status = totals_status(completion_totals(), o);
	status_of_feed(&status);
	if (records_close() == -1 && status == 0)
		status = 1;
	const struct attempt_now now = attempt_now();
	const struct attempt_end end = { .totals = completion_totals(),
		.status = status,
		.interrupted = r.interrupted };
	if (observers_close(&now, &end) == -1 && status == 0)
		status = 1;
	journal_close(r.journal);
	(void)forkpool_close(r.pool);
	r.pool = NULL;
	jobserver_close();
	channels_close();
	completion_close();
	task_queue_close();
	output_buffer_close();
	submit_close();
	bytes_free(&r.shown);
	free(fds_kept);
	if (r.interrupted != 0)
		interrupts_die(r.interrupted);
	return status;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Starts jobs until something is missing: a place in the pool, time, a token, a channel, a task. */
#include "config.h"
#include "tool/run/scheduler.h"

#include "tool/base/clock.h"
#include "tool/display/confirm.h"
#include "tool/exec/channels.h"
#include "tool/exec/throttle.h"
#include "tool/jobserver/jobserver.h"
#include "tool/run/completion.h"
#include "tool/run/interrupts.h"
#include "tool/run/joblog_queue.h"
#include "tool/run/jobs_waiting.h"
#include "tool/run/output_writer.h"
#include "tool/run/publish.h"
#include "tool/run/replay.h"
#include "tool/run/retries.h"
#include "tool/run/run_totals.h"
#include "tool/run/shortage.h"
#include "tool/run/submit.h"
#include "tool/run/suspend.h"
#include "tool/run/task_queue.h"

static struct scheduler_waits waits;
static int stopped;
static struct jobs_waiting postponed; /* something was missing: they are the next to begin */
static struct bytes shown; /* a command, for the moment of one call */

const struct scheduler_waits *
scheduler_waits(void)
{
	return &waits;
}

/* Whether there are jobs that were read before and can begin. */
static int
jobs_wait(int64_t now)
{
	return postponed.first != NULL || retries_wait(now) == 0 || replay_has_tasks();
}

int
scheduler_is_over(void)
{
	return stopped || (task_queue_is_over() && !jobs_wait(INT64_MAX));
}

void
scheduler_close(void)
{
	bytes_free(&shown);
}

static void
postpone(const struct run *run, struct job *job)
{
	/* Only with --pipe a job that waits needs its channel. */
	if (job->channel != NULL && !run->options->pipe) {
		channel_release(job->channel);
		job->channel = NULL;
	}
	jobs_waiting_add(&postponed, job);
}

void
scheduler_put_back(const struct run *run, struct job *job)
{
	job->put_back = 1;
	if (stopped)
		completion_not_begun(run, job);
	else
		postpone(run, job);
}

/* A job that was read before and can begin; NULL: the next one has to be read. */
static struct job *
waiting_job(int64_t now)
{
	struct job *job = jobs_waiting_take(&postponed);

	if (job == NULL)
		job = retries_take(now);
	return job != NULL ? job : replay_next_job();
}

/* The user does not want the job: nothing is said of it, unless it has failed before. */
static void
refused(const struct run *run, struct job *job)
{
	if (job->before != NULL) {
		job->before->is_last_try = 1;
		completion_not_begun(run, job);
		return;
	}
	if (job->channel != NULL)
		channel_release(job->channel);
	publish_skip(job->task->seq);
	task_queue_used(job->task);
	job_free(job);
}

/* While a question waits for its answer. */
static enum confirm_signal
signal_take(const void *run)
{
	int signo;

	if (interrupts_stage(&signo) != INTERRUPT_NONE) {
		interrupts_wake(); /* the loop has to see it, too */
		return CONFIRM_OVER;
	}
	return suspend_if_asked(run) ? CONFIRM_AGAIN : CONFIRM_GO_ON;
}

/* -p, -t: show the command, and ask.  0: the user does not want it, and the job is gone; -1: nor
   any other, and the job has been postponed. */
static int
is_shown_and_wanted(const struct run *run, struct job *job)
{
	const struct options *o = run->options;
	const struct confirm_signals signals = {
		.fd = interrupts_fd(), .take = signal_take, .arg = run,
	};

	if ((!o->trace && !o->interactive) || job->put_back)
		return 1;
	bytes_clear(&shown);
	/* With a shell for each command it is a text already, as in GNU parallel. */
	task_command_line(job->task, o->shell, &shown);
	const int wanted = o->interactive ? confirm_job(shown.at, &signals) : 1;
	if (wanted == -1)
		postpone(run, job);
	else if (wanted == 0)
		refused(run, job);
	if (wanted != 1)
		return wanted;
	if (o->trace && !o->interactive) {
		bytes_add_byte(&shown, '\n');
		(void)output_writer_add(PUBLISH_ERR, shown.at, shown.len);
		(void)output_writer_flush();
	}
	return 1;
}

/* Whether there is a job that may begin by that time, as far as that is known. */
static int
is_there_more(const struct run *run, int64_t by)
{
	struct task *task;

	/* To read a block of --pipe a channel would be needed. */
	if (jobs_wait(by) || run->options->pipe)
		return 1;
	enum next got = task_queue_next(&task, -1);
	if (got == NEXT_GOT)
		postpone(run, job_new(task));
	waits.input = got == NEXT_WAIT;
	if (got == NEXT_END)
		replay_input_ended(run);
	return got == NEXT_GOT;
}

/* 1: the job is under way; 0: the pool has no room for it now. */
static int
start(const struct run *run, struct job *job, int seat)
{
	job->seat = seat;
	if (submit_job(run, job) == 1)
		return 1;
	postpone(run, job);
	return 0;
}

/*
 * With a token: take the next job and start it.  1: come again for the next one; 0: no more now.
 * *started: the job is under way, and has the token.
 */
static int
job_begin(const struct run *run, int64_t now, int seat, int *started)
{
	struct job *job = waiting_job(now);
	struct channel *channel = job != NULL ? job->channel : NULL;
	struct task *task;
	enum next got = NEXT_GOT;

	if (job == NULL && retries_are_full())
		return 0;
	if (channel == NULL && channels_count() > 0) {
		channel = run->options->pipe ? channel_to_fill() : channel_take(NULL);
		if (channel == NULL) {
			if (job != NULL)
				postpone(run, job);
			return 0;
		}
	}
	if (job == NULL && (got = task_queue_next(&task, channel != NULL ? channel->job.in : -1)) ==
	    NEXT_GOT)
		job = job_new(task);
	if (job != NULL) {
		job->channel = channel_lend(channel, job);
		if (replay_ended(run, job))
			return !run_totals()->broken;
		const int wanted = is_shown_and_wanted(run, job);
		if (wanted != 1)
			return wanted == 0;
		return *started = start(run, job, seat);
	}
	if (channel != NULL)
		channel_unfilled(channel, run->options->pipe && got == NEXT_WAIT);
	waits.input = got == NEXT_WAIT;
	if (got == NEXT_END)
		replay_input_ended(run);
	return 0;
}

/* Whether a job may begin now, by --delay, --load, --memfree and --limit. */
static int
throttle_lets(const struct run *run, int64_t now)
{
	/* The command of --limit is run where there is a job. */
	if (run->options->limit != NULL && !is_there_more(run, now))
		return 0;
	waits.ns = throttle_wait(run->options, now, submit_under_way() == 0);
	if (waits.ns == 0)
		return 1;
	if (waits.ns < 0)
		run_totals_broken();
	/* Without one the run need not wait. */
	if (waits.ns < 0 || !is_there_more(run, INT64_MAX))
		waits.ns = 0;
	return 0;
}

/* Start one more job, if there is one and nothing is in its way; 0: no more now. */
static int
begin_next(const struct run *run, int64_t now)
{
	int started = 0;

	const int was_let = postponed.first != NULL && postponed.first->put_back;

	if (throttle_wanted(run->options) && !was_let && !throttle_lets(run, now))
		return 0;
	/* Without a job a token would only be taken from other processes that wait for one. */
	if (jobserver_wanted() && task_queue_is_over() && !jobs_wait(now)) {
		replay_input_ended(run);
		return 0;
	}
	int seat = jobserver_take();
	if (seat == JOBSERVER_LATER) {
		waits.token = 1;
		return 0;
	}
	int again = job_begin(run, now, seat, &started);
	if (started)
		throttle_started(now);
	else
		jobserver_give(seat);
	return again;
}

/* Come again after that time, if it is above 0. */
static void
wait_at_most(int64_t ns)
{
	if (ns > 0 && (waits.ns == 0 || ns < waits.ns))
		waits.ns = ns;
}

void
scheduler_begin_jobs(const struct run *run)
{
	waits = (struct scheduler_waits){ 0 };
	if (stopped || !replay_input(run, &waits.input))
		return;
	for (;;) {
		const int64_t now = clock_ns(CLOCK_MONOTONIC);
		if (submit_under_way() >= run->under_way_max || output_writer_is_full() ||
		    joblog_queue_is_full())
			return;
		if (submit_under_way() >= shortage_most(run->under_way_max, now)) {
			if (!scheduler_is_over())
				wait_at_most(shortage_wait(now));
			return;
		}
		if (begin_next(run, now))
			continue;
		wait_at_most(retries_wait(now));
		return;
	}
}

void
scheduler_stop(const struct run *run)
{
	struct job *job;

	stopped = 1;
	waits.input = 0; /* whatever may still come is not wanted */
	task_queue_stop();
	while ((job = waiting_job(INT64_MAX)) != NULL)
		completion_not_begun(run, job);
	(void)forkpool_cancel(run->pool, FORKPOOL_CANCEL_QUEUED);
}

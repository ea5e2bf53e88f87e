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
#include "tool/run/joblog_queue.h"
#include "tool/run/output_writer.h"
#include "tool/run/publish.h"
#include "tool/run/replay.h"
#include "tool/run/run_totals.h"
#include "tool/run/submit.h"
#include "tool/run/task_queue.h"
#include "tool/run/tasks_waiting.h"

static struct scheduler_waits waits;
static int stopped;
static struct tasks_waiting postponed; /* something was missing: they are the next to begin */
static struct bytes shown; /* a command, for the moment of one call */

const struct scheduler_waits *
scheduler_waits(void)
{
	return &waits;
}

/* Whether there are tasks that were read before and can begin. */
static int
tasks_wait(void)
{
	return postponed.first != NULL || completion_has_tasks() || replay_has_tasks();
}

int
scheduler_is_over(void)
{
	return stopped || (task_queue_is_over() && !tasks_wait());
}

void
scheduler_close(void)
{
	bytes_free(&shown);
}

static void
postpone(const struct run *run, struct task *task, struct channel *channel)
{
	/* Only with --pipe a task that waits needs its channel. */
	if (channel != NULL && !run->options->pipe) {
		channel_release(channel);
		channel = NULL;
	}
	tasks_waiting_add(&postponed, task, channel);
}

/* A task that was read before and can begin, and its channel if it has one; NULL: the next one has
   to be read. */
static struct task *
waiting_task(struct channel **channel)
{
	struct task *task = tasks_waiting_take(&postponed, channel);

	if (task == NULL)
		task = completion_next_task(channel);
	return task != NULL ? task : replay_next_task(channel);
}

/* -p, -t: show the command, and ask.  0: the user does not want it; the task is gone then. */
static int
is_shown_and_wanted(const struct run *run, struct task *task)
{
	const struct options *o = run->options;

	if (!o->trace && !o->interactive)
		return 1;
	bytes_clear(&shown);
	task_command_text(task, o->shell, &shown);
	if (o->interactive && !confirm_job(shown.at)) {
		publish_skip(task->seq);
		task_free(task);
		return 0;
	}
	if (o->trace && !o->interactive) {
		bytes_add_byte(&shown, '\n');
		(void)output_writer_add(PUBLISH_ERR, shown.at, shown.len);
		(void)output_writer_flush();
	}
	return 1;
}

/* Whether there is a task that may begin after the wait: else the run need not wait. */
static int
is_there_more(const struct run *run)
{
	struct task *task;

	/* To read a block of --pipe a channel would be needed. */
	if (tasks_wait() || run->options->pipe)
		return 1;
	enum next got = task_queue_next(&task, -1);
	if (got == NEXT_GOT)
		postpone(run, task, NULL);
	waits.input = got == NEXT_WAIT;
	if (got == NEXT_END)
		replay_input_ended(run);
	return got == NEXT_GOT;
}

/* 1: the job is under way; 0: the pool has no room for it now. */
static int
start(const struct run *run, struct task *task, struct channel *channel, int seat)
{
	struct job *job = job_new(task);

	job->channel = channel;
	job->seat = seat;
	if (channel != NULL)
		channel->owner = job;
	if (submit_job(run, job) == 1)
		return 1;
	job->task = NULL;
	job_free(job);
	if (channel != NULL)
		channel->owner = NULL;
	postpone(run, task, channel);
	return 0;
}

/*
 * With a token: take the next task and start it.  1: come again for the next one; 0: no more now.
 * *started: the job is under way, and has the token.
 */
static int
task_begin(const struct run *run, int seat, int *started)
{
	struct channel *channel = NULL;
	struct task *task = waiting_task(&channel);
	enum next got = NEXT_GOT;

	if (channel == NULL && channels_count() > 0) {
		channel = run->options->pipe ? channel_to_fill() : channel_take(NULL);
		if (channel == NULL) {
			if (task != NULL)
				postpone(run, task, NULL);
			return 0;
		}
	}
	if (task == NULL)
		got = task_queue_next(&task, channel != NULL ? channel->job.in : -1);
	if (got == NEXT_GOT && !replay_ended(run, task) && is_shown_and_wanted(run, task))
		return *started = start(run, task, channel, seat);
	if (channel != NULL)
		channel_unfilled(channel, run->options->pipe && got == NEXT_WAIT);
	waits.input = got == NEXT_WAIT;
	if (got == NEXT_END)
		replay_input_ended(run);
	return got == NEXT_GOT && !run_totals()->broken;
}

/* Start one more job, if there is one and nothing is in its way; 0: no more now. */
static int
begin_next(const struct run *run)
{
	const int64_t now = clock_ns(CLOCK_MONOTONIC);
	int started = 0;

	if (throttle_wanted(run->options)) {
		waits.ns = throttle_wait(run->options, now, submit_under_way() == 0);
		if (waits.ns > 0) {
			if (!is_there_more(run))
				waits.ns = 0;
			return 0;
		}
	}
	/* Without a task a token would only be taken from other processes that wait for one. */
	if (jobserver_wanted() && scheduler_is_over()) {
		replay_input_ended(run);
		return 0;
	}
	int seat = jobserver_take();
	if (seat == JOBSERVER_LATER) {
		waits.token = 1;
		return 0;
	}
	int again = task_begin(run, seat, &started);
	if (started)
		throttle_started(now);
	else
		jobserver_give(seat);
	return again;
}

void
scheduler_begin_jobs(const struct run *run)
{
	waits = (struct scheduler_waits){ 0 };
	if (stopped || !replay_input(run, &waits.input))
		return;
	while (submit_under_way() < run->under_way_max && !output_writer_is_full() &&
	    !joblog_queue_is_full())
		if (!begin_next(run))
			return;
}

static void
skip(const struct run *run, struct task *task)
{
	struct job *job = job_new(task);

	job->outcome = (struct outcome){
		.verdict = VERDICT_SKIPPED,
		.exit_code = -1,
		.user_ns = -1,
		.system_ns = -1,
		.max_rss = -1,
		.message = "",
	};
	completion_ended(run, job);
}

void
scheduler_stop(const struct run *run)
{
	struct task *task;
	struct channel *channel = NULL;

	stopped = 1;
	waits.input = 0; /* whatever may still come is not wanted */
	while ((task = task_queue_stop()) != NULL)
		skip(run, task);
	while ((task = waiting_task(&channel)) != NULL) {
		skip(run, task);
		if (channel != NULL)
			channel_release(channel);
		channel = NULL;
	}
	(void)forkpool_cancel(run->pool, FORKPOOL_CANCEL_QUEUED);
}

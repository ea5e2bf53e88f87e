/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "tool/run/scheduler.h"

#include "tool/display/confirm.h"
#include "tool/exec/channels.h"
#include "tool/exec/throttle.h"
#include "tool/jobserver/jobserver.h"
#include "tool/run/completion.h"
#include "tool/run/output_writer.h"
#include "tool/run/run_state.h"
#include "tool/run/submit.h"
#include "tool/run/task_queue.h"

void
scheduler_open(void)
{
	r.held_end = &r.held;
}

static void
ended_without_run(struct task *task, enum verdict verdict)
{
	struct job *job = job_new(task);

	job->outcome = (struct outcome){ .verdict = verdict,
		.exit_code = -1,
		.user_ns = -1,
		.system_ns = -1,
		.max_rss = -1,
		.message = "" };
	completion_ended(job);
}

/* The input is that of earlier runs as far as they came: what they have done goes out now, before anything else. */
static void
replay(void)
{
	r.replayed = 1;
	completion_replay();
}

/* A block of the input lies in its channel's file, so that it needs that until it has run. */
static void
hold(struct task *task, struct channel *channel)
{
	struct job *job = job_new(task);

	if (channel != NULL && r.o->pipe) {
		job->channel = channel;
		channel->owner = job;
	} else if (channel != NULL) {
		channel_release(channel);
	}
	*r.held_end = job;
	r.held_end = &job->next;
}

static struct task *
held_take(struct channel **channel)
{
	struct job *job = r.held;
	struct task *task = job->task;

	if ((r.held = job->next) == NULL)
		r.held_end = &r.held;
	if (job->channel != NULL) {
		*channel = job->channel;
		(*channel)->owner = NULL;
	}
	job->task = NULL;
	job_free(job);
	return task;
}

static void
seen(const struct task *task)
{
	r.last_seq = task->seq > r.last_seq ? task->seq : r.last_seq;
}

/* A task of the input that earlier runs had: nothing of it happens before all of these have been compared. */
static void
compare(struct task *task, struct channel *channel)
{
	seen(task);
	if (completion_check(task, 1) == 0)
		hold(task, channel);
	else if (channel != NULL)
		channel_release(channel);
}

/* What the journal knows of it; 1: it is not to be run, or not now. */
static int
journal_has(struct task *task)
{
	if (r.journal == NULL)
		return 0;
	seen(task);
	return task->attempts == 0 && completion_check(task, 0) != 0;
}

/* Where the input itself is at fault, that was said when it was met. */
static void
input_ended(void)
{
	int status;

	if (!r.input_over && r.last_seq < journal_known(r.journal)) {
		if (task_queue_error(&status) == NULL)
			journal_input_ended(r.journal, r.last_seq);
		completion_totals()->broken = 1;
	}
	r.input_over = 1;
}

/* -p, -t; 1: it is to run. */
static int
is_shown_and_wanted(struct task *task)
{
	const struct options *o = r.o;

	if (!o->trace && !o->interactive)
		return 1;
	bytes_clear(&r.shown);
	task_command_text(task, o->shell, &r.shown);
	if (o->interactive && !confirm_job(r.shown.at)) {
		completion_skip(task->seq);
		task_free(task);
		return 0;
	}
	if (o->trace && !o->interactive) {
		bytes_add_byte(&r.shown, '\n');
		(void)output_writer_add(PUBLISH_ERR, r.shown.at, r.shown.len);
		(void)output_writer_flush();
	}
	return 1;
}

/* Whether there is anything to wait for before the next job begins. */
static int
is_there_more(void)
{
	struct task *task;

	/* A block of --pipe would need a channel, and what is compared is not begun. */
	if (r.held != NULL || r.o->pipe || !r.replayed)
		return 1;
	enum next got = task_queue_next(&task, -1);
	if (got == NEXT_GOT)
		hold(task, NULL);
	r.input_waits = got == NEXT_WAIT;
	if (got == NEXT_END)
		input_ended();
	return got == NEXT_GOT;
}

void
scheduler_begin_jobs(int64_t *wait_ns)
{
	while (r.under_way < r.under_way_max && !output_writer_is_full()) {
		int64_t now = clock_ns(CLOCK_MONOTONIC);
		if (throttle_wanted(r.o) &&
		    (*wait_ns = throttle_wait(r.o, now, r.under_way == 0)) > 0) {
			if (!is_there_more())
				*wait_ns = 0;
			return;
		}
		if (!r.replayed && r.last_seq >= journal_known(r.journal))
			replay();
		if (jobserver_wanted() && r.held == NULL && r.input_over && task_queue_is_over())
			return; /* a token taken in vain is one that others wait for */
		/* To compare the input needs none. */
		int seated = r.replayed, seat = seated ? jobserver_take() : 0;
		if (seat == JOBSERVER_LATER) {
			r.token_waits = 1;
			return;
		}
		struct channel *channel = NULL;
		struct task *task = NULL;
		enum next got = NEXT_GOT;
		if (r.replayed && r.held != NULL)
			task = held_take(&channel);
		if (channel == NULL && channels_count() > 0 &&
		    (channel = channel_take(NULL)) == NULL) {
			if (r.replayed) {
				jobserver_give(seat);
				if (task != NULL)
					hold(task, NULL);
				return;
			}
			/* Blocks that are held have all of them. */
			replay();
			continue;
		}
		if (task == NULL)
			got = task_queue_next(&task,
			    channel != NULL && r.o->pipe ? channel->job.in : -1);
		if (got == NEXT_GOT && !r.replayed) {
			compare(task, channel);
			if (completion_totals()->broken)
				return;
			continue;
		}
		if (got != NEXT_GOT || journal_has(task) || !is_shown_and_wanted(task)) {
			if (seated)
				jobserver_give(seat);
			if (channel != NULL)
				channel_release(channel);
			r.input_waits = got == NEXT_WAIT;
			if (got == NEXT_END)
				input_ended();
			if (got != NEXT_GOT || completion_totals()->broken)
				return;
			continue;
		}
		struct job *job = job_new(task);
		job->channel = channel;
		job->seat = seat;
		if (channel != NULL)
			channel->owner = job;
		if (submit_job(job) == 0) {
			jobserver_give(seat);
			job->task = NULL;
			job_free(job);
			hold(task, channel);
			return;
		}
		throttle_started(now);
	}
}

void
scheduler_stop(void)
{
	struct task *task;

	r.input_waits = 0; /* whatever may still come of it */
	while ((task = task_queue_stop()) != NULL)
		ended_without_run(task, VERDICT_SKIPPED);
	while (r.held != NULL) {
		struct channel *channel = NULL;
		ended_without_run(held_take(&channel), VERDICT_SKIPPED);
		if (channel != NULL)
			channel_release(channel);
	}
	(void)forkpool_cancel(r.pool, FORKPOOL_CANCEL_QUEUED);
}

int
scheduler_is_over(void)
{
	return task_queue_is_over() && r.held == NULL;
}

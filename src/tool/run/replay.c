/* SPDX-License-Identifier: BSD-2-Clause */
/* Compares the input with the journal, and publishes what earlier runs have not. */
#include "config.h"
#include "tool/run/replay.h"

#include <inttypes.h>

#include "tool/base/message.h"
#include "tool/exec/channels.h"
#include "tool/run/completion.h"
#include "tool/run/jobs_waiting.h"
#include "tool/run/output_writer.h"
#include "tool/run/publish.h"
#include "tool/run/run_totals.h"
#include "tool/run/task_queue.h"

static int over;          /* jobs may begin */
static int input_over;
static int any_began;     /* jobs of this run */
static uint64_t last_seq; /* the greatest number of a task seen so far */
/* Tasks that were compared and are to begin, in the order of the input; with --pipe each with the
   channel that has its block. */
static struct jobs_waiting held;

/* --retry-failed: no jobs begin that earlier runs did not come to. */
static void
goes_no_further(const struct run *run)
{
	if (run->options->retry_failed && last_seq >= journal_known(run->journal))
		task_queue_stop();
}

int
replay_has_tasks(void)
{
	return held.first != NULL;
}

struct job *
replay_next_job(void)
{
	return jobs_waiting_take(&held);
}

static void
seen(const struct run *run, const struct task *task)
{
	last_seq = task->seq > last_seq ? task->seq : last_seq;
	goes_no_further(run);
}

/* A job that is not to run. */
static void
settle(const struct run *run, struct job *job, enum journal_state state,
    const struct outcome *outcome)
{
	if (job->channel != NULL)
		channel_release(job->channel);
	job->channel = NULL;
	switch (state) {
	case JOURNAL_UNKNOWN:
		job->outcome = *outcome;
		completion_ended(run, job);
		return;
	case JOURNAL_DONE:
		run_totals_add(run->options, outcome);
		task_queue_used(job->task);
		break;
	case JOURNAL_TO_RUN:
	case JOURNAL_CHANGED:
		run_totals_broken();
		break;
	}
	job_free(job);
}

static void
compare(const struct run *run, struct task *task, struct channel *channel)
{
	struct job *job = job_new(task);
	struct outcome outcome;

	job->channel = channel_lend(channel, job);
	seen(run, task);
	enum journal_state state = journal_check(run->journal, task, &outcome);
	if (state == JOURNAL_TO_RUN || state == JOURNAL_UNKNOWN) {
		/* replay_ended() asks the journal again when the task is to begin. */
		task->attempts = 0;
		jobs_waiting_add(&held, job);
		return;
	}
	settle(run, job, state, &outcome);
}

int
replay_ended(const struct run *run, struct job *job)
{
	struct outcome outcome;

	if (run->journal == NULL)
		return 0;
	seen(run, job->task);
	/* Another try within this run: the journal was asked before the first. */
	if (job->task->attempts > 0)
		return 0;
	enum journal_state state = journal_check(run->journal, job->task, &outcome);
	if (state == JOURNAL_TO_RUN) {
		any_began = 1;
		return 0;
	}
	settle(run, job, state, &outcome);
	return 1;
}

void
replay_input_ended(const struct run *run)
{
	int status;

	if (!input_over && last_seq < journal_known(run->journal)) {
		/* A fault of the input itself was reported when it was met. */
		if (task_queue_error(&status) == NULL)
			journal_input_ended(run->journal, last_seq);
		run_totals_broken();
	}
	input_over = 1;
}

void
replay_caught_up(void)
{
	if (sink_caught_up(output_writer_sink(PUBLISH_OUT)) == 0)
		return;
	message_errno("standard output: what the journal does not know of cannot be cut off");
	run_totals_broken();
}

void
replay_say_all_done(const struct run *run)
{
	const struct options *o = run->options;
	const struct totals *t = run_totals();
	const uint64_t done = t->succeeded + t->failed;

	if (run->journal == NULL || any_began || done == 0 || !over || t->broken || o->quiet ||
	    o->dialect != DIALECT_NATIVE)
		return;
	if (t->failed == 0)
		message("--journal %s: %" PRIu64 " job%s done", o->journal, done,
		    done == 1 ? " is" : "s are");
	else
		message("--journal %s: %" PRIu64 " job%s done, and %" PRIu64
			" of them failed%s",
		    o->journal, done, done == 1 ? " is" : "s are", t->failed,
		    o->retry_failed ? "" : "; --retry-failed runs those again");
}

/* Publish all that earlier runs finished and did not publish, before anything of this run. */
static void
results_out(const struct run *run)
{
	struct output_buffer out, err;
	struct outcome outcome;
	struct task *task;
	int got;

	output_buffer_init(&out);
	output_buffer_init(&err);
	while ((got = journal_replay(run->journal, &task, &outcome, &out, &err)) == 1) {
		struct job *job = job_new(task);
		output_buffer_move(&job->out, &out);
		output_buffer_move(&job->err, &err);
		job->outcome = outcome;
		job_keep_texts(job);
		publish_job(job);
		/* The next flush fails alike, and says why. */
		if (output_writer_is_full() && output_writer_finish() == -1) {
			run_totals_broken();
			return;
		}
	}
	if (got == -1)
		run_totals_broken();
	publish_say_in_doubt();
	/* With -k some of these results may have to wait for jobs of this run: then the output has
	   caught up at the end. */
	if (!run->options->keep_order && output_writer_finish() == 0)
		replay_caught_up();
}

/* The next task of the input, to be compared; 0: nothing more comes now. */
static int
compare_next(const struct run *run, struct channel *channel, int *input_waits)
{
	struct task *task;
	enum next got = task_queue_next(&task, channel != NULL ? channel->job.in : -1);

	if (got == NEXT_GOT) {
		compare(run, task, channel);
		return !run_totals()->broken;
	}
	if (channel != NULL)
		channel_unfilled(channel, got == NEXT_WAIT);
	*input_waits = got == NEXT_WAIT;
	if (got == NEXT_END)
		replay_input_ended(run);
	return 0;
}

int
replay_input(const struct run *run, int *input_waits)
{
	if (over)
		return 1;
	while (last_seq < journal_known(run->journal)) {
		struct channel *channel = NULL;
		/* With --pipe each task that is held has a channel for its block.  When all
		   channels are held, jobs have to begin before the rest of the input can be
		   compared. */
		if (run->options->pipe && (channel = channel_to_fill()) == NULL)
			break;
		if (!compare_next(run, channel, input_waits))
			return 0;
	}
	over = 1;
	if (run->journal == NULL)
		return 1;
	goes_no_further(run);
	if (journal_begin(run->journal) == -1)
		run_totals_broken();
	else
		results_out(run);
	return !run_totals()->broken;
}

int
replay_is_over(void)
{
	return over;
}

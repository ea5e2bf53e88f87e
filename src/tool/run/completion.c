/* SPDX-License-Identifier: BSD-2-Clause */
/* What a result means, whether the job is tried again, and when its end is safe in the journal. */
#include "config.h"
#include "tool/run/completion.h"

#include "tool/base/clock.h"
#include "tool/display/status.h"
#include "tool/exec/channels.h"
#include "tool/jobserver/jobserver.h"
#include "tool/records/records.h"
#include "tool/reports/observers.h"
#include "tool/run/median_timeout.h"
#include "tool/run/publish.h"
#include "tool/run/retries.h"
#include "tool/run/run_totals.h"
#include "tool/run/submit.h"
#include "tool/run/task_queue.h"

/* Jobs whose ends are not on the disk yet, in the order of the journal's entries. */
static struct job *unsynced, **unsynced_end = &unsynced;
/* What observers are told of a job, for the moment of one call. */
static struct bytes command;
static struct brief brief;

void
completion_close(void)
{
	while (unsynced != NULL) {
		struct job *job = unsynced;
		unsynced = job->next;
		job_free(job);
	}
	unsynced_end = &unsynced;
	bytes_free(&command);
	brief_free(&brief);
}

/* -------------------------------------------------------------------------------------- results */

static void
outcome_set(const struct run *run, struct job *job, const struct forkpool_result *result)
{
	outcome_of_result(&job->outcome, result, job->submitted_ns, run->plugin.count == 0);
	/* It takes reading debug information, so only where it is kept.  A command has none: the
	   program that it executes is not ours. */
	if ((run->options->results_json != NULL || run->options->report != NULL ||
		run->options->junit != NULL) &&
	    run->plugin.count > 0)
		job->outcome.backtrace = forkpool_backtrace(run->pool, result);
	const int over_median = median_timeout_has_ended(result->seq);
	if (job->outcome.verdict == VERDICT_CANCELLED && over_median) {
		job->outcome.verdict = VERDICT_TIMED_OUT;
		job->outcome.message = "";
	} else if (job->outcome.verdict == VERDICT_OK) {
		median_timeout_add(run->options, result->run_ns);
	}
	job->outcome.attempt = job->task->attempts;
	job->outcome.sent = job->task->block_len;
	if (result->value_len > 0)
		publish_output(job, 0, result->value, result->value_len);
	if (result->output_len > 0)
		publish_output(job, 1, result->output, result->output_len);
	job->outcome.received = job->out.len;
}

/* Whether the job has failed and has tries left. */
static int
may_be_tried_again(const struct run *run, const struct job *job)
{
	const struct outcome *e = &job->outcome;

	return !job->is_last_try && outcome_is_failure(e) && e->verdict != VERDICT_CANCELLED &&
	    e->verdict != VERDICT_UNKNOWN && e->attempt < run->options->retries;
}

static void
observers_tell(const struct run *run, const struct job *job, const struct forkpool_result *result,
    int again)
{
	if (!observers_wanted())
		return;
	const struct job_record record = publish_record(job);
	bytes_clear(&command);
	task_command_text(job->task, run->options->shell, &command);
	brief_of(&brief, job->task, run->options->shell);
	observers_run(&(struct attempt){
	    .record = &record,
	    .brief = &brief,
	    .command = command.at,
	    .command_len = command.len,
	    .cpu_ns = result->cpu_ns,
	    .pid = result->pid,
	    .again = again,
	    .worker_died = !run->own_process && (result->signal != 0 || result->exit_code != -1),
	});
}

/* The job will not be tried again: its end is this one.  {%} is known now: records and messages
   show the command as it ran. */
static void
end(const struct run *run, struct job *job)
{
	if (job->outcome.slot > 0)
		task_slot_fill(job->task, job->outcome.slot);
	completion_ended(run, job);
}

/* A job that comes again keeps its channel with --pipe, whose file has its input. */
static void
leave_channel(const struct run *run, struct job *job, int again)
{
	if (job->channel == NULL || (again && run->options->pipe))
		return;
	channel_release(job->channel);
	job->channel = NULL;
}

void
completion_not_begun(const struct run *run, struct job *job)
{
	struct job *before = job->before;

	leave_channel(run, job, 0);
	if (before == NULL) {
		job->outcome = (struct outcome){
			.verdict = VERDICT_SKIPPED,
			.exit_code = -1,
			.user_ns = -1,
			.system_ns = -1,
			.max_rss = -1,
			.message = "",
		};
		completion_ended(run, job);
		return;
	}
	before->task = job->task;
	job->task = NULL;
	job->before = NULL;
	job_free(job);
	end(run, before);
}

/* The try before this one is not the job's end. */
static void
before_is_over(struct job *job)
{
	if (job->before == NULL)
		return;
	struct job_record record = publish_record(job->before);
	record.task = job->task;
	records_again(job->task, &record);
	job_free(job->before);
	job->before = NULL;
}

struct job *
completion_take_back(const struct run *run, const struct forkpool_result *result)
{
	struct job *job = result->user;

	submit_ended(job);
	jobserver_give(job->seat);
	leave_channel(run, job, 1);
	job->task->attempts--;
	return job;
}

void
completion_result(const struct run *run, const struct forkpool_result *result, int may_retry)
{
	struct job *job = result->user;

	if (job->channel != NULL)
		channel_drain(job->channel, publish_output);
	submit_ended(job);
	outcome_set(run, job, result);
	jobserver_give(job->seat);
	if (job->outcome.verdict == VERDICT_SKIPPED) {
		completion_not_begun(run, job);
		return;
	}
	before_is_over(job);
	const int again = may_retry && may_be_tried_again(run, job);
	observers_tell(run, job, result, again);
	job_keep_texts(job);
	leave_channel(run, job, again);
	if (again)
		retries_add(run->options, job, clock_ns(CLOCK_MONOTONIC));
	else
		end(run, job);
}

/* -------------------------------------------------------------------------------------- journal */

/* Hand a job's end to the journal; 0: the job is not published, and the next run has it again. */
static int
keep(const struct run *run, struct job *job)
{
	const enum verdict verdict = job->outcome.verdict;

	/* A job with tries left ends only where the run is stopped. */
	if (verdict == VERDICT_CANCELLED || verdict == VERDICT_SKIPPED ||
	    may_be_tried_again(run, job)) {
		journal_not_done(run->journal, job->task);
		return 0;
	}
	/* It has run, and not all of its output is there: for a later run it is lost. */
	if (job->not_done)
		return 0;
	if (journal_done(run->journal, job->task, &job->outcome, &job->out, &job->err) == 0)
		return 1;
	run_totals_broken();
	return 0;
}

void
completion_ended(const struct run *run, struct job *job)
{
	run_totals_add(run->options, &job->outcome);
	if (job->outcome.verdict != VERDICT_SKIPPED)
		task_queue_used(job->task);
	if (status_is_on() && outcome_is_failure(&job->outcome)) {
		const struct job_record record = publish_record(job);
		status_failure(job, records_place(&record));
	}
	run_totals_halt(run->options, &job->outcome, task_queue_total());
	if (run->journal == NULL) {
		job->not_done |= may_be_tried_again(run, job); /* the run is stopped */
		publish_job(job);
		return;
	}
	if (!keep(run, job)) {
		job_free(job);
		return;
	}
	job->next = NULL;
	*unsynced_end = job;
	unsynced_end = &job->next;
}

void
completion_flush(const struct run *run)
{
	if (run->journal != NULL && journal_flush(run->journal) == -1)
		run_totals_broken();
}

void
completion_sync(const struct run *run, int wait)
{
	if (run->journal == NULL)
		return;
	if (!wait && journal_timeout(run->journal) != 0) {
		completion_flush(run);
		return;
	}
	if (journal_sync(run->journal) == -1) {
		run_totals_broken();
		return;
	}
	while (unsynced != NULL) {
		struct job *job = unsynced;
		if ((unsynced = job->next) == NULL)
			unsynced_end = &unsynced;
		publish_job(job);
	}
}

int
completion_timeout(const struct run *run)
{
	return run->journal != NULL ? journal_timeout(run->journal) : -1;
}

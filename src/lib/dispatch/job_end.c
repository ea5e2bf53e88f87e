/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of a job that is over: tried again, or ready. */
#include "config.h"
#include "lib/dispatch/job_end.h"

#include "lib/dispatch/offers.h"

bool
job_is_tried_again(const struct dispatcher *d, const struct job *job, enum forkpool_outcome outcome)
{
	/* The caller was told that the job is cancelled: never retry it. */
	return outcome != FORKPOOL_CANCELLED && (d->options.retry_on >> outcome & 1) &&
	    job->attempts < job->max_attempts && !d->loop.expired && !d->health.failed;
}

void
job_end_finally(struct dispatcher *d, struct job *job, enum forkpool_outcome outcome)
{
	if (job->attempts == 0)
		job_reset_result(job); /* no run has set its members */
	job_drop_args(&d->arena, job);
	job->outcome = (uint8_t)outcome;
	job_set_ready(d, job);
}

void
job_end(struct dispatcher *d, struct job *job, enum forkpool_outcome outcome)
{
	if (!job_is_tried_again(d, job, outcome)) {
		job_end_finally(d, job, outcome);
		return;
	}
	job_drop_details(job);
	job_table_requeue(&d->jobs, job);
	offers_queue_first(d);
	d->ended.retries++;
}

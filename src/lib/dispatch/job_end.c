/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of a job that is over: tried again, or ready. */
#include "config.h"
#include "lib/dispatch/job_end.h"

#include <stdio.h>
#include <string.h>

#include "lib/dispatch/offers.h"
#include "lib/os/clock.h"
#include "lib/os/core_file.h"

bool
job_is_tried_again(const struct dispatcher *d, const struct job *job, enum forkpool_outcome outcome)
{
	/* The caller was told that the job is cancelled: never retry it. */
	return outcome != FORKPOOL_CANCELLED && (d->options.retry_on >> outcome & 1) &&
	    job->attempts < job->max_attempts && !d->loop.expired && !d->health.failed;
}

void
job_tell_core(struct dispatcher *d, struct job *job)
{
	struct job_details *details = job->core_dumped ? job_details(&d->jobs, job) : NULL;
	char name[16], text[sizeof details->message], where[sizeof text];

	if (details == NULL)
		return;
	(void)snprintf(name, sizeof name, "forkpool:%u", (unsigned)job->worker);
	const struct core_facts facts = {
		.pid = job->pid, .signal = job->end.signal, .name = name,
		.age_ns = clock_since(job->started_ns, clock_now()),
	};
	/* Where there is a place where it died, behind that, which is put in at the same point
	   later, and before the words of the job; else behind all. */
	size_t len = strlen(details->message), at = len;
	if (details->place > 0 && details->place < len)
		at = details->place;
	const char *rest = details->message + at;
	if (at > sizeof text - sizeof ", core dumped") { /* then they give way */
		at = sizeof text - sizeof ", core dumped";
		rest = "";
	}
	const char *between = at > 0 ? ", " : "";
	(void)core_file_where(where, sizeof where - at - strlen(between), &facts);
	(void)strlcpy(text, details->message, at + 1);
	(void)strlcat(text, between, sizeof text);
	(void)strlcat(text, where, sizeof text);
	(void)strlcat(text, rest, sizeof text);
	job_message(&d->jobs, job, text, strlen(text));
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

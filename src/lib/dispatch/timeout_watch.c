/* SPDX-License-Identifier: BSD-2-Clause */
/* The smallest timeout of the jobs that are offered, kept for the supervisor. */
#include "config.h"
#include "lib/dispatch/timeout_watch.h"

void
timeout_watch_begin(struct dispatcher *d, struct job *job, int64_t timeout_ns)
{
	job->timed = 1;
	/* Count the job before reading the watch: the supervisor clears the watch before it reads
	   the count, so one of the two sees the other. */
	atomic_store(&d->control->timed_jobs, ++d->watch.jobs);
	int64_t watch = atomic_load(&d->control->watch_ns);
	if (watch == 0 || watch > timeout_ns) {
		atomic_store(&d->control->watch_ns, timeout_ns);
		supervisor_link_ring(&d->link);
	}
}

void
timeout_watch_end(struct dispatcher *d, struct job *job)
{
	job->timed = 0;
	atomic_store(&d->control->timed_jobs, --d->watch.jobs);
	d->watch.stale = true;
}

void
timeout_watch_renew(struct dispatcher *d)
{
	int64_t smallest = CLOCK_NEVER;

	d->watch.stale = false;
	INFLIGHT_FOREACH(d, entry) {
		const struct job *job = job_table_at(&d->jobs, entry);
		if (job->timed)
			smallest = clock_earlier(smallest, timeout_of(d, job));
	}
	int64_t watch = atomic_load(&d->control->watch_ns);
	if (smallest != CLOCK_NEVER && watch > 0 && watch < smallest)
		atomic_store(&d->control->watch_ns, smallest);
}

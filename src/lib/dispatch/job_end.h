/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * job_end - what becomes of a job that is over: it is tried again, or its result is ready to be
 * handed out.
 */
#ifndef FORKPOOL_JOB_END_H
#define FORKPOOL_JOB_END_H

#include "lib/dispatch/dispatch_state.h"

/* Whether a job with this outcome is tried again. */
bool job_is_tried_again(const struct dispatcher *, const struct job *, enum forkpool_outcome);

/* The job, which is neither queued nor offered any more, has this outcome: try it again, or make
   its result ready. */
void job_end(struct dispatcher *, struct job *, enum forkpool_outcome);
/* The same, never tried again. */
void job_end_finally(struct dispatcher *, struct job *, enum forkpool_outcome);

/* The job's message ends with where its core is, if it has left one. */
void job_tell_core(struct dispatcher *, struct job *);

/* Its result is complete. */
static inline void
job_set_ready(struct dispatcher *d, struct job *job)
{
	job->state = JOB_READY;
	if (!d->options.ordered)
		STAILQ_INSERT_TAIL(&d->ended.ready, job, next.ready);
}

/* The job whose result is to be handed out next, or NULL: none now. */
static inline struct job *
job_next_ready(const struct dispatcher *d)
{
	if (!d->options.ordered)
		return STAILQ_FIRST(&d->ended.ready);
	struct job *job = job_table_find(&d->jobs, d->ended.next_seq);
	return job != NULL && job->state == JOB_READY ? job : NULL;
}

/* Hand out that one. */
static inline void
job_lend(struct dispatcher *d, struct job *job)
{
	if (d->options.ordered)
		d->ended.next_seq++;
	else
		STAILQ_REMOVE_HEAD(&d->ended.ready, next.ready);
	job->state = JOB_LENT;
}

#endif

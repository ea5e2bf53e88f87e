/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * results - the way in: frames checked and turned into results; what ends a job.
 *
 * Nothing that a worker wrote is believed: a result counts only if the job is offered, the ticket is
 * the current one and the claim is that worker's.  A frame seen before matches no ticket and is
 * dropped; one that cannot be a worker's own ends that worker.
 * Includes dispatch_state, packet_pipe and below.
 */
#ifndef FORKPOOL_RESULTS_H
#define FORKPOOL_RESULTS_H

#include "lib/dispatch/dispatch_state.h"

/* Take in one packet of a worker's. */
void results_absorb(struct dispatcher *, unsigned worker, const struct wire_packet *, size_t len);

/* Read one packet from each pipe that may have one. */
void results_read(struct dispatcher *);

/* Whether workers say that they have written packets that are not read yet: only a hint, for it costs
   no system call. */
bool results_written(struct dispatcher *);

/* Read all that the process of that generation has left in its pipe. */
void results_drain(struct dispatcher *, unsigned worker, uint32_t generation);

/* The same, whichever it was: its supervisor is gone. */
void results_drain_all(struct dispatcher *, unsigned worker);

/* Packets that a slot's processes say that they have written. */
uint32_t results_count(const struct dispatcher *, unsigned worker);

/* Look into the outboxes of busy workers for results stuck behind a long job. */
void results_peek(struct dispatcher *);

/* The job (queued no more, offered no more) has this outcome: it is tried again, or has its result. */
void job_end(struct dispatcher *, struct job *, enum forkpool_outcome);
/* The same, never tried again. */
void job_end_finally(struct dispatcher *, struct job *, enum forkpool_outcome);

/* Bring a value that is still in the spool to the record. */
void value_fetch(struct dispatcher *);

/* The next result to hand out; NULL: none now. */
static inline struct job *
results_next(const struct dispatcher *d)
{
	if (!d->ordered)
		return STAILQ_FIRST(&d->ready);
	struct job *job = job_table_find(&d->jobs, d->next_out);
	return job != NULL && job->state == JOB_READY ? job : NULL;
}

#endif

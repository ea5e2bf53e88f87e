/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * offers - the way out: from the queue into packets, and again where nobody claimed.
 *
 * How many jobs go in a packet follows from how long they take; how many packets are ahead, from the
 * number of workers.  The rest stays in the queue, where priorities and cancelling cost nothing.
 * Includes dispatch_state, packet_pipe and below.
 */
#ifndef FORKPOOL_OFFERS_H
#define FORKPOOL_OFFERS_H

#include "lib/dispatch/dispatch_state.h"

/* Offer a job whose frame is in the packet. */
static inline void
inflight_add(struct dispatcher *d, struct job *job)
{
	job->state = JOB_OFFERED;
	d->inflight[job->entry / 64] |= UINT64_C(1) << job->entry % 64;
	d->inflight_count++;
	if (++d->next_ticket > CLAIM_TICKET_MAX)
		d->next_ticket = 1;
	atomic_store_explicit(shared_claim(d->shared, job->entry),
	    claim_make(job->ticket, 0, 0, CLAIM_OFFERED), memory_order_release);
}

/* A job just accepted: into the packet being filled, or to the queue. */
void offers_put_any(struct dispatcher *, struct job *);
static inline void
offers_put(struct dispatcher *d, struct job *job)
{
	if (d->plain_room > 0 && job->timeout_ns == 0 && job->owns == 0 &&
	    wire_put_plain_job(&d->writer, job->entry, d->next_ticket, job->seq, job->fn,
		job->cooperative, job->args, job->args_len)) {
		d->plain_room--;
		job->submitted_ns = d->stamp;
		job->ticket = d->next_ticket;
		inflight_add(d, job);
		return;
	}
	offers_put_any(d, job);
}

/* Send what there is and may go now.  all: also a packet that is not full yet. */
void offers_send(struct dispatcher *, bool all);

/* Whether workers may run dry before a packet is full. */
static inline bool
offers_are_short(const struct dispatcher *d)
{
	return d->inflight_count - d->writer.frames < d->workers * d->batch;
}

/* Packets and what is ahead are sized by how long jobs take, and how many workers there are. */
void offers_size(struct dispatcher *);
/* So many jobs have taken so long in all. */
void offers_learn(struct dispatcher *, int64_t run_ns_total, unsigned jobs);

/* Where workers are idle while offered jobs are unclaimed (in a busy worker's packet, or read by
   one that died), send those once more.  True: there are unclaimed jobs or unsent results. */
bool offers_again(struct dispatcher *, int64_t now);

/* Take back an offered job that is not running yet: true, it never will. */
bool offer_revoke(struct dispatcher *, struct job *);

/* An offered job of which nothing more is to come. */
void timed_job_over(struct dispatcher *, struct job *);
static inline void
inflight_remove(struct dispatcher *d, struct job *job)
{
	d->inflight[job->entry / 64] &= ~(UINT64_C(1) << job->entry % 64);
	d->inflight_count--;
	if (job->timed)
		timed_job_over(d, job);
}

/* Ring the supervisor; it being gone is seen elsewhere. */
void supervisor_ring(struct dispatcher *);

#endif

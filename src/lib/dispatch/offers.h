/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * offers - jobs out: from the queue into packets, and once more where nobody claims them.
 *
 * How many jobs go in a packet follows from how long they take; how many packets are ahead, from
 * the number of workers.  The other jobs stay in the queue, where priorities and cancelling cost
 * nothing.
 */
#ifndef FORKPOOL_OFFERS_H
#define FORKPOOL_OFFERS_H

#include "lib/dispatch/dispatch_state.h"
#include "lib/dispatch/timeout_watch.h"
#include "lib/ipc/wire_job.h"

/* The job, whose frame is in the packet, is offered. */
static inline void
inflight_add(struct dispatcher *d, struct job *job)
{
	job->state = JOB_OFFERED;
	d->out.inflight[job->entry / 64] |= UINT64_C(1) << job->entry % 64;
	d->out.inflight_count++;
	if (++d->out.next_ticket > CLAIM_TICKET_MAX)
		d->out.next_ticket = 1;
	atomic_store_explicit(shared_claim(d->shared, job->entry),
	    claim_make(job->ticket, 0, 0, CLAIM_OFFERED), memory_order_release);
}

/* Put a job just accepted into the packet being filled, or into the queue. */
void offers_put_any(struct dispatcher *, struct job *);
static inline void
offers_put(struct dispatcher *d, struct job *job)
{
	if (d->out.plain_room > 0 && job->timeout_ns == 0 && job->owns == 0 &&
	    wire_put_plain_job(&d->out.writer, job->entry, d->out.next_ticket, job->seq, job->fn,
		job->cooperative, job->args, job->args_len)) {
		d->out.plain_room--;
		job->submitted_ns = d->out.begun_at;
		job->ticket = d->out.next_ticket;
		inflight_add(d, job);
		return;
	}
	offers_put_any(d, job);
}

/* A job has come to the queue: those submitted later wait behind it. */
static inline void
offers_queue_first(struct dispatcher *d)
{
	d->out.plain_room = 0;
}

/* Send what may go now.  all: also a packet that is not full yet. */
void offers_send(struct dispatcher *, bool all);

/* Whether workers may run dry before a packet is full. */
static inline bool
offers_are_short(const struct dispatcher *d)
{
	return d->out.inflight_count - d->out.writer.frames < d->link.workers * d->out.batch;
}

/* Whether there is something to send that was not sent yet, and room for it. */
bool offers_are_due(const struct dispatcher *);

/* Size packets, and what is offered ahead, by how long jobs take and how many workers there are. */
void offers_size(struct dispatcher *);
/* Learn that so many jobs took so long in all. */
void offers_learn(struct dispatcher *, int64_t run_ns_total, unsigned jobs);

/* Where workers are idle while offered jobs are unclaimed (they are in a busy worker's packet, or
   were read by one that died), send those jobs once more.  True: there are unclaimed jobs or unsent
   results. */
bool offers_again(struct dispatcher *, int64_t now);

/* Set anew what workers are told in shared memory: a job may have written over it. */
void offers_mend(struct dispatcher *);

/* Take back an offered job: true, it will never run; false, it runs already. */
bool offer_revoke(struct dispatcher *, struct job *);

/* The job is offered no more: it has its result, or was taken back. */
static inline void
inflight_remove(struct dispatcher *d, struct job *job)
{
	d->out.inflight[job->entry / 64] &= ~(UINT64_C(1) << job->entry % 64);
	d->out.inflight_count--;
	if (job->timed)
		timeout_watch_end(d, job);
}

#endif

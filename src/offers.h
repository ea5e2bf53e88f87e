/*
 * offers - the way out: from the queue into packets, and again where nobody claimed.
 *
 * How many jobs go in a packet follows from how long they take; how many packets are ahead, from the
 * number of workers.  The rest stays in the queue, where priorities and cancelling cost nothing.
 * Includes dispatch_state, packet_pipe and below.
 */
#ifndef FORKPOOL_OFFERS_H
#define FORKPOOL_OFFERS_H

#include "dispatch_state.h"

/* Send what there is and may go now.  partial: also what does not fill a packet as large as the
   jobs' length asks for. */
void offers_send(struct dispatcher *, bool partial);

/* After each submit: cheap while there is nothing to do. */
static inline void
offers_poke(struct dispatcher *d)
{
	if (d->jobs.queued >= d->batch || d->inflight_count < d->workers)
		offers_send(d, d->inflight_count < d->workers);
}

/* Jobs have taken that long; packets are sized by it. */
void offers_learn(struct dispatcher *, int64_t run_ns_total, unsigned jobs);

/* Where workers are idle while offered jobs are unclaimed (in a busy worker's packet, or read by
   one that died), send those once more.  True: there are unclaimed jobs or unsent results. */
bool offers_again(struct dispatcher *, int64_t now);

/* Take back an offered job that is not running yet: true, it never will. */
bool offer_revoke(struct dispatcher *, struct job *);

#endif

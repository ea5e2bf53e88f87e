/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * claim - the claim word: who runs a job, in one atomic word; the only file that knows its layout.
 *
 * Each job record of the pool has a claim word in shared memory (shared.h).  The word is the truth
 * about who runs the job (CLAIMS in forkpool(7)):
 *
 *     63          17 16        5 4      3      0
 *     [   ticket    |  worker   | parity | state ]
 *
 *     FREE --parent--> OFFERED --worker--> CLAIMED --worker--> DONE --parent--> FREE
 *                         |                   |-supervisor,-> TIMED_OUT --parent--> FREE
 *                         |                   |  worker
 *                         '-parent-> REVOKED  '-parent------> CANCELLED --parent--> FREE
 *
 * Each arrow is one compare-and-swap (those to FREE are a store, since only the parent leaves a
 * final state).  Each attempt of a job has a new ticket, so a frame or a word of an attempt that is
 * over matches nothing.  The parity is the lowest bit of the worker process's generation: it tells
 * the process of a slot from the one before.
 */
#ifndef FORKPOOL_CLAIM_H
#define FORKPOOL_CLAIM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define CLAIM_STATE_BITS  4
#define CLAIM_PARITY_BITS 1
#define CLAIM_WORKER_BITS 12

#define CLAIM_PARITY_SHIFT CLAIM_STATE_BITS
#define CLAIM_WORKER_SHIFT (CLAIM_PARITY_SHIFT + CLAIM_PARITY_BITS)
#define CLAIM_TICKET_SHIFT (CLAIM_WORKER_SHIFT + CLAIM_WORKER_BITS)

#define CLAIM_STATE_MASK  ((1u << CLAIM_STATE_BITS) - 1)
#define CLAIM_PARITY_MASK ((1u << CLAIM_PARITY_BITS) - 1)
#define CLAIM_WORKER_MASK ((1u << CLAIM_WORKER_BITS) - 1)
#define CLAIM_TICKET_MAX  (UINT64_MAX >> CLAIM_TICKET_SHIFT)

enum claim_state {
	CLAIM_FREE = 0, /* as fresh memory has it */
	CLAIM_OFFERED,
	CLAIM_REVOKED,
	/* The states from here on name the worker that has or had the job. */
	CLAIM_CLAIMED,
	CLAIM_DONE,
	CLAIM_TIMED_OUT,
	CLAIM_CANCELLED,
};

_Static_assert(CLAIM_CANCELLED <= CLAIM_STATE_MASK, "a state must fit its bits");

typedef _Atomic uint64_t claim_word;

static inline uint64_t
claim_make(uint64_t ticket, unsigned worker, unsigned parity, enum claim_state state)
{
	return ticket << CLAIM_TICKET_SHIFT | (uint64_t)worker << CLAIM_WORKER_SHIFT |
	    (uint64_t)parity << CLAIM_PARITY_SHIFT | (uint64_t)state;
}

static inline enum claim_state
claim_state(uint64_t word)
{
	return (enum claim_state)(word & CLAIM_STATE_MASK);
}

static inline unsigned
claim_parity(uint64_t word)
{
	return (unsigned)(word >> CLAIM_PARITY_SHIFT & CLAIM_PARITY_MASK);
}

static inline unsigned
claim_worker(uint64_t word)
{
	return (unsigned)(word >> CLAIM_WORKER_SHIFT & CLAIM_WORKER_MASK);
}

static inline uint64_t
claim_ticket(uint64_t word)
{
	return word >> CLAIM_TICKET_SHIFT;
}

/* Whether the run that the word tells of belongs to that worker's process of that parity. */
static inline bool
claim_is_by(uint64_t word, unsigned worker, unsigned parity)
{
	const uint64_t owner = (uint64_t)CLAIM_WORKER_MASK << CLAIM_WORKER_SHIFT |
	    (uint64_t)CLAIM_PARITY_MASK << CLAIM_PARITY_SHIFT;

	return (word & owner) == claim_make(0, worker, parity, CLAIM_FREE) &&
	    claim_state(word) >= CLAIM_CLAIMED;
}

#endif

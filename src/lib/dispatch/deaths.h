/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * deaths - what became of workers, and of the supervisor: victims named, nothing finished lost.
 *
 * In order, for each process that ended: what it had written to its pipe, what was in its outbox,
 * then the run under way.  Includes results, offers, crash and below.
 */
#ifndef FORKPOOL_DEATHS_H
#define FORKPOOL_DEATHS_H

#include "lib/dispatch/dispatch_state.h"

/* Hear the supervisor, and see to the last words of the workers that have ended. */
void deaths_check(struct dispatcher *);

/* The supervisor is gone; go on with what is to be done until there is a new one.  When to come
   back at the latest is in recover_until. */
void deaths_recover(struct dispatcher *, int64_t now);

/* Start a supervisor, with results pipes of its own for each slot.  0, or -1, errno, and what
   failed in failure_text. */
int  supervisor_begin(struct dispatcher *);

/* Give the supervisor's next slots a results pipe, up to slots.  0 or -1 and errno. */
int  slots_extend(struct dispatcher *, unsigned slots);

/* No worker can be had any more: what is not running ends as LOST. */
void pool_fail(struct dispatcher *);

#endif

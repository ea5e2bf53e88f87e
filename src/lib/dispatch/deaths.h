/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * deaths - what became of workers, and of the supervisor: their victims end, no result is lost.
 *
 * For each process that has ended, in this order: take what it had written to its pipe, then what
 * was in its outbox, then end the run that was under way.
 */
#ifndef FORKPOOL_DEATHS_H
#define FORKPOOL_DEATHS_H

#include "lib/dispatch/dispatch_state.h"

/* Hear the supervisor, and see to the victims of the workers that have ended. */
void deaths_check(struct dispatcher *);

/* The supervisor is gone: go on with what is to be done until there is a new one.  Come back at
   health.recover_until at the latest. */
void deaths_recover(struct dispatcher *, int64_t now);

/* The pool has failed (health.failed): jobs that do not run end as LOST. */
void deaths_fail_jobs(struct dispatcher *);

#endif

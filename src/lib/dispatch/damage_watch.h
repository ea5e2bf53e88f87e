/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * damage_watch - what jobs at WORKER may have written over in shared memory: found, and made good.
 *
 * The claim words, and what the caller tells workers, lie in memory that each worker can write, and
 * at WORKER a job is in the worker.  All of it may hold anything, at any time.  What this process
 * knows by itself is which jobs are offered, under which tickets, and from the supervisor which
 * processes there are.  So it looks now and then whether each offered job's claim is one that an
 * honest worker can have left, and whether what it says can still come true.  Where not, the job is
 * over: it has its one result, LOST, and whoever may still be at its run is killed.
 */
#ifndef FORKPOOL_DAMAGE_WATCH_H
#define FORKPOOL_DAMAGE_WATCH_H

#include "lib/dispatch/dispatch_state.h"

/* Look, if it is time.  Call after results_peek(): a result that is in an outbox is no damage. */
void damage_look(struct dispatcher *, int64_t now);

/* The pool was suspended for that long: no run has become older. */
void damage_paused(struct dispatcher *, int64_t pause_ns);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dispatcher - the parent's engine: batches out, results in, events, ticks.
 *
 * Passive: nothing happens but in these calls.  Includes deaths, results, offers and below.
 */
#ifndef FORKPOOL_DISPATCHER_H
#define FORKPOOL_DISPATCHER_H

#include "lib/dispatch/dispatch_state.h"

/* Send and receive what there is; wait for something until `until` (a clock_now() time; 0 not at
   all, CLOCK_NEVER as long as it takes) if no result is there.  May return early. */
void dispatcher_pump(struct dispatcher *, int64_t until);

/* For a poll() of the caller's: the descriptors (how many there are), and when to look at the latest. */
size_t  dispatcher_pollfds(struct dispatcher *, struct pollfd *, size_t capacity);
int64_t dispatcher_until(const struct dispatcher *);
/* What such a poll() has found. */
void    dispatcher_polled(struct dispatcher *, const struct pollfd *, size_t n);

/* Cancel one job: true, it will end as CANCELLED. */
bool dispatcher_cancel(struct dispatcher *, struct job *, enum forkpool_cancel);
/* Cancel all; how many will end so. */
size_t dispatcher_cancel_all(struct dispatcher *, enum forkpool_cancel);

/* The pool's deadline is checked where jobs come in, too. */
void dispatcher_deadline_check(struct dispatcher *, int64_t now);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dispatcher - drives the caller's engine: jobs out, results in, events, ticks.
 *
 * Passive: there is no thread, so nothing happens but in these calls.
 */
#ifndef FORKPOOL_DISPATCHER_H
#define FORKPOOL_DISPATCHER_H

#include "lib/dispatch/dispatch_state.h"

/* Give each part its first values; nothing is open yet. */
void dispatcher_init(struct dispatcher *, const struct dispatch_options *);
/* Memory for so many jobs: 0, or -1 with errno ENOMEM. */
int  dispatcher_allocate(struct dispatcher *, uint32_t entries);
/* Free what dispatcher_init() and dispatcher_allocate() made. */
void dispatcher_release(struct dispatcher *);

/* Send and receive what there is.  Where no result is ready wait until `until` (a clock_now() time;
   0: do not wait, CLOCK_NEVER: as long as it takes).  May return early. */
void dispatcher_pump(struct dispatcher *, int64_t until);

/* For a poll() of the caller's: the descriptors (returns how many there are), and when to call
   dispatcher_pump() at the latest. */
size_t  dispatcher_pollfds(struct dispatcher *, struct pollfd *, size_t capacity);
int64_t dispatcher_until(const struct dispatcher *);
/* The same for a caller that waits for forkpool_fd(): it is about to, and is told at once where
   there is something to do already. */
void    dispatcher_settle(struct dispatcher *);
/* Take what such a poll() has found. */
void    dispatcher_polled(struct dispatcher *, const struct pollfd *, size_t n);

/* Cancel one job; true: it will end as CANCELLED. */
bool dispatcher_cancel(struct dispatcher *, struct job *, enum forkpool_cancel);
/* Cancel all jobs; returns how many will end as CANCELLED. */
size_t dispatcher_cancel_all(struct dispatcher *, enum forkpool_cancel);

/* Set the pool's deadline, a clock_now() time. */
void dispatcher_set_deadline(struct dispatcher *, int64_t deadline, int64_t now);
/* Cancel all jobs if the pool's deadline has passed.  Also called when a job is submitted. */
void dispatcher_deadline_check(struct dispatcher *, int64_t now);

/* Bring all that runs to a standstill, the deadlines too.  0; -1: ETIMEDOUT, and it goes on. */
int  dispatcher_suspend(struct dispatcher *, int64_t now);
void dispatcher_resume(struct dispatcher *, int64_t now);

/* Whether forkpool_wakeup() was called since the last question. */
bool dispatcher_take_wakeup(struct dispatcher *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timeout_watch - how many offered jobs have a timeout, and the smallest one: the supervisor sleeps
 * no longer than that, lest a job start and expire in its sleep.
 */
#ifndef FORKPOOL_TIMEOUT_WATCH_H
#define FORKPOOL_TIMEOUT_WATCH_H

#include "lib/dispatch/dispatch_state.h"

/* The job's own timeout, or the pool's; 0 or less: none. */
static inline int64_t
timeout_of(const struct dispatcher *d, const struct job *job)
{
	return job->timeout_ns != 0 ? job->timeout_ns : d->options.timeout_ns;
}

/* A job with this timeout is about to be offered. */
void timeout_watch_begin(struct dispatcher *, struct job *, int64_t timeout_ns);
/* It is offered no more. */
void timeout_watch_end(struct dispatcher *, struct job *);

/* To be called when watch.stale is set: finds the smallest timeout anew, so that the supervisor may
   sleep longer. */
void timeout_watch_renew(struct dispatcher *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop_fd - the one descriptor that a caller's own event loop waits for.
 *
 * It is a set of two: a timer, for what is to be done after a while or at the next turn of the
 * loop, and an inner set with the pool's descriptors.  The inner one is made anew where these have
 * changed: a closed descriptor of which a child of the caller's has a copy can be taken out of a
 * set no other way.
 */
#ifndef FORKPOOL_LOOP_FD_H
#define FORKPOOL_LOOP_FD_H

#include <stdint.h>

#include "lib/dispatch/dispatch_state.h"

/* What a descriptor of the inner set is called; results pipes are called by their slot. */
enum { LOOP_SUPERVISOR = 1 << 24, LOOP_BELL, LOOP_JOB_PIPE };

/* The descriptor, which is made at the first call: or -1 and errno. */
int  loop_fd_open(struct dispatcher *);
void loop_fd_close(struct dispatcher *);

/* Whether the caller waits for it. */
static inline bool
loop_fd_in_use(const struct dispatcher *d)
{
	return d->loop.fd.fd != -1;
}

/* Nothing is under way in this call any more: from here on the descriptor tells of what is to be
   done next, at that time at the latest. */
void loop_fd_settle(struct dispatcher *, int64_t until);
/* Have the descriptor readable, where it is in use: the next turn of the loop has something to
   do. */
void loop_fd_ring(struct dispatcher *);

/* The names of what is ready in the inner set: how many, or -1: use poll(2) instead. */
int  loop_fd_ready(struct dispatcher *, uint32_t *names, int room);

#endif

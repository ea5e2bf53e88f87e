/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * suspension - the whole pool is suspended and goes on, as the caller wishes.
 *
 * Workers that live when it begins are brought to a standstill, and none is started until the pool
 * goes on.  A run that is cancelled meanwhile goes on to its end; its worker begins no other, as
 * the shared memory tells it.  What runs on all the same keeps its deadline.
 */
#ifndef FORKPOOL_SUSPENSION_H
#define FORKPOOL_SUSPENSION_H

#include "lib/supervisor/supervisor_state.h"

static inline bool
suspension_is_on(const struct supervisor *s)
{
	return (s->suspension.request & 1) != 0;
}

/* Do as the caller wishes.  Returns when to call this again. */
int64_t suspension_check(struct supervisor *);

#endif

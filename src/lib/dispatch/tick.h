/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tick - when the caller next looks for results stuck behind a long job and for jobs that nobody
 * claims.
 *
 * The span doubles from look to look until something moves again.  The members are written here
 * alone.
 */
#ifndef FORKPOOL_TICK_H
#define FORKPOOL_TICK_H

#include "lib/os/clock.h"

#define TICK_MIN CLOCK_MS
#define TICK_MAX (32 * CLOCK_MS)
/* While nothing is stuck, as far as the shared memory tells. */
#define TICK_REST CLOCK_S

struct tick {
	int64_t at;    /* CLOCK_NEVER: nothing to look for */
	int64_t span;  /* from the next look to the one after it */
	int     rests; /* nothing is stuck */
};

static inline void
tick_stop(struct tick *t)
{
	t->at = CLOCK_NEVER;
	t->rests = 1;
}

static inline void
tick_rest(struct tick *t, int64_t now)
{
	t->at = clock_after(now, TICK_REST);
	t->rests = 1;
}

/* Something has moved: look at that time, and soon again after it. */
static inline void
tick_restart(struct tick *t, int64_t at)
{
	t->span = TICK_MIN;
	t->at = at;
	t->rests = 0;
}

/* A look has found something that has not moved. */
static inline void
tick_back_off(struct tick *t, int64_t now)
{
	t->at = clock_after(now, t->span);
	t->rests = 0;
	if (t->span < TICK_MAX)
		t->span *= 2;
}

#endif

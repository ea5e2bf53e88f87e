/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rate - how far a run is, how fast it goes and how long it will take, in words: the same on a
 * terminal and in a file.
 */
#ifndef FORKPOOL_TOOL_RATE_H
#define FORKPOOL_TOOL_RATE_H

#include <stddef.h>
#include <stdint.h>

#include "tool/base/bytes.h"

struct rate {
	int64_t  began_ns, now_ns;      /* monotonic */
	uint64_t done, failed, total;   /* failed: how many of done; total 0: not known yet */
	unsigned running;
	int      over;                  /* the run is: no time is left */
};

double rate_elapsed(const struct rate *);  /* seconds */
/* The seconds that are left at the speed so far; -1: not known. */
double rate_left(const struct rate *);
/* "12:34", "1:02:03" */
void   rate_add_time(struct bytes *, double seconds);
/* "5.0/s" */
void   rate_add_speed(struct bytes *, const struct rate *);
/* "50/200 done, 2 failed, 4 running, 5.0/s, 0:30 left" */
void   rate_add_state(struct bytes *, const struct rate *);
/* " 25%"; nothing where the total is not known. */
void   rate_add_percent(struct bytes *, uint64_t done, uint64_t total);
/* "[##......]" with at most so many cells; nothing where these are few or the total is unknown. */
void   rate_add_bar(struct bytes *, const struct rate *, size_t cells);

#endif

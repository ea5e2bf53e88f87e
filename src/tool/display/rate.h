/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pace - how far a run is, how fast it goes and how long it will take, in words.
 *
 * The same for a terminal and for a file.  Includes bytes.
 */
#ifndef FORKPOOL_TOOL_PACE_H
#define FORKPOOL_TOOL_PACE_H

#include <stddef.h>
#include <stdint.h>

#include "tool/base/bytes.h"

struct rate {
	int64_t  began_ns, now_ns;      /* monotonic */
	uint64_t done, failed, total;   /* failed: of done; total 0: not known yet */
	unsigned running;
	int      over;                  /* nothing more is to come */
};

double rate_elapsed(const struct rate *);  /* seconds */
/* Seconds yet, from how long it took so far; -1: that cannot be told. */
double rate_left(const struct rate *);
/* "12:34", "1:02:03" */
void   rate_add_time(struct bytes *, double seconds);
void   rate_add_rate(struct bytes *, const struct rate *);
/* "50/200 done, 2 failed, 4 running, 5.0/s, 0:30 left" */
void   rate_add_state(struct bytes *, const struct rate *);
/* " 25%", where the total is known. */
void   rate_add_percent(struct bytes *, const struct rate *);
/* "[##......]" of at most so many cells within; nothing where there are too few. */
void   rate_add_bar(struct bytes *, const struct rate *, size_t cells);

#endif

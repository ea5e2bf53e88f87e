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

struct pace {
	int64_t  began_ns, now_ns;      /* monotonic */
	uint64_t done, failed, total;   /* failed: of done; total 0: not known yet */
	unsigned running;
	int      over;                  /* nothing more is to come */
};

double pace_elapsed(const struct pace *);  /* seconds */
/* Seconds yet, from how long it took so far; -1: that cannot be told. */
double pace_left(const struct pace *);
/* "12:34", "1:02:03" */
void   pace_add_time(struct bytes *, double seconds);
void   pace_add_rate(struct bytes *, const struct pace *);
/* "50/200 done, 2 failed, 4 running, 5.0/s, 0:30 left" */
void   pace_add_state(struct bytes *, const struct pace *);
/* " 25%", where the total is known. */
void   pace_add_percent(struct bytes *, const struct pace *);
/* "[##......]" of at most so many cells within; nothing where there are too few. */
void   pace_add_bar(struct bytes *, const struct pace *, size_t cells);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_sums - what a report says of all runs, in constant memory however many there are: by worker, by duration, and
 * how busy the workers were over time.
 *
 * Times are microseconds from the beginning of it all.  Includes bytes.
 */
#ifndef FORKPOOL_TOOL_REPORT_STATS_H
#define FORKPOOL_TOOL_REPORT_STATS_H

#include <stdint.h>

#include "tool/base/bytes.h"

struct report_stats_run {
	unsigned slot;       /* 1.. */
	int64_t  start, run; /* us */
	int      failed;     /* it did not go well, also where it is tried again */
	int      again;
	int      died;       /* and its worker with it */
};

void report_stats_add(const struct report_stats_run *);
/* Members of an object, with a comma behind each. */
void report_stats_json(struct bytes *);
void report_stats_free(void);

#endif

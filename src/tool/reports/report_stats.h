/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_stats - what a report says of all runs, in constant memory however many they are: by
 * worker, by duration, and how busy the workers were over time.
 *
 * Times are microseconds from the beginning of the run of all jobs.
 */
#ifndef FORKPOOL_TOOL_REPORT_STATS_H
#define FORKPOOL_TOOL_REPORT_STATS_H

#include <stdint.h>

#include "tool/base/bytes.h"

struct report_stats_run {
	unsigned slot;       /* 1.. */
	int64_t  start, run; /* us */
	int      failed;     /* also if it will be tried again */
	int      again;
	int      died;       /* its worker died with it */
};

void report_stats_add(const struct report_stats_run *);
/* Members of an object, each with a comma behind it. */
void report_stats_json(struct bytes *);
void report_stats_free(void);

#endif

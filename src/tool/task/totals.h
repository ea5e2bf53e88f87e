/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * totals - how the jobs of a run have ended, and the exit status of the run for it in each dialect.
 */
#ifndef FORKPOOL_TOOL_TOTALS_H
#define FORKPOOL_TOOL_TOTALS_H

#include <stdint.h>

#include "tool/cli/options.h"
#include "tool/task/outcome.h"

struct totals {
	uint64_t by_verdict[VERDICTS];
	uint64_t succeeded, failed;  /* ended for good; skipped jobs are neither */
	uint64_t not_found, not_executable; /* of the failed: 127, 126 */
	int      halted;             /* the run was ended by --halt */
	int      halt_seen;          /* the job with which --halt was reached has ended */
	int      halt_status;        /* the exit status of GNU parallel, then */
	int      xargs_stops;        /* 124..127: xargs ends at once with that status; else 0 */
	int      broken;             /* the tool itself has failed */
};

void totals_add(struct totals *, const struct outcome *, enum dialect);
/* After totals_add() of the same outcome: notes whether it is the one that reaches --halt.  total:
   of all jobs, 0 if not known. */
void totals_halt(struct totals *, const struct outcome *, const struct halt_option *,
    uint64_t total);
/* The exit status of the run. */
int  totals_status(const struct totals *, const struct options *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tally - how the jobs of a run have ended, and the exit status that this makes in each dialect.
 */
#ifndef FORKPOOL_TOOL_TALLY_H
#define FORKPOOL_TOOL_TALLY_H

#include <stdint.h>

#include "tool/cli/options.h"
#include "tool/task/outcome.h"

struct totals {
	uint64_t by_verdict[VERDICTS];
	uint64_t succeeded, failed;  /* ended for good; skipped ones are neither */
	uint64_t not_found, not_executable; /* of the failed: 127, 126 */
	int      halted;             /* by --halt */
	int      halt_seen;          /* the first job with which it was reached has ended, and */
	int      halt_status;        /* so GNU parallel leaves */
	int      xargs_stops;        /* 124, 125, 126, 127: what xargs leaves with at once; else 0 */
	int      broken;             /* of our own: status 1 */
};

void totals_add(struct totals *, const struct outcome *, enum dialect);
/* --halt, behind tally_add(); total: of all jobs, 0 where it is not known. */
void
totals_halt(struct totals *, const struct outcome *, const struct halt_option *, uint64_t total);
int  totals_status(const struct totals *, const struct options *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run_totals - how the jobs of this run have ended, and whether --halt or a failure of the tool
 * itself ends it.
 *
 * There is one struct totals in a run; only this file writes it, and all others say what has
 * happened or read it.
 */
#ifndef FORKPOOL_TOOL_RUN_TOTALS_H
#define FORKPOOL_TOOL_RUN_TOTALS_H

#include "tool/cli/options.h"
#include "tool/task/outcome.h"
#include "tool/task/totals.h"

const struct totals *run_totals(void);
/* A job has ended, in this run or an earlier one. */
void run_totals_add(const struct options *, const struct outcome *);
/* After run_totals_add(): notes the exit status of the run, if that job is the one that reaches
   --halt.  total: of all jobs, 0 if it is not known. */
void run_totals_halt(const struct options *, const struct outcome *, uint64_t total);
/* The run ends because --halt was reached. */
void run_totals_halted(void);
/* The tool itself has failed, and has said so: the run ends with that. */
void run_totals_broken(void);
/*
 * Why jobs of the input have not run, when all is over.  NULL: they have, or --halt was to end the
 * run at successes.  signo: the signal that ends the tool, else 0.  Valid until the next call.
 */
const char *run_stopped_by(const struct options *, int signo);

#endif

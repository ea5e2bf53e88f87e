/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * views - who shows the runs of jobs: each run is handed to them as it ends, also one that is to be tried again.
 *
 * A view that was not asked for costs a comparison.  Includes metrics, options, report, run_view, trace.
 */
#ifndef FORKPOOL_TOOL_OBSERVERS_H
#define FORKPOOL_TOOL_OBSERVERS_H

#include "forkpool.h"
#include "tool/cli/options.h"
#include "tool/reports/attempt.h"

/* After the pool is open.  What cannot be opened ends the tool, before any job has run. */
void observers_open(const struct options *, struct forkpool *, const struct attempt_began *);
/* Whether anybody asks for runs: else there is no need to make a run_view. */
int  observers_wanted(void);
void observers_run(const struct attempt *);
/* Whatever has happened since; as often as one likes. */
void observers_update(const struct attempt_now *);
/* When to call that again though nothing happens, ms; -1: no need. */
int  observers_timeout(int64_t now_ns);
/* The run is over.  -1: something could not be written (said). */
int  observers_close(const struct attempt_now *, const struct attempt_end *);

#endif

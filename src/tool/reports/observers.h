/*
 * views - who shows the runs of jobs: each run is handed to them as it ends, also one that is to be tried again.
 *
 * A view that was not asked for costs a comparison.  Includes metrics, options, report, run_view, trace.
 */
#ifndef FORKPOOL_TOOL_VIEWS_H
#define FORKPOOL_TOOL_VIEWS_H

#include "forkpool.h"
#include "tool/cli/options.h"
#include "tool/reports/attempt.h"

/* After the pool is open.  What cannot be opened ends the tool, before any job has run. */
void views_open(const struct options *, struct forkpool *, const struct run_began *);
/* Whether anybody asks for runs: else there is no need to make a run_view. */
int  views_wanted(void);
void views_run(const struct run_view *);
/* Whatever has happened since; as often as one likes. */
void views_update(const struct run_now *);
/* When to call that again though nothing happens, ms; -1: no need. */
int  views_timeout(int64_t now_ns);
/* The run is over.  -1: something could not be written (said). */
int  views_close(const struct run_now *, const struct run_end *);

#endif

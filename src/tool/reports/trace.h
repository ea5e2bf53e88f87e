/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace - --trace: a run of jobs for Perfetto and chrome://tracing, in the Trace Event Format, event by event as it happens.
 *
 * The file is an array whose closing bracket is written last.  That form, and no other, may do without it, so what a tool
 * that is killed leaves behind is a trace as well.  A worker is a thread; what it ran are complete events, which on one
 * thread must not overlap: they cannot, though each begins where two readings of the clock have put it, since none is
 * put before the end of the last one there.  Memory is a few words a worker.
 * Includes json_text, options, run_view.
 */
#ifndef FORKPOOL_TOOL_TRACE_H
#define FORKPOOL_TOOL_TRACE_H

#include "forkpool.h"
#include "tool/cli/options.h"
#include "tool/reports/attempt.h"

/* Ends the tool where the file cannot be opened. */
void trace_open(const struct options *, struct forkpool *, const struct attempt_began *);
void trace_run(const struct attempt *);
/* Counters are looked at now and then, and only while something changes. */
void trace_update(const struct attempt_now *);
int  trace_timeout(int64_t now_ns);
/* -1: some of it could not be written (said). */
int  trace_close(const struct attempt_now *);

#endif

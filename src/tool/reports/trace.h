/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace - --trace: a run of jobs for Perfetto and chrome://tracing, in the Trace Event Format,
 * event by event as it happens.
 *
 * The file is an array whose closing bracket is written last.  Of the format's forms the array
 * alone may lack its end, so a tool that is killed leaves a valid trace.  Each worker is a thread,
 * and each try of a job is a complete event.  Complete events of one thread must not overlap: the
 * beginning of a try, which is found by reading the clock twice, is moved to the end of the try
 * before if it lies before that.  Memory is a few words for each worker.
 */
#ifndef FORKPOOL_TOOL_TRACE_H
#define FORKPOOL_TOOL_TRACE_H

#include "forkpool.h"
#include "tool/cli/options.h"
#include "tool/reports/attempt.h"

/* Ends the tool where the file cannot be opened. */
void trace_open(const struct options *, struct forkpool *, const struct attempt_began *);
void trace_run(const struct attempt *);
/* Reads the counters now and then, and only while they change. */
void trace_update(const struct attempt_now *);
int  trace_timeout(int64_t now_ns);
/* -1: a part of the trace could not be written (said). */
int  trace_close(const struct attempt_now *);

#endif

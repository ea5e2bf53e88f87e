/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * median_timeout - --timeout N%: ends jobs that have run longer than N percent of the median of the
 * run times of those that have succeeded so far.
 *
 * The pool's own timeouts are set when a job is handed in; this one changes while jobs run.  So the
 * run looks at the workers when the job that has run longest may be past it, and cancels that.
 */
#ifndef FORKPOOL_TOOL_MEDIAN_TIMEOUT_H
#define FORKPOOL_TOOL_MEDIAN_TIMEOUT_H

#include <stdint.h>

#include "tool/run/run_state.h"

/* A job has succeeded. */
void median_timeout_add(const struct options *, int64_t run_ns);
/* Ends the jobs that have run too long.  now: monotonic, as below. */
void median_timeout_check(const struct run *, int64_t now);
/* ms until that is due; -1: it is not. */
int  median_timeout_ms(const struct options *, int64_t now);
/* Whether this was to end the job with that number of the pool, whose result has come: to be asked
   once for each result. */
int  median_timeout_has_ended(uint64_t pool_seq);
void median_timeout_close(void);

#endif

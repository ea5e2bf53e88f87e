/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * throttle - whether a job may be started now: --delay, --load, --memfree, --limit.
 */
#ifndef FORKPOOL_TOOL_THROTTLE_H
#define FORKPOOL_TOOL_THROTTLE_H

#include <stdint.h>

#include "tool/cli/options.h"

/* Whether one of these options is given: jobs are then started one by one, as workers are free. */
int  throttle_wanted(const struct options *);
/*
 * 0: a job may start now; above 0: the nanoseconds after which to ask again; -1: none may any more,
 * which a line has said.  now: monotonic.  none_runs: no job runs, so that one may start whatever
 * the load is.
 */
int64_t throttle_wait(const struct options *, int64_t now, int none_runs);
/* A job has been started. */
void throttle_started(int64_t now);

#endif

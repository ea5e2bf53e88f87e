/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * observers - --trace, --metrics-file and --report: each try of a job is handed to them as it
 * ends, also one that will be tried again.
 *
 * An observer that was not asked for costs a comparison.
 */
#ifndef FORKPOOL_TOOL_OBSERVERS_H
#define FORKPOOL_TOOL_OBSERVERS_H

#include "forkpool.h"
#include "tool/cli/options.h"
#include "tool/reports/attempt.h"

/*
 * Call it when the pool is open.  A file that cannot be opened ends the tool, before any job has
 * run.
 */
void observers_open(const struct options *, struct forkpool *, const struct attempt_began *);
/* Whether there is an observer: else nobody needs a struct attempt. */
int  observers_wanted(void);
void observers_run(const struct attempt *);
/* Hands on the present state; may be called at any time. */
void observers_update(const struct attempt_now *);
/* ms until observers_update() is needed even if nothing happens; -1: not at all. */
int  observers_timeout(int64_t now_ns);
/* The run is over.  -1: a file could not be written (said). */
int  observers_close(const struct attempt_now *, const struct attempt_end *);

#endif

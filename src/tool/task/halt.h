/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * halt - whether enough jobs have failed, succeeded or ended for the run to end (--halt).
 */
#ifndef FORKPOOL_TOOL_HALT_H
#define FORKPOOL_TOOL_HALT_H

#include <stdint.h>

#include "tool/cli/options.h"

/* total: of all jobs, 0 if it is not known. */
int halt_reached(const struct halt_option *, uint64_t failed, uint64_t succeeded, uint64_t total);

/*
 * The exit status of GNU parallel when --halt was reached, by a job with that status: if one job
 * was enough, the status of that job, else the number or the percentage of failed jobs.
 */
int halt_status(const struct halt_option *, uint64_t failed, uint64_t total, int status);
/* The exit status of GNU parallel at the end of a run in which --halt was not reached. */
int halt_status_unreached(const struct halt_option *, uint64_t failed, uint64_t done);

#endif

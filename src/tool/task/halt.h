/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * halt - whether enough jobs have failed, succeeded or ended for the run to end (--halt).
 */
#ifndef FORKPOOL_TOOL_HALT_H
#define FORKPOOL_TOOL_HALT_H

#include <stdint.h>

#include "tool/cli/options.h"

/* total 0: not known. */
int halt_reached(const struct halt_option *, uint64_t failed, uint64_t succeeded, uint64_t total);

/*
 * GNU parallel's exit status: when it has been reached, by a job with that status, that of a job
 * where one was wanted, otherwise how many have failed or which share of all; and at the end of a
 * run in which it has not.
 */
int halt_status(const struct halt_option *, uint64_t failed, uint64_t total, int status);
int halt_status_unreached(const struct halt_option *, uint64_t failed, uint64_t done);

#endif

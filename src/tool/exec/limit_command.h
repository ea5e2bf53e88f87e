/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limit_command - runs the command of --limit before each job, and tells whether that may begin.
 *
 * One runs at a time, beside the loop: nothing waits for it.
 */
#ifndef FORKPOOL_TOOL_LIMIT_COMMAND_H
#define FORKPOOL_TOOL_LIMIT_COMMAND_H

#include <stdint.h>

#include "tool/cli/options.h"

/*
 * 0: a job may begin; above 0: the nanoseconds after which to ask again; -1: the command has
 * failed, which a line has said.  now: monotonic.
 */
int64_t limit_command_wait(const struct options *, int64_t now);
/* A job has begun: the next one needs another answer. */
void    limit_command_used(void);
/* Ends the command, if it runs. */
void    limit_command_close(void);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command_check - whether there is the command that all jobs run, before any of them does.
 */
#ifndef FORKPOOL_TOOL_COMMAND_CHECK_H
#define FORKPOOL_TOOL_COMMAND_CHECK_H

#include "tool/cli/options.h"

/*
 * Looks for the command, if its first word is the same for all jobs, and makes it known to
 * exec/command.  Without it the run need not begin, nor where that word is a line for a shell.
 * Returns 0, or the exit status, which a line has explained.
 */
int command_check(const struct options *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dry_run - --dry-run: prints each command on a line, and runs none.
 */
#ifndef FORKPOOL_TOOL_DRY_RUN_H
#define FORKPOOL_TOOL_DRY_RUN_H

#include "tool/cli/options.h"

/* After task_queue_open(); closes the queue.  Returns the exit status. */
int dry_run(const struct options *);

#endif

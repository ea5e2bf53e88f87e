/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dry_run - --dry-run: each command on a line, and none is run.
 */
#ifndef FORKPOOL_TOOL_DRY_RUN_H
#define FORKPOOL_TOOL_DRY_RUN_H

#include "tool/cli/options.h"

/* After feed_open(); closes the feed.  The exit status. */
int dry_run(const struct options *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run - the whole of a run: tasks go to the pool as there is room, results come back, are recorded and published.
 */
#ifndef FORKPOOL_TOOL_RUN_H
#define FORKPOOL_TOOL_RUN_H

#include "tool/cli/options.h"

/* The tool's exit status; dies of the signal where one ended it. */
int run(const struct options *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sandbox_paths - what --sandbox opens up: what a command needs to be executed at all, and what the options name.
 */
#ifndef FORKPOOL_TOOL_SANDBOX_PATHS_H
#define FORKPOOL_TOOL_SANDBOX_PATHS_H

#include "forkpool.h"
#include "tool/cli/options.h"

/* For commands (a plug-in needs nothing).  What it points to is there until sandbox_paths_free(). */
void sandbox_paths_fill(struct forkpool_sandbox *, const struct options *);
void sandbox_paths_free(struct forkpool_sandbox *);

#endif

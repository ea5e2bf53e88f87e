/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sandbox_paths - the paths that --sandbox leaves open: those that a command needs to be executed
 * at all, and those that the options name.
 */
#ifndef FORKPOOL_TOOL_SANDBOX_PATHS_H
#define FORKPOOL_TOOL_SANDBOX_PATHS_H

#include "forkpool.h"
#include "tool/cli/options.h"

/* Ends the tool where a job can have planted a link on the way to a path of the options. */
void sandbox_paths_check(const struct options *);
/* A plug-in gets only the paths of the options.  The lists are valid until sandbox_paths_free(). */
void sandbox_paths_fill(struct forkpool_sandbox *, const struct options *);
void sandbox_paths_free(struct forkpool_sandbox *);

#endif

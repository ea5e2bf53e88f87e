/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * start - the workers of a run: which pool the options ask for, and how many jobs it is given at a time.
 *
 * Includes channels, command, jobserver, plugin, sandbox_paths, throttle.
 */
#ifndef FORKPOOL_TOOL_START_H
#define FORKPOOL_TOOL_START_H

#include "forkpool.h"
#include "tool/cli/options.h"
#include "tool/exec/plugin.h"

struct pool_setup {
	const struct options *options;
	const struct plugin  *plugin;   /* count 0: commands */
	unsigned workers;               /* asked for; after that those that there are */
	/* To be filled in. */
	struct forkpool *pool;
	unsigned under_way_max;         /* jobs handed to the pool and not ended */
	int      apart;                 /* each run has a process of its own */
};

/* Look for the first word of each command, where it is the same for all: a run that cannot have a single job need not begin.
   0, or the exit status, and it has been said. */
int  pool_setup_check(const struct options *);
/* What goes wrong ends the tool with one line. */
void pool_setup_open(struct pool_setup *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool_setup - opens the pool that the options ask for, and says how many jobs it is given at a
 * time.
 */
#ifndef FORKPOOL_TOOL_POOL_SETUP_H
#define FORKPOOL_TOOL_POOL_SETUP_H

#include "forkpool.h"
#include "tool/cli/options.h"
#include "tool/exec/plugin.h"

struct pool_setup {
	const struct options *options;
	const struct plugin  *plugin;   /* count 0: commands */
	int      journal;               /* a descriptor that the workers keep; -1: none */
	unsigned workers;               /* asked for; then those that there are */
	/* Set by pool_setup_open(): */
	struct forkpool *pool;
	unsigned under_way_max;         /* jobs that the pool may have at a time */
	int      own_process;           /* each job has a process of its own */
};

/* Whether our standard input is that of commands which have no other. */
int  pool_setup_hands_on_input(const struct options *);
/* A failure ends the tool with one line. */
void pool_setup_open(struct pool_setup *);

#endif

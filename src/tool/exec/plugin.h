/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin - a shared object of job functions: tried, checked and loaded before the pool is opened.
 */
#ifndef FORKPOOL_TOOL_PLUGIN_H
#define FORKPOOL_TOOL_PLUGIN_H

#include "forkpool.h"
#include "tool/cli/options.h"

struct plugin {
	forkpool_fn **functions;  /* in the order of --plugin; each item is a job of each */
	size_t        count;
	int         (*init)(void *arg, void **state);  /* for struct forkpool_options */
	void        (*exit)(void *arg, void *state);   /* NULL: the object has none */
	void         *arg;
};

/*
 * Loads the plug-in of the options: first for a trial in a process of its own, so that an object
 * that crashes, exits or hangs while it is loaded does no harm, then here.  Any fault ends the tool
 * with one line.  A file name without a slash is in the current directory: there is no search path.
 */
void plugin_load(struct plugin *, const struct options *);

/* How long the trial may take. */
extern int64_t plugin_load_timeout_ns;

#endif

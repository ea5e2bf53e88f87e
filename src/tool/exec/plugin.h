/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin - a shared object of job functions: loaded and looked over before the pool is opened.
 *
 * Includes command, ending, options, plugin_names, visible.
 */
#ifndef FORKPOOL_TOOL_PLUGIN_H
#define FORKPOOL_TOOL_PLUGIN_H

#include "forkpool.h"
#include "tool/cli/options.h"

struct plugin {
	forkpool_fn **functions;  /* in the order of --plugin; each item is a job of each of them */
	size_t        count;
	int         (*init)(void *arg, void **state);  /* for struct forkpool_options */
	void        (*exit)(void *arg, void *state);   /* NULL: it has none */
	void         *arg;
};

/*
 * In a process of its own first, so that one that crashes, exits or hangs while it is loaded ends nothing; then here.
 * Any fault ends the tool with one line.  A file without a slash is one of the current directory: there is no search
 * path.
 */
void plugin_load(struct plugin *, const struct options *);

/* How long loading may take. */
extern int64_t plugin_load_timeout_ns;

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run - the whole of a run: jobs begin as there is room, results come back, are recorded and
 * published.
 *
 * The path of one job:
 *
 *	items/, taskgen/   items of the input become a task
 *	task_queue         the next task of the input
 *	replay             with --journal: is it done already?
 *	scheduler          is it to begin now?  The task becomes a job, with a channel and a token
 *	submit             the job goes to the pool, and a worker runs it
 *	run                the main loop takes the pool's result
 *	completion         an outcome: another try (retries), or the end, for --journal first
 *	publish            the job's records, and with -k its turn (order)
 *	output_writer      its output, to standard output and standard error
 */
#ifndef FORKPOOL_TOOL_RUN_H
#define FORKPOOL_TOOL_RUN_H

#include "tool/cli/options.h"

/* The tool's exit status; dies of the signal if one ended the run. */
int run(const struct options *);

#endif

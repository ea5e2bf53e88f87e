/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run_state - what a run consists of.
 *
 * run.c has the one struct run and alone writes it; the other files get it as const.  All that
 * changes while the run goes on belongs to one file, which alone writes it; others ask by its
 * functions:
 *
 *	run.c            struct run; how far interrupts have come, whether the run halts
 *	task_queue.c     tasks of the input
 *	replay.c         how far the input is compared with the journal
 *	scheduler.c      whether jobs may begin, and what the next one waits for
 *	median_timeout.c how long a job may run with --timeout N%
 *	retries.c        jobs to be tried again
 *	submit.c         how many jobs the pool has
 *	completion.c     jobs that have ended and are not on the disk
 *	run_totals.c     how jobs have ended, whether the tool has failed
 *	order.c          jobs that wait for their turn
 *	output_writer.c  output that nobody has taken yet
 *	joblog_queue.c   lines of the joblog whose output is not out
 */
#ifndef FORKPOOL_TOOL_RUN_STATE_H
#define FORKPOOL_TOOL_RUN_STATE_H

#include "forkpool.h"
#include "tool/cli/options.h"
#include "tool/exec/plugin.h"
#include "tool/journal/journal.h"

struct run {
	const struct options *options;
	struct journal  *journal;       /* NULL without --journal */
	struct plugin    plugin;        /* count 0: jobs are commands */
	struct forkpool *pool;
	int              own_process;   /* each job has a process of its own, below its worker */
	unsigned         workers;
	unsigned         under_way_max; /* jobs that the pool may have at a time */
};

#endif

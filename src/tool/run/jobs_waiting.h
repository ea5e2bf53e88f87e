/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jobs_waiting - jobs that were taken from the input and cannot begin yet, in order.
 *
 * With --pipe each keeps the channel whose file has its block.
 */
#ifndef FORKPOOL_TOOL_JOBS_WAITING_H
#define FORKPOOL_TOOL_JOBS_WAITING_H

#include "tool/task/job.h"

/* All zero: none. */
struct jobs_waiting {
	struct job *first, *last; /* none of them is under way */
};

/* The job is the list's until it is taken. */
void        jobs_waiting_add(struct jobs_waiting *, struct job *);
/* The first one; NULL: none waits. */
struct job *jobs_waiting_take(struct jobs_waiting *);

#endif

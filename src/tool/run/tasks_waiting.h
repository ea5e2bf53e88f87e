/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tasks_waiting - tasks that were taken from the input and cannot begin yet, in order.
 *
 * With --pipe each keeps the channel whose file has its block.
 */
#ifndef FORKPOOL_TOOL_TASKS_WAITING_H
#define FORKPOOL_TOOL_TASKS_WAITING_H

#include "tool/exec/channels.h"
#include "tool/task/job.h"

/* All zero: none. */
struct tasks_waiting {
	struct job *first, *last; /* none of them is under way */
};

/* The task, and the channel if it is not NULL, are the list's until they are taken. */
void         tasks_waiting_add(struct tasks_waiting *, struct task *, struct channel *);
/* The first one, and in *channel its channel, if it has one; NULL: none waits. */
struct task *tasks_waiting_take(struct tasks_waiting *, struct channel **channel);

#endif

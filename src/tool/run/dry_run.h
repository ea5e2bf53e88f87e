/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dry_run - goes through the jobs of a run and prints something for each, but runs none: for
 * --dry-run the command, on a line.
 */
#ifndef FORKPOOL_TOOL_DRY_RUN_H
#define FORKPOOL_TOOL_DRY_RUN_H

#include "tool/cli/options.h"
#include "tool/task/task.h"

/* Adds what is printed for a task. */
typedef void dry_run_text(const struct options *, struct task *, struct bytes *);

/*
 * Prints head, then the text of each task.  After task_queue_open(); closes the queue.  Returns the
 * exit status.
 */
int      dry_run(const struct options *, const struct bytes *head, dry_run_text *);
/* The text of --dry-run. */
void     dry_run_command(const struct options *, struct task *, struct bytes *);
/* {%}: the worker that would run the task is not known; they are taken in turns. */
unsigned dry_run_slot(const struct options *, const struct task *);

#endif

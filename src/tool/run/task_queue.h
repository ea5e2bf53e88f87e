/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * task_queue - the tasks of the input that no earlier run has done.
 */
#ifndef FORKPOOL_TOOL_TASK_QUEUE_H
#define FORKPOOL_TOOL_TASK_QUEUE_H

#include "tool/cli/options.h"
#include "tool/task/task.h"
#include "tool/taskgen/batcher.h"

/* Called for each seq that --resume skips, so that ordered output can advance. */
typedef void task_queue_skip(uint64_t seq);

/* functions: how many functions a plug-in has; each item becomes a job of each of them.  0 or 1:
   one job.  The skip function may be NULL. */
void        task_queue_open(const struct options *, size_t functions, task_queue_skip *);
void        task_queue_close(void);
/* The next task, the caller's from here on.  NEXT_WAIT: poll task_queue_fd() for input and come
   again.  NEXT_END: there is none.  block_fd: with --pipe the file for the task's standard
   input. */
enum next   task_queue_next(struct task **, int block_fd);
/*
 * Read up to count tasks ahead, without waiting, so that it becomes known how many there are.  Both
 * the number and the memory of tasks read ahead are limited: of a very long input the number
 * becomes known when its rest is within that.
 */
void        task_queue_look_ahead(size_t count);
/* -1: the input needs no poll. */
int         task_queue_fd(void);
/* --header: the columns' names; NULL: none. */
const struct row *task_queue_header(void);
/* Give out no more tasks. */
void        task_queue_stop(void);
int         task_queue_is_over(void);
/* The task needs its part of the input no more: its job has begun, or none is wanted. */
void        task_queue_used(const struct task *);
/*
 * When all is over: leaves standard input, where it can be sought, behind the part that was used,
 * for whoever reads on.  with_next: as if the next task had been used as well.
 */
void        task_queue_put_back(int with_next);
/* Tasks of the whole input; 0: not known yet. */
uint64_t    task_queue_total(void);
/* How many of them --resume has skipped so far. */
uint64_t    task_queue_passed_over(void);
/* What was wrong with the input (already said), and the exit status for it; NULL: nothing. */
const char *task_queue_error(int *status);

#endif

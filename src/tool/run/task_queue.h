/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * feed - what is to run next: tasks to be tried again, then those of the input that no earlier run has done.
 *
 * Includes batcher, resume, plugin.
 */
#ifndef FORKPOOL_TOOL_FEED_H
#define FORKPOOL_TOOL_FEED_H

#include "tool/cli/options.h"
#include "tool/task/task.h"
#include "tool/taskgen/batcher.h"

/* A number that is not to run: has_run says so; the order of publishing has to know. */
typedef void task_queue_skip(uint64_t seq);

/* functions: of a plug-in, each item becomes a job of each; else 1. */
void        task_queue_open(const struct options *, size_t functions, task_queue_skip *);
void        task_queue_close(void);
/* block_fd: with --pipe, the file that takes the task's standard input; else -1. */
enum next   task_queue_next(struct task **, int block_fd);
/*
 * Read up to count tasks ahead, without waiting, so that it becomes known how many there are.  There is an end to that: of
 * a very long input the number is known when the rest of it is no longer that long.
 */
void        task_queue_look_ahead(size_t count);
int         task_queue_fd(void);
/* --header: the columns' names; NULL: none. */
const struct row *task_queue_header(void);
void        task_queue_again(struct task *);
/* Nothing more from the input or for another try; what was waiting for that is the caller's to end. */
struct task *task_queue_stop(void);
int         task_queue_is_over(void);
uint64_t    task_queue_total(void);       /* 0: not known yet */
uint64_t    task_queue_passed_over(void); /* of those, by now: --resume has them done */
const char *task_queue_error(int *status);

#endif

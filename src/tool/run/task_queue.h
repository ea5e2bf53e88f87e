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
typedef void feed_skip(uint64_t seq);

/* functions: of a plug-in, each item becomes a job of each; else 1. */
void        feed_open(const struct options *, size_t functions, feed_skip *);
void        feed_close(void);
/* block_fd: with --pipe, the file that takes the task's standard input; else -1. */
enum next   feed_next(struct task **, int block_fd);
/*
 * Read up to count tasks ahead, without waiting, so that it becomes known how many there are.  There is an end to that: of
 * a very long input the number is known when the rest of it is no longer that long.
 */
void        feed_look_ahead(size_t count);
int         feed_fd(void);
/* --header: the columns' names; NULL: none. */
const struct row *feed_header(void);
void        feed_again(struct task *);
/* Nothing more from the input or for another try; what was waiting for that is the caller's to end. */
struct task *feed_stop(void);
int         feed_is_over(void);
uint64_t    feed_total(void);       /* 0: not known yet */
uint64_t    feed_passed_over(void); /* of those, by now: --resume has them done */
const char *feed_error(int *status);

#endif

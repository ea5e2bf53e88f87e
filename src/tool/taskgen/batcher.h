/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batcher - makes tasks of rows: as many rows in one command line as -n, -N, -L, -s, -m, -X and the
 * system allow.
 */
#ifndef FORKPOOL_TOOL_BATCHER_H
#define FORKPOOL_TOOL_BATCHER_H

#include "tool/cli/options.h"
#include "tool/items/rows.h"
#include "tool/task/task.h"

struct batcher;
struct batcher *batcher_open(const struct options *, struct rows *);
void      batcher_close(struct batcher *);
/* The caller frees *task.  NEXT_WAIT: poll batcher_fd() for input and call again. */
enum next batcher_next(struct batcher *, struct task **task);
int       batcher_fd(const struct batcher *);
/* How many tasks there will be in all; 0: not known yet. */
uint64_t  batcher_total(const struct batcher *);
/* The first error in the input, already printed, and its exit status; NULL: there was none. */
const char *batcher_error(const struct batcher *, int *status);

#endif

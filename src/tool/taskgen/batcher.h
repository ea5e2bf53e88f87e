/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batcher - rows into tasks: as many rows in one command line as -n, -N, -L, -s, -m, -X and the system allow.
 *
 * Includes sources, template, task.
 */
#ifndef FORKPOOL_TOOL_BATCHER_H
#define FORKPOOL_TOOL_BATCHER_H

#include "tool/cli/options.h"
#include "tool/items/rows.h"
#include "tool/task/task.h"

struct batcher;
struct batcher *batcher_open(const struct options *, struct rows *);
void      batcher_close(struct batcher *);
/* *task becomes the next one, the caller's to free; NEXT_WAIT: poll batcher_fd() for input and come again. */
enum next batcher_next(struct batcher *, struct task **task);
int       batcher_fd(const struct batcher *);
/* How many tasks there will be in all; 0: not known yet. */
uint64_t  batcher_total(const struct batcher *);
/* What went wrong with the input (it has been said already), and the exit status that it makes; NULL: nothing. */
const char *batcher_error(const struct batcher *, int *status);

#endif

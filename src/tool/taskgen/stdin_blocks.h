/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pipe_blocks - --pipe: standard input in blocks of about --block bytes, each whole records, each one job's standard input.
 *
 * Includes options, sources (for enum next), store, task.
 */
#ifndef FORKPOOL_TOOL_PIPE_BLOCKS_H
#define FORKPOOL_TOOL_PIPE_BLOCKS_H

#include "tool/cli/options.h"
#include "tool/items/rows.h"
#include "tool/task/task.h"

struct stdin_blocks;
struct stdin_blocks *stdin_blocks_open(const struct options *);
void      stdin_blocks_close(struct stdin_blocks *); /* NULL is fine */
/* The next block is written into fd from its beginning, and fd cut to that length; *task has block_len and the command.  After
   NEXT_WAIT the block is not complete: come again with the same fd. */
enum next stdin_blocks_next(struct stdin_blocks *, int fd, struct task **task);
int       stdin_blocks_fd(const struct stdin_blocks *);
/* As batcher_error(). */
const char *stdin_blocks_error(const struct stdin_blocks *, int *status);

#endif

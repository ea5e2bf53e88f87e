/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stdin_blocks - --pipe: cuts standard input into blocks of about --block bytes and whole records,
 * one for each job.
 */
#ifndef FORKPOOL_TOOL_STDIN_BLOCKS_H
#define FORKPOOL_TOOL_STDIN_BLOCKS_H

#include "tool/cli/options.h"
#include "tool/items/rows.h"
#include "tool/task/task.h"

struct stdin_blocks;
struct stdin_blocks *stdin_blocks_open(const struct options *);
void      stdin_blocks_close(struct stdin_blocks *); /* NULL is fine */
/*
 * Writes the next block into fd, from the beginning, and truncates fd to its length; *task has the
 * command and block_len.  After NEXT_WAIT the block is incomplete: call again with the same fd.
 */
enum next stdin_blocks_next(struct stdin_blocks *, int fd, struct task **task);
int       stdin_blocks_fd(const struct stdin_blocks *);
/* Bytes of all blocks so far; leaving standard input behind so many bytes, as rows_put_back(). */
uint64_t  stdin_blocks_taken(const struct stdin_blocks *);
void      stdin_blocks_put_back(const struct stdin_blocks *, uint64_t taken);
/* As batcher_error(). */
const char *stdin_blocks_error(const struct stdin_blocks *, int *status);

#endif

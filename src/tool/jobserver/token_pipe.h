/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * token_pipe - a pipe or FIFO of tokens that others read from and write to as well: one byte is one token.
 *
 * Neither taking nor giving ever waits, and no flag of a descriptor that is shared with others is changed: whether it waits is
 * a flag of the open file, which make and its children have in common, so we open the pipe once more for ourselves
 * (/dev/fd/N).  Where that is denied (a pipe of another user, no /proc) splice(2) can be told not to wait.
 * We hold both ends, so that there is no end of file.  Includes nothing of the tool.
 */
#ifndef FORKPOOL_TOOL_TOKEN_PIPE_H
#define FORKPOOL_TOOL_TOKEN_PIPE_H

#include <stddef.h>

struct token_pipe {
	int read_fd, write_fd;  /* ours, close-on-exec; to poll read_fd for input */
	int through[2];         /* -1: read_fd does not wait; else what splice() moves a token into */
	int may_wait;           /* write_fd is a duplicate, and would where the pipe is full */
};

#define TOKEN_PIPE_NONE ((struct token_pipe){ .read_fd = -1, .write_fd = -1, .through = { -1, -1 } })

/* The pipe that these two are the ends of; they stay as they are.  0, or -1: *why (size bytes) says what is wrong. */
int  token_pipe_join(struct token_pipe *, int read_fd, int write_fd, char *why, size_t size);
/* A FIFO that somebody serves; or a character device, as some servers are. */
int  token_pipe_open(struct token_pipe *, const char *path, char *why, size_t size);
/* A new FIFO, for its user only.  -1 and errno. */
int  token_pipe_make(struct token_pipe *, const char *path);
void token_pipe_close(struct token_pipe *);

/* 1, 0 there is none now, -1 it has come to an end (errno). */
int  token_pipe_take(struct token_pipe *, char *token);
/* 0, or -1 and errno. */
int  token_pipe_give(struct token_pipe *, char token);
/* How many lie there. */
unsigned token_pipe_count(const struct token_pipe *);

#endif

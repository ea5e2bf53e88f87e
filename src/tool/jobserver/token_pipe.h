/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * token_pipe - a pipe or FIFO of tokens that others read from and write to as well: one byte is one
 * token.
 *
 * Neither taking nor giving ever waits, and no flag is changed that others see: O_NONBLOCK is a
 * flag of the open file, which make and its children share.  So we open the pipe once more for
 * ourselves (/dev/fd/N).  Where that is denied (a pipe of another user, no /proc), splice(2) can be
 * told not to wait.  We hold both ends, so that there is never an end of file.
 */
#ifndef FORKPOOL_TOOL_TOKEN_PIPE_H
#define FORKPOOL_TOOL_TOKEN_PIPE_H

#include <stddef.h>

struct token_pipe {
	int read_fd, write_fd;  /* ours, close-on-exec; read_fd can be polled for input */
	int through[2];         /* what splice() moves a token into; -1: read_fd is non-blocking */
	int may_wait;           /* write_fd is a duplicate: write() waits where the pipe is full */
};

#define TOKEN_PIPE_NONE \
	((struct token_pipe){ .read_fd = -1, .write_fd = -1, .through = { -1, -1 } })

/* Joins the pipe with these ends, which stay as they are.  0, or -1 and the reason in *why. */
int  token_pipe_join(struct token_pipe *, int read_fd, int write_fd, char *why, size_t size);
/* Opens a FIFO that is served, or a character device, as some servers are.  Returns likewise. */
int  token_pipe_open(struct token_pipe *, const char *path, char *why, size_t size);
/* Makes a new FIFO that only its user can open.  0, or -1 and errno. */
int  token_pipe_make(struct token_pipe *, const char *path);
void token_pipe_close(struct token_pipe *);

/* 1: taken; 0: there is no token now; -1 and errno: the pipe has come to an end. */
int  token_pipe_take(struct token_pipe *, char *token);
/* 0, or -1 and errno. */
int  token_pipe_give(struct token_pipe *, char token);
/* How many tokens lie in the pipe. */
unsigned token_pipe_count(const struct token_pipe *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fd - descriptors: kept above 2, closed in bulk, read and written whole.
 *
 * Every loop over a descriptor that has to mind EINTR and short counts is here.  All of it is
 * async-signal-safe.
 */
#ifndef FORKPOOL_FD_H
#define FORKPOOL_FD_H

#include <stddef.h>
#include <sys/types.h>

/* Move fd above 2, close-on-exec, if it is not: else the pool's descriptors would become the
   standard streams of a caller that has closed 0-2.  Takes fd over: on -1 it is closed. */
int fd_raise(int fd);
/* Move fd to a number of at least from; where RLIMIT_NOFILE does not allow that, as fd_raise(). */
int fd_raise_to(int fd, int from);
/* The first number above all descriptors that are open now. */
int fd_above_all(void);

/* Both ends of a socket pair for bytes and descriptors: close-on-exec, non-blocking, above 2. */
int fd_socketpair(int fds[2]);

int fd_set_nonblocking(int fd, int on);

/* Close *fd if it is open, set it to -1; errno is kept. */
void fd_close(int *fd);

/* Numbers first to last, both included. */
struct fd_span { int first, last; };
/* Close every descriptor above 2 except those in keep (n entries in any order, -1 entries are
   ignored; keep is sorted in place) and those in spans (ascending, without overlap). */
void fd_close_all_but(int *keep, size_t n, const struct fd_span *spans, size_t span_count);

/* Make each of 0-2 that is closed refer to what this one does; 0 or -1. */
int fd_fill_standard(int null);
/* Open path and make target refer to it; 0 or -1. */
int fd_redirect(const char *path, int flags, int target);

/* Write or read all len bytes at offset; 0 or -1 (EIO: the file ended before). */
int fd_pwrite_all(int fd, const void *data, size_t len, off_t offset);
int fd_pread_all(int fd, void *data, size_t len, off_t offset);

/* Empty a pipe or socket whose bytes only say that they came: of what is there, at most 64 KiB, so
   that somebody who writes without end does not keep the reader here.  How many bytes came. */
size_t fd_drop(int fd);
/* Ring: send one byte, whose only message is that it came, over a socket, without SIGPIPE.  0:
   sent, or so many bytes wait already that one more tells nothing new; -1: the peer is gone. */
int fd_ring(int socket);
/* The same over a pipe whose ends do not block; keeps errno but where that failed: -1. */
int fd_ring_pipe(int write_end);
/* Ring and pass a descriptor along; 1 sent, 0 would block, -1. */
int fd_ring_with(int socket, int passed);
/* Take one such byte: 1 taken, 0 none there now, -1 the peer is gone.  *passed: the descriptor that
   came with the byte; -1 none came; FD_NO_ROOM one came, but this process may have no more
   (RLIMIT_NOFILE). */
#define FD_NO_ROOM (-2)
int fd_heard(int socket, int *passed);

#endif

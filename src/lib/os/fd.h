/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fd - descriptors: kept above 2, closed in bulk, read and written whole.
 *
 * Every loop over a descriptor that has to mind EINTR and short counts is here.  All of it is
 * async-signal-safe.  Includes os.
 */
#ifndef FORKPOOL_FD_H
#define FORKPOOL_FD_H

#include <stddef.h>
#include <sys/types.h>

/* Move fd above 2 where it is not, close-on-exec, so that a caller with 0-2 closed cannot have
   its standard streams turn into the pool's.  Takes fd over: on -1 it is closed. */
int fd_raise(int fd);
/* The same to a number of at least from; where the limit does not allow that, wherever it can be. */
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
/* Close every descriptor above 2 that is not in keep (n of them, any order; -1 entries are
   ignored; keep is sorted in place), nor in one of these spans (ascending, apart from each other). */
void fd_close_all_but(int *keep, size_t n, const struct fd_span *spans, size_t span_count);

/* Let 0-2 be open: those that are not become /dev/null. */
void fd_fill_standard(void);
/* Make target refer to what path opens to; 0 or -1. */
int fd_redirect(const char *path, int flags, int target);

/* The whole of len at offset; 0 or -1 (EIO: the file ended before). */
int fd_pwrite_all(int fd, const void *data, size_t len, off_t offset);
int fd_pread_all(int fd, void *data, size_t len, off_t offset);

/* One byte of len 1 over a socket without SIGPIPE; what it carries is only that it came.
   0 sent or already so many waiting that one more says nothing new, -1 the peer is gone. */
int fd_ring(int socket);
/* The same with a descriptor; 1 sent, 0 would block, -1. */
int fd_ring_with(int socket, int passed);
/* Take one such byte: 1 (*passed is a descriptor that came with it, or FD_NO_ROOM where one came and
   this process could have no more (RLIMIT_NOFILE), else -1), 0 none now, -1 the peer is gone. */
#define FD_NO_ROOM (-2)
int fd_heard(int socket, int *passed);

#endif

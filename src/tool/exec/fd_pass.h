/* SPDX-License-Identifier: BSD-2-Clause */
/* fd_pass - hands an open file to a process that was forked before it was opened. */
#ifndef FORKPOOL_TOOL_FD_PASS_H
#define FORKPOOL_TOOL_FD_PASS_H

/* A pair of sockets for it, close-on-exec.  0, or -1 and errno. */
int fd_pass_pair(int sockets[2]);
/* 0, or -1 and errno. */
int fd_pass_send(int socket, int fd);
/* The descriptor, close-on-exec; does not wait: -1 and errno, EAGAIN where none was sent. */
int fd_pass_receive(int socket);

#endif

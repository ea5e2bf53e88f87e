/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet_pipe - a pipe of whole packets: each packet written is read whole, by exactly one reader.
 *
 * Two modes, one behaviour.  Linux: a pipe in packet mode (O_DIRECT, pipe(2)), where each write of
 * at most PIPE_BUF bytes is one packet.  Elsewhere, or built with --disable-packet-pipes: each
 * packet is padded to exactly WIRE_PACKET_SIZE bytes.  POSIX makes writes of PIPE_BUF bytes atomic,
 * so the pipe always holds whole packets, and every read takes whole ones.
 */
#ifndef FORKPOOL_PACKET_PIPE_H
#define FORKPOOL_PACKET_PIPE_H

#include <stdbool.h>

#include "lib/ipc/wire.h"

/* 0 or -1; fds[0] reads, fds[1] writes, both close-on-exec, above 2, blocking. */
int packet_pipe_open(int fds[2]);

/* Ask for room for so many packets; the system may give less. */
void packet_pipe_reserve(int fd, unsigned packets);

/* Set the write end's flags again: another process that has it may have changed them. */
int packet_pipe_restore(int write_end);

/* Write one packet of len bytes.  1 written, 0 would block, -1 (also on EINTR: the caller may have
   a reason to stop). */
int packet_pipe_write(int fd, struct wire_packet *, size_t len);

/* Read one packet.  Its length, 0 would block, -1 (EPIPE at end of file, EINTR as above). */
ssize_t packet_pipe_read(int fd, struct wire_packet *);

/* The same without waiting, whatever the pipe's flags; -1 also where the system cannot do so. */
ssize_t packet_pipe_read_now(int fd, struct wire_packet *);

/* Whether a packet waits to be read: 1, 0, -1. */
int packet_pipe_holds(int read_end);

/* Whether a partial packet, whoever wrote it, misaligns all later packets until the pipe is
   empty. */
bool packet_pipe_slips(void);

#endif

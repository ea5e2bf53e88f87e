/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets through a pipe: in packet mode, or each padded to the full size. */
#include "config.h"
#include "lib/ipc/packet_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/os/fd.h"
#include "lib/os/os.h"

#if !defined(__linux__) || defined(FORKPOOL_PADDED_PACKETS)
#define PADDED 1
#else
#define PADDED 0
#endif

int
packet_pipe_open(int fds[2])
{
	if (os_pipe(fds, !PADDED) == -1) {
		fds[0] = fds[1] = -1;
		return -1;
	}
	fds[0] = fd_raise(fds[0]);
	fds[1] = fd_raise(fds[1]);
	if (fds[0] == -1 || fds[1] == -1) {
		fd_close(&fds[0]);
		fd_close(&fds[1]);
		return -1;
	}
	return 0;
}

void
packet_pipe_reserve(int fd, unsigned packets)
{
#ifdef F_SETPIPE_SZ
	/* Each packet takes a page of the pipe, however short it is.  Past the user's limit
	   (pipe(7)) the system refuses: then the pipe stays as it is, and fewer packets can be sent
	   ahead. */
	if (packets > 256)
		packets = 256;
	if (packets > 16)
		(void)fcntl(fd, F_SETPIPE_SZ, (int)(packets * 4096));
#else
	(void)fd;
	(void)packets;
#endif
}

int
packet_pipe_restore(int write_end)
{
	return os_pipe_restore(write_end, !PADDED);
}

int
packet_pipe_write(int fd, struct wire_packet *packet, size_t len)
{
	if (PADDED) {
		memset(packet->bytes + len, 0, sizeof packet->bytes - len);
		len = sizeof packet->bytes;
	}
	ssize_t n = write(fd, packet->bytes, len);
	if (n == (ssize_t)len)
		return 1;
	if (n == -1)
		return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
	errno = EIO; /* a partial packet was written: the pipe is out of step */
	return -1;
}

ssize_t
packet_pipe_read(int fd, struct wire_packet *packet)
{
	ssize_t n = read(fd, packet->bytes, sizeof packet->bytes);

	if (n > 0)
		return n;
	if (n == 0) {
		errno = EPIPE;
		return -1;
	}
	return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
}

ssize_t
packet_pipe_read_now(int fd, struct wire_packet *packet)
{
	return os_read_now(fd, packet->bytes, sizeof packet->bytes);
}

int
packet_pipe_holds(int read_end)
{
	int bytes = 0;

	if (os_pipe_bytes(read_end, &bytes) == -1)
		return -1;
	return bytes > 0;
}

bool
packet_pipe_slips(void)
{
	return PADDED;
}

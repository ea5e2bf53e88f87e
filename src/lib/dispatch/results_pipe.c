/* SPDX-License-Identifier: BSD-2-Clause */
/* The caller's end of a pipe with results: opened, read packet by packet, closed at its end. */
#include "config.h"
#include "lib/dispatch/results_pipe.h"

#include <errno.h>

#include "lib/ipc/packet_pipe.h"
#include "lib/os/fd.h"

void
results_pipe_init(struct results_pipe *pipe, int fd, uint32_t packets)
{
	*pipe = (struct results_pipe){ .fd = fd, .packets = packets };
}

void
results_pipe_close(struct results_pipe *pipe)
{
	fd_close(&pipe->fd);
}

size_t
results_pipe_read(struct results_pipe *pipe, struct wire_packet *packet)
{
	while (pipe->fd != -1) {
		ssize_t n = packet_pipe_read(pipe->fd, packet);
		if (n > 0) {
			pipe->packets++;
			return (size_t)n;
		}
		if (n == -1 && errno == EINTR)
			continue;
		pipe->hot = false;
		if (n == -1 && errno == EPIPE)
			fd_close(&pipe->fd);
		return 0;
	}
	pipe->hot = false;
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors that jobs inherit: moving them to high numbers, clearing flags that a job has set. */
#include "config.h"
#include "tool/exec/job_fd.h"

#include <fcntl.h>
#include <unistd.h>

int
job_fd_raise(int *fd, int from)
{
	int raised = fcntl(*fd, F_DUPFD_CLOEXEC, from);

	if (raised == -1)
		return -1;
	(void)close(*fd);
	*fd = raised;
	return 0;
}

void
job_fd_restore(int fd)
{
	int flags = fd == -1 ? -1 : fcntl(fd, F_GETFL);

	if (flags != -1 && (flags & (O_NONBLOCK | O_APPEND)) != 0)
		(void)fcntl(fd, F_SETFL, flags & ~(O_NONBLOCK | O_APPEND));
}

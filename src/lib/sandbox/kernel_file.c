/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes settings to files in /proc and /sys/fs/cgroup. */
#include "config.h"
#include "lib/sandbox/kernel_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#ifdef HAVE_SYS_SYSCALL_H
#include <sys/syscall.h>
#endif

#include "lib/os/fd.h"
#include "lib/os/syscall_gate.h"

int
kernel_file_write(int dir, const char *name, const char *value)
{
#ifdef SYS_openat
	/* Through the gate: the worker may be confined already. */
	int fd = (int)gate_call(SYS_openat, dir, (long)name, O_WRONLY | O_CLOEXEC, 0, 0);

	if (fd == -1)
		return -1;
	/* One write: the kernel takes each as a whole setting. */
	ssize_t n = write(fd, value, strlen(value));
	fd_close(&fd);
	return n == -1 ? -1 : 0;
#else
	(void)dir;
	(void)name;
	(void)value;
	errno = ENOSYS;
	return -1;
#endif
}

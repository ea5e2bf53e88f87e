/* SPDX-License-Identifier: BSD-2-Clause */
/* The capture file, and what becomes of stdio buffers that the caller left. */
#include "config.h"
#include "lib/job/stdio_capture.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/os/fd.h"
#include "lib/os/os.h"

int
capture_file(int fd_base)
{
	int fd = fd_raise_to(os_memory_file("forkpool-output", 0), fd_base);

	if (fd == -1)
		return -1;
	int flags = fcntl(fd, F_GETFL);
	if (flags == -1 || fcntl(fd, F_SETFL, flags | O_APPEND) == -1)
		fd_close(&fd);
	return fd;
}

int
capture_prepare(enum forkpool_output output, int null)
{
	/* The caller itself will write what it had buffered when it forked. */
	(void)fpurge(stdin);
	(void)fpurge(stdout);
	(void)fpurge(stderr);
	if (output != FORKPOOL_OUTPUT_DISCARD)
		return 0;
	return dup2(null, STDOUT_FILENO) == -1 || dup2(null, STDERR_FILENO) == -1 ? -1 : 0;
}

int
capture_enter(int file)
{
	if (dup2(file, STDOUT_FILENO) == -1 || dup2(file, STDERR_FILENO) == -1)
		return -1;
	return 0;
}

uint64_t
capture_size(int file)
{
	struct stat st;

	return fstat(file, &st) == 0 && st.st_size > 0 ? (uint64_t)st.st_size : 0;
}

void
capture_empty(int file)
{
	int cut = ftruncate(file, 0);

	(void)cut; /* if it fails, nothing can be done */
}

void
capture_flush_stdio(void)
{
	if (capture_stdio_waits())
		(void)fflush(stdout);
}

void
capture_trim(int file, uint64_t cap)
{
	if (capture_size(file) > cap)
		(void)os_file_discard(file, (off_t)cap);
}

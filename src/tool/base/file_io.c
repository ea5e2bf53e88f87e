/* SPDX-License-Identifier: BSD-2-Clause */
/* Loops around write(), pwrite(), pread() and fdatasync(), each of which may do less than asked. */
#include "config.h"
#include "tool/base/file_io.h"

#include <errno.h>
#include <sys/types.h>
#include <unistd.h>

int
file_write_all(int fd, const void *data, size_t len)
{
	const char *from = data;

	while (len > 0) {
		ssize_t n = write(fd, from, len);
		if (n == -1 && errno != EINTR)
			return -1;
		if (n > 0) {
			from += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

int
file_write_at(int fd, uint64_t at, const void *data, size_t len)
{
	const char *from = data;

	while (len > 0) {
		ssize_t n = pwrite(fd, from, len, (off_t)at);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n == 0 ? ENOSPC : errno;
			return -1;
		}
		from += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int
file_read_at(int fd, uint64_t at, void *buffer, size_t len)
{
	char *to = buffer;

	while (len > 0) {
		ssize_t n = pread(fd, to, len, (off_t)at);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n == 0 ? EIO : errno;
			return -1;
		}
		to += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int
file_sync_data(int fd)
{
	while (fdatasync(fd) == -1)
		if (errno != EINTR)
			return -1;
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors: moving them up, closing many, whole reads and writes, and bytes over a socket. */
#include "config.h"
#include "lib/os/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/os/os.h"

int
fd_raise(int fd)
{
	if (fd > 2 || fd < 0)
		return fd < 0 ? -1 : fd;
	int raised = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	int saved = errno;
	(void)close(fd);
	errno = saved;
	return raised;
}

int
fd_raise_to(int fd, int from)
{
	int raised = fd == -1 || fd >= from ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, from);

	if (raised == -1)
		return fd_raise(fd);
	(void)close(fd);
	return raised;
}

int
fd_above_all(void)
{
	DIR *dir = opendir("/dev/fd");
	int highest = 2;

	if (dir == NULL) {
		long open_max = sysconf(_SC_OPEN_MAX);
		return open_max > 0 && open_max < INT_MAX / 2 ? (int)(open_max / 2) : 512;
	}
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		const char *error = NULL;
		int fd = (int)strtonum(entry->d_name, 0, INT_MAX - 1, &error);
		if (error == NULL && fd > highest)
			highest = fd;
	}
	(void)closedir(dir);
	return highest + 1;
}

int
fd_socketpair(int fds[2])
{
	int type = SOCK_STREAM;

#ifdef SOCK_CLOEXEC
	/* Set by the same call: another thread may fork and exec right after it. */
	type |= SOCK_CLOEXEC | SOCK_NONBLOCK;
#endif
	if (socketpair(AF_UNIX, type, 0, fds) == -1)
		return -1;
	for (int i = 0; i < 2; i++) {
		fds[i] = fd_raise(fds[i]);
		if (fds[i] == -1 || fcntl(fds[i], F_SETFD, FD_CLOEXEC) == -1 ||
		    fd_set_nonblocking(fds[i], 1) == -1) {
			fd_close(&fds[0]);
			fd_close(&fds[1]);
			return -1;
		}
	}
	return 0;
}

int
fd_set_nonblocking(int fd, int on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags == -1)
		return -1;
	int wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	return wanted == flags ? 0 : os_set_flags(fd, wanted);
}

void
fd_close(int *fd)
{
	int saved = errno;

	if (*fd != -1)
		/* Even on EINTR Linux has freed the number: a second close() could hit a
		   descriptor that another thread has just opened. */
		(void)close(*fd);
	*fd = -1;
	errno = saved;
}

static void
fd_close_span(int from, int to)
{
	if (from > to || os_close_range((unsigned)from, (unsigned)to) == 0)
		return;
	long open_max = sysconf(_SC_OPEN_MAX);
	int last = open_max > 0 && open_max < 65536 ? (int)open_max : 65536;
	for (int fd = from; fd <= to && fd < last; fd++)
		(void)close(fd);
}

void
fd_close_all_but(int *keep, size_t n, const struct fd_span *spans, size_t span_count)
{
	/* Insertion sort: there are few entries, and qsort() may allocate memory. */
	for (size_t i = 1; i < n; i++)
		for (size_t j = i; j > 0 && keep[j - 1] > keep[j]; j--) {
			int swap = keep[j];
			keep[j] = keep[j - 1];
			keep[j - 1] = swap;
		}
	int next = 3;
	for (size_t i = 0, j = 0; i < n || j < span_count;) {
		int single = j == span_count || (i < n && keep[i] < spans[j].first);
		struct fd_span kept = single ? (struct fd_span){ keep[i], keep[i] } : spans[j];
		if (single)
			i++;
		else
			j++;
		if (kept.last < next)
			continue;
		fd_close_span(next, kept.first - 1);
		next = kept.last + 1;
	}
	fd_close_span(next, INT_MAX);
}

int
fd_fill_standard(int null)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) == -1 && dup2(null, fd) == -1)
			return -1;
	return 0;
}

int
fd_redirect(const char *path, int flags, int target)
{
	int fd = open(path, flags);

	if (fd == -1)
		return -1;
	if (fd == target)
		return 0;
	int r = dup2(fd, target);
	(void)close(fd);
	return r == -1 ? -1 : 0;
}

/* n: what pread() or pwrite() returned.  How many bytes it moved, 0 where it is to be called again,
   or -1 and errno. */
static ssize_t
bytes_done(ssize_t n)
{
	if (n == -1 && errno == EINTR)
		return 0;
	if (n == 0) {
		errno = EIO;
		return -1;
	}
	return n;
}

int
fd_pwrite_all(int fd, const void *data, size_t len, off_t offset)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = bytes_done(pwrite(fd, (const char *)data + done, len - done,
		    offset + (off_t)done));
		if (n == -1)
			return -1;
		done += (size_t)n;
	}
	return 0;
}

int
fd_pread_all(int fd, void *data, size_t len, off_t offset)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = bytes_done(pread(fd, (char *)data + done, len - done,
		    offset + (off_t)done));
		if (n == -1)
			return -1;
		done += (size_t)n;
	}
	return 0;
}

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

union descriptor_message {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int))];
};

/* 1 sent, 0 would block, -1. */
static int
fd_send(int socket, int passed)
{
	char byte = passed == -1 ? 'w' : 'f';
	struct iovec part = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	union descriptor_message control;

	if (passed != -1) {
		memset(&control, 0, sizeof control);
		message.msg_control = control.space;
		message.msg_controllen = sizeof control.space;
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &passed, sizeof passed);
	}
	for (;;) {
		if (sendmsg(socket, &message, MSG_NOSIGNAL) == 1)
			return 1;
		if (errno == EINTR)
			continue;
		return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
	}
}

size_t
fd_drop(int fd)
{
	char bytes[4096];
	size_t dropped = 0;

	for (int i = 0; i < 16; i++) {
		ssize_t n = read(fd, bytes, sizeof bytes);
		if (n <= 0)
			break;
		dropped += (size_t)n;
	}
	return dropped;
}

int
fd_ring(int socket)
{
	return fd_send(socket, -1) == -1 ? -1 : 0;
}

int
fd_ring_pipe(int write_end)
{
	int saved = errno;

	/* A full pipe tells it already. */
	if (write(write_end, "", 1) == -1 && errno != EAGAIN && errno != EWOULDBLOCK &&
	    errno != EINTR)
		return -1;
	errno = saved;
	return 0;
}

int
fd_ring_with(int socket, int passed)
{
	return fd_send(socket, passed);
}

int
fd_heard(int socket, int *passed)
{
	char byte;
	struct iovec part = { .iov_base = &byte, .iov_len = 1 };
	union descriptor_message control;
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control.space, .msg_controllen = sizeof control.space,
	};
	int flags = 0;

#ifdef MSG_CMSG_CLOEXEC
	flags |= MSG_CMSG_CLOEXEC;
#endif
	*passed = -1;
	for (;;) {
		ssize_t n = recvmsg(socket, &message, flags);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (n <= 0)
			return -1;
		break;
	}
	if (message.msg_flags & MSG_CTRUNC)
		*passed = FD_NO_ROOM;
	/* There is room for one. */
	const struct cmsghdr *h = CMSG_FIRSTHDR(&message);
	if (h != NULL && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS)
		memcpy(passed, CMSG_DATA(h), sizeof *passed);
	return 1;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Token pipes: joining a pipe, opening or making a FIFO, taking and giving without waiting. */
#include "config.h"
#include "tool/jobserver/token_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/base/message.h"

/* Writes a reason to *why and returns -1. */
static int because(char *why, size_t size, const char *format, ...) MESSAGE_PRINTF(3, 4);

static int
because(char *why, size_t size, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(why, size, format, arguments);
	va_end(arguments);
	return -1;
}

static int
is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Opens the pipe behind fd once more: an open file of our own, non-blocking.  -1: denied. */
static int
open_again(int fd, int mode, const struct stat *st)
{
	static const char *const directories[] = { "/dev/fd", "/proc/self/fd" };
	char path[48];
	struct stat got;

	for (size_t i = 0; i < sizeof directories / sizeof directories[0]; i++) {
		(void)snprintf(path, sizeof path, "%s/%d", directories[i], fd);
		int own = open(path, mode | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
		if (own == -1)
			continue;
		/* Some systems return a duplicate, which shares its flags with fd. */
		if (fstat(own, &got) == 0 && is_same(&got, st) &&
		    (fcntl(own, F_GETFL) & O_NONBLOCK) != 0)
			return own;
		(void)close(own);
	}
	return -1;
}

/* For a reading end that cannot be opened again: a duplicate, and a pipe for splice(). */
static int
through_open(struct token_pipe *p, int read_fd)
{
#ifdef HAVE_SPLICE
	if ((p->read_fd = fcntl(read_fd, F_DUPFD_CLOEXEC, 3)) == -1 || pipe(p->through) == -1)
		return -1;
	for (int i = 0; i < 2; i++)
		if (fcntl(p->through[i], F_SETFL, O_NONBLOCK) == -1 ||
		    fcntl(p->through[i], F_SETFD, FD_CLOEXEC) == -1)
			return -1;
	return 0;
#else
	(void)p;
	(void)read_fd;
	errno = ENOTSUP;
	return -1;
#endif
}

/* Whether these are the two ends of one pipe.  0, or -1 and *why. */
static int
ends_check(const int fd[2], struct stat st[2], char *why, size_t size)
{
	for (int i = 0; i < 2; i++) {
		int flags = fcntl(fd[i], F_GETFL), refused = i == 0 ? O_WRONLY : O_RDONLY;
		if (fd[i] <= STDERR_FILENO)
			return because(why, size, "descriptor %d is a standard one", fd[i]);
		if (flags == -1 || fstat(fd[i], &st[i]) == -1)
			return because(why, size, "descriptor %d is not open here", fd[i]);
		if (!S_ISFIFO(st[i].st_mode))
			return because(why, size, "descriptor %d is no pipe", fd[i]);
		if ((flags & O_ACCMODE) == refused)
			return because(why, size, "descriptor %d is the wrong end of a pipe",
			    fd[i]);
	}
	if (!is_same(&st[0], &st[1]))
		return because(why, size, "descriptors %d and %d are of two pipes", fd[0], fd[1]);
	return 0;
}

/* Both return 0, or -1 and errno. */
static int
reader_join(struct token_pipe *p, int fd, const struct stat *st)
{
	p->read_fd = open_again(fd, O_RDONLY, st);
	return p->read_fd != -1 ? 0 : through_open(p, fd);
}

static int
writer_join(struct token_pipe *p, int fd, const struct stat *st)
{
	p->write_fd = open_again(fd, O_WRONLY, st);
	p->may_wait = p->write_fd == -1;
	if (p->may_wait)
		p->write_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return p->write_fd != -1 ? 0 : -1;
}

int
token_pipe_join(struct token_pipe *p, int read_fd, int write_fd, char *why, size_t size)
{
	const int fd[2] = { read_fd, write_fd };
	struct stat st[2];
	int failed = -1;

	*p = TOKEN_PIPE_NONE;
	if (ends_check(fd, st, why, size) == -1)
		return -1;
	if (reader_join(p, read_fd, &st[0]) == -1)
		failed = read_fd;
	else if (writer_join(p, write_fd, &st[1]) == -1)
		failed = write_fd;
	if (failed == -1)
		return 0;
	int error = errno;
	token_pipe_close(p);
	return because(why, size, "descriptor %d cannot be opened once more: %s", failed,
	    strerror(error));
}

int
token_pipe_open(struct token_pipe *p, const char *path, char *why, size_t size)
{
	char shown[256];
	struct stat st;

	*p = TOKEN_PIPE_NONE;
	(void)message_word(shown, sizeof shown, path, strlen(path));
	/* Check the type before opening: opening has an effect on some devices. */
	if (stat(path, &st) == -1)
		return because(why, size, "%s: %s", shown, strerror(errno));
	if (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))
		return because(why, size, "%s is no FIFO", shown);
	/*
	 * Open for writing first: that fails where nobody has the FIFO open for reading, so that
	 * there is no server.
	 */
	if ((p->write_fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)) == -1) {
		if (errno == ENXIO)
			return because(why, size, "nobody serves %s any more", shown);
		return because(why, size, "%s: %s", shown, strerror(errno));
	}
	if ((p->read_fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)) == -1) {
		int error = errno;
		token_pipe_close(p);
		return because(why, size, "%s: %s", shown, strerror(error));
	}
	if (fstat(p->read_fd, &st) == -1 || (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode)) ||
	    isatty(p->read_fd)) {
		token_pipe_close(p);
		return because(why, size, "%s is no FIFO", shown);
	}
	return 0;
}

int
token_pipe_make(struct token_pipe *p, const char *path)
{
	*p = TOKEN_PIPE_NONE;
	if (mkfifo(path, S_IRUSR | S_IWUSR) == -1)
		return -1;
	if ((p->read_fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) == -1 ||
	    (p->write_fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)) == -1) {
		int error = errno;
		token_pipe_close(p);
		errno = error;
		return -1;
	}
	return 0;
}

void
token_pipe_close(struct token_pipe *p)
{
	const int fd[] = { p->read_fd, p->write_fd, p->through[0], p->through[1] };

	for (size_t i = 0; i < sizeof fd / sizeof fd[0]; i++)
		if (fd[i] != -1)
			(void)close(fd[i]);
	*p = TOKEN_PIPE_NONE;
}

/* One byte from the pipe, through splice() where read() could wait; as read(). */
static ssize_t
read_byte(struct token_pipe *p, char *token)
{
#ifdef HAVE_SPLICE
	if (p->through[0] != -1) {
		ssize_t n = splice(p->read_fd, NULL, p->through[1], NULL, 1, SPLICE_F_NONBLOCK);
		return n == 1 ? read(p->through[0], token, 1) : n;
	}
#endif
	return read(p->read_fd, token, 1);
}

int
token_pipe_take(struct token_pipe *p, char *token)
{
	ssize_t n;

	while ((n = read_byte(p, token)) == -1 && errno == EINTR)
		continue;
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	if (n == 0)
		errno = EPIPE;
	return n == 1 ? 1 : -1;
}

int
token_pipe_give(struct token_pipe *p, char token)
{
	struct pollfd room = { .fd = p->write_fd, .events = POLLOUT };
	ssize_t n;

	if (p->may_wait && (poll(&room, 1, 0) != 1 || (room.revents & POLLOUT) == 0)) {
		errno = EAGAIN;
		return -1;
	}
	while ((n = write(p->write_fd, &token, 1)) == -1 && errno == EINTR)
		continue;
	return n == 1 ? 0 : -1;
}

unsigned
token_pipe_count(const struct token_pipe *p)
{
	int n;

	return ioctl(p->read_fd, FIONREAD, &n) == -1 || n < 0 ? 0 : (unsigned)n;
}

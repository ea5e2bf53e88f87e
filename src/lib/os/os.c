/* SPDX-License-Identifier: BSD-2-Clause */
/* Pipes, files and waiting for a word of memory, as this system does them. */
#include "config.h"
#include "lib/os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h> /* memfd_create() */
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "lib/os/clock.h"
#include "lib/os/syscall_gate.h"

#ifdef __linux__
#include <linux/futex.h>
#include <sys/syscall.h>
#endif

int
os_pipe(int fds[2], int packets)
{
#if defined(__linux__) && defined(O_DIRECT)
	return pipe2(fds, O_CLOEXEC | (packets ? O_DIRECT : 0));
#else
	if (packets) {
		errno = ENOTSUP;
		return -1;
	}
	if (pipe(fds) == -1)
		return -1;
	(void)fcntl(fds[0], F_SETFD, FD_CLOEXEC);
	(void)fcntl(fds[1], F_SETFD, FD_CLOEXEC);
	return 0;
#endif
}

int
os_signal_on_input(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags == -1 || fcntl(fd, F_SETOWN, getpid()) == -1)
		return -1;
	return fcntl(fd, F_SETFL, flags | O_ASYNC);
}

int
os_pipe_bytes(int fd, int *bytes)
{
#ifdef __linux__
	if (gate_in_use())
		return (int)gate_call(SYS_ioctl, fd, FIONREAD, (long)(intptr_t)bytes, 0, 0);
#endif
	return ioctl(fd, FIONREAD, bytes);
}

int
os_set_flags(int fd, int flags)
{
#ifdef __linux__
	if (gate_in_use())
		return (int)gate_call(SYS_fcntl, fd, F_SETFL, flags, 0, 0);
#endif
	return fcntl(fd, F_SETFL, flags);
}

int
os_pipe_restore(int fd, int packets)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags == -1)
		return -1;
	int wanted = flags & ~(O_NONBLOCK | O_APPEND | O_ASYNC);
#if defined(__linux__) && defined(O_DIRECT)
	wanted = packets ? wanted | O_DIRECT : wanted & ~O_DIRECT;
#else
	(void)packets;
#endif
	return wanted == flags ? 0 : os_set_flags(fd, wanted);
}

int
os_close_range(unsigned from, unsigned to)
{
#if defined(__linux__) && defined(SYS_close_range)
	return (int)gate_call(SYS_close_range, (long)from, (long)to, 0, 0, 0);
#else
	(void)from;
	(void)to;
	errno = ENOSYS;
	return -1;
#endif
}

int
os_memory_file(const char *name, int growing)
{
#if defined(__linux__) && defined(MFD_CLOEXEC) && defined(F_SEAL_SHRINK)
	int fd = memfd_create(name, MFD_CLOEXEC | (growing ? MFD_ALLOW_SEALING : 0));
	if (fd != -1 && growing)
		(void)fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_SEAL);
	if (fd != -1 || errno != ENOSYS)
		return fd;
#else
	(void)name;
	(void)growing;
#endif
	char path[] = "/tmp/forkpool-XXXXXX";
	int file = mkstemp(path);
	if (file == -1)
		return -1;
	(void)unlink(path);
	(void)fcntl(file, F_SETFD, FD_CLOEXEC);
	return file;
}

int
os_file_only_grows(int fd)
{
#ifdef F_SEAL_SHRINK
	int seals = fcntl(fd, F_GET_SEALS);
	return seals != -1 && (seals & F_SEAL_SHRINK) != 0;
#else
	(void)fd;
	return 0;
#endif
}

int
os_file_discard(int fd, off_t from)
{
#if defined(__linux__) && defined(FALLOC_FL_PUNCH_HOLE)
	struct stat st;

	if (fstat(fd, &st) == -1)
		return -1;
	if (st.st_size <= from)
		return 0;
	/* Whole pages, or the last one would only be zeroed. */
	off_t len = (st.st_size - from + 0xffff) / 0x10000 * 0x10000;
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, len);
#else
	(void)fd;
	(void)from;
	errno = ENOSYS;
	return -1;
#endif
}

ssize_t
os_read_now(int fd, void *data, size_t len)
{
#if defined(__linux__) && defined(RWF_NOWAIT)
	/* Pipes support RWF_NOWAIT since Linux 5.10. */
	struct iovec part = { .iov_base = data, .iov_len = len };
	ssize_t n = preadv2(fd, &part, 1, -1, RWF_NOWAIT);
	if (n == -1 && errno == EAGAIN)
		return 0;
	if (n == 0) {
		errno = EPIPE;
		return -1;
	}
	return n;
#else
	(void)fd;
	(void)data;
	(void)len;
	errno = ENOSYS;
	return -1;
#endif
}

void
os_word_wait(_Atomic uint32_t *word, uint32_t expected, int64_t timeout_ns)
{
	struct timespec span = clock_timespec(timeout_ns);

#ifdef __linux__
	(void)syscall(SYS_futex, word, FUTEX_WAIT, expected, &span, NULL, 0);
#else
	if (atomic_load(word) == expected) {
		/* This system cannot wait for a word: return soon, and the caller checks again. */
		if (span.tv_sec > 0 || span.tv_nsec > 500000)
			span = (struct timespec){ .tv_nsec = 500000 };
		(void)nanosleep(&span, NULL);
	}
#endif
}

void
os_word_wake(_Atomic uint32_t *word)
{
#ifdef __linux__
	(void)syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
#else
	(void)word;
#endif
}

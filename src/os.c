#include "config.h"
#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/futex.h>
#include <sys/prctl.h>
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
os_pipe_restore(int fd, int packets)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags == -1)
		return -1;
	int wanted = flags & ~O_NONBLOCK;
#if defined(__linux__) && defined(O_DIRECT)
	wanted = packets ? wanted | O_DIRECT : wanted & ~O_DIRECT;
#else
	(void)packets;
#endif
	return wanted == flags ? 0 : fcntl(fd, F_SETFL, wanted);
}

int
os_process_handle(pid_t pid)
{
#if defined(__linux__) && defined(SYS_pidfd_open)
	return (int)syscall(SYS_pidfd_open, pid, 0);
#else
	(void)pid;
	errno = ENOSYS;
	return -1;
#endif
}

void
os_process_name(const char *name)
{
#ifdef __linux__
	(void)prctl(PR_SET_NAME, name);
#else
	(void)name;
#endif
}

int
os_die_with_parent(int signo)
{
#ifdef __linux__
	return prctl(PR_SET_PDEATHSIG, signo);
#else
	(void)signo;
	errno = ENOSYS;
	return -1;
#endif
}

int
os_adopt_orphans(void)
{
#ifdef __linux__
	return prctl(PR_SET_CHILD_SUBREAPER, 1);
#else
	errno = ENOSYS;
	return -1;
#endif
}

/* The next pid in text of the form "12 345 6 "; 0 at its end. */
static pid_t
pid_parse(const char **at, const char *end)
{
	long pid = 0;
	const char *p = *at;

	while (p < end && (*p < '0' || *p > '9'))
		p++;
	while (p < end && *p >= '0' && *p <= '9' && pid < 100000000)
		pid = pid * 10 + (*p++ - '0');
	*at = p;
	return (pid_t)pid;
}

ssize_t
os_children(pid_t *pids, size_t capacity)
{
#ifdef __linux__
	/* proc(5): needs CONFIG_PROC_CHILDREN, and is reliable while no child ends meanwhile; the
	   callers look again until it shows nothing new. */
	int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
	char text[4096];
	size_t kept = 0, found = 0;
	ssize_t n;

	if (fd == -1)
		return -1;
	while ((n = read(fd, text + kept, sizeof text - kept)) > 0 || kept > 0) {
		size_t have = kept + (n > 0 ? (size_t)n : 0);
		size_t whole = have;
		/* A number cut by the end of the buffer waits for its other half. */
		if (n > 0)
			while (whole > 0 && text[whole - 1] != ' ')
				whole--;
		const char *at = text, *end = text + whole;
		pid_t pid;
		while (found < capacity && (pid = pid_parse(&at, end)) > 0)
			pids[found++] = pid;
		kept = n > 0 ? have - whole : 0;
		for (size_t i = 0; i < kept; i++)
			text[i] = text[whole + i];
		if (n <= 0 || kept == sizeof text)
			break;
	}
	(void)close(fd);
	return (ssize_t)found;
#else
	(void)pids;
	(void)capacity;
	(void)pid_parse;
	errno = ENOSYS;
	return -1;
#endif
}

void
os_no_core(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_CORE, &limit) == -1)
		return;
	/* Not 0: where core_pattern is a pipe Linux dumps into it at 0 also, and only 1 says no
	   (core(5)); no file is made at 1 either, since it is less than a page. */
	limit.rlim_cur = limit.rlim_max >= 1 ? 1 : 0;
	(void)setrlimit(RLIMIT_CORE, &limit);
}

int
os_close_range(unsigned from, unsigned to)
{
#if defined(__linux__) && defined(SYS_close_range)
	return (int)syscall(SYS_close_range, from, to, 0);
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
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, st.st_size - from);
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
	/* Pipes have it since Linux 5.10. */
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

int
os_page_wiped_by_fork(void *page, size_t size)
{
#if defined(__linux__) && defined(MADV_WIPEONFORK)
	return madvise(page, size, MADV_WIPEONFORK);
#else
	(void)page;
	(void)size;
	errno = ENOSYS;
	return -1;
#endif
}

int
os_page_hidden_from_fork(void *page, size_t size)
{
#if defined(__linux__) && defined(MADV_DONTFORK)
	return madvise(page, size, MADV_DONTFORK);
#elif defined(INHERIT_NONE)
	return minherit(page, size, INHERIT_NONE);
#else
	(void)page;
	(void)size;
	errno = ENOSYS;
	return -1;
#endif
}

void
os_word_wait(_Atomic uint32_t *word, uint32_t expected, int64_t timeout_ns)
{
	struct timespec span = {
		.tv_sec = (time_t)(timeout_ns / 1000000000),
		.tv_nsec = (long)(timeout_ns % 1000000000),
	};
#ifdef __linux__
	(void)syscall(SYS_futex, word, FUTEX_WAIT, expected, &span, NULL, 0);
#else
	if (atomic_load(word) == expected) {
		/* No wait on an address here: look again soon. */
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

#ifdef HAVE_ON_EXIT
/* Runs first of all handlers, since it was registered last before the jobs: what the worker's own
   code printed is written, then the process ends without the caller's handlers and buffers. */
static void
exit_guard(int status, void *arg)
{
	(void)arg;
	(void)fflush(stdout);
	(void)fflush(stderr);
	_exit(status);
}
#endif

int
os_exit_guard(void)
{
#ifdef HAVE_ON_EXIT
	return on_exit(exit_guard, NULL) == 0;
#else
	return 0;
#endif
}

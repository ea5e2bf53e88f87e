/* SPDX-License-Identifier: BSD-2-Clause */
/* Wrappers that have the n-th call of a function fail, in one kind of process. */
#include "config.h"
#include "tests/support/inject.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/os/os.h"
#include "lib/os/syscall_gate.h"
#include "lib/sandbox/identity.h"
#include "lib/sandbox/landlock.h"
#include "lib/sandbox/seccomp_filter.h"

#define BLOCKS_MAX 4096u

/* In shared memory. */
struct inject_state {
	struct inject_plan plan;
	_Atomic uint32_t armed;
	_Atomic uint32_t calls;
	_Atomic uint32_t fired;
};

static struct inject_state *state;
#define NO_KIND (-1) /* the tests, before inject_arm() */
static int own_kind = NO_KIND; /* enum inject_process: each fork leads to the next kind */
static void *blocks[BLOCKS_MAX];
static unsigned blocks_used;

/* Visible: see dying.c. */
#define VISIBLE __attribute__((visibility("default")))
#define WRAP(type, name, ...) \
	type __real_##name(__VA_ARGS__); \
	VISIBLE type __wrap_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__)

void __real_free(void *);
VISIBLE void __wrap_free(void *);

WRAP(void *, mmap, void *at, size_t size, int protection, int flags, int fd, off_t offset);

const char *
inject_name(enum inject_call call)
{
#define INJECT_NAME(name) #name,
	static const char *const names[] = { INJECT_CALLS_LIST(INJECT_NAME) };
	return names[call];
}

void
inject_setup(void)
{
	state = __real_mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
	    -1, 0);
	if (state == MAP_FAILED)
		abort();
}

void
inject_arm(const struct inject_plan *plan)
{
	state->plan = *plan;
	atomic_store(&state->calls, 0);
	atomic_store(&state->fired, 0);
	own_kind = INJECT_CALLER;
	blocks_used = 0;
	atomic_store(&state->armed, 1);
}

void
inject_disarm(void)
{
	atomic_store(&state->armed, 0);
}

uint32_t
inject_fired(void)
{
	return atomic_load(&state->fired);
}

unsigned
inject_unfreed(void)
{
	return blocks_used;
}

/* The error of this call where it must fail, else 0.  Async-signal-safe. */
static int
strikes(enum inject_call call)
{
	if (state == NULL || !atomic_load(&state->armed) || state->plan.call != call ||
	    (int)state->plan.process != own_kind)
		return 0;
	uint32_t n = atomic_fetch_add(&state->calls, 1) + 1;
	if (state->plan.nth == 0 || n < state->plan.nth ||
	    (n > state->plan.nth && !state->plan.for_ever))
		return 0;
	atomic_fetch_add(&state->fired, 1);
	if (state->plan.error > 0)
		errno = state->plan.error;
	return state->plan.error;
}

static void *
block_add(void *block)
{
	if (block == NULL || state == NULL || !atomic_load(&state->armed) ||
	    own_kind != INJECT_CALLER)
		return block;
	if (blocks_used == BLOCKS_MAX)
		abort();
	blocks[blocks_used++] = block;
	return block;
}

/* Not only while armed: a block that was allocated then may be freed later. */
static void
block_remove(const void *block)
{
	for (unsigned i = blocks_used; block != NULL && i-- > 0;)
		if (blocks[i] == block) {
			blocks[i] = blocks[--blocks_used];
			return;
		}
}

WRAP(pid_t, fork, void)
{
	if (strikes(INJECT_fork) != 0)
		return -1;
	pid_t pid = __real_fork();
	if (pid == 0 && own_kind != NO_KIND && own_kind < INJECT_JOB)
		own_kind++;
	return pid;
}

WRAP(pid_t, os_fork_raw, void)
{
	if (strikes(INJECT_os_fork_raw) != 0)
		return -1;
	pid_t pid = __real_os_fork_raw();
	if (pid == 0 && own_kind != NO_KIND && own_kind < INJECT_JOB)
		own_kind++;
	return pid;
}

WRAP(int, pipe2, int fds[2], int flags)
{
	return strikes(INJECT_pipe2) != 0 ? -1 : __real_pipe2(fds, flags);
}

WRAP(int, socketpair, int domain, int type, int protocol, int fds[2])
{
	if (strikes(INJECT_socketpair) != 0)
		return -1;
	return __real_socketpair(domain, type, protocol, fds);
}

void *
__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
	if (strikes(INJECT_mmap) != 0)
		return MAP_FAILED;
	return __real_mmap(at, size, protection, flags, fd, offset);
}

WRAP(int, memfd_create, const char *name, unsigned flags)
{
	return strikes(INJECT_memfd_create) != 0 ? -1 : __real_memfd_create(name, flags);
}

WRAP(void *, malloc, size_t size)
{
	return strikes(INJECT_malloc) != 0 ? NULL : block_add(__real_malloc(size));
}

WRAP(void *, calloc, size_t n, size_t size)
{
	return strikes(INJECT_calloc) != 0 ? NULL : block_add(__real_calloc(n, size));
}

WRAP(void *, realloc, void *old, size_t size)
{
	if (strikes(INJECT_realloc) != 0)
		return NULL;
	/*
	 * Remove the block while its pointer is valid.  Only a failure of realloc() itself loses
	 * count.
	 */
	block_remove(old);
	return block_add(__real_realloc(old, size));
}

WRAP(void *, aligned_alloc, size_t alignment, size_t size)
{
	if (strikes(INJECT_aligned_alloc) != 0)
		return NULL;
	return block_add(__real_aligned_alloc(alignment, size));
}

void
__wrap_free(void *block)
{
	block_remove(block);
	__real_free(block);
}

static size_t
half(int how, size_t len)
{
	return how == INJECT_SHORT && len > 1 ? len / 2 : len;
}

WRAP(ssize_t, read, int fd, void *data, size_t len)
{
	int how = strikes(INJECT_read);

	return how > 0 ? -1 : __real_read(fd, data, half(how, len));
}

WRAP(ssize_t, write, int fd, const void *data, size_t len)
{
	int how = strikes(INJECT_write);

	return how > 0 ? -1 : __real_write(fd, data, half(how, len));
}

WRAP(ssize_t, pread, int fd, void *data, size_t len, off_t offset)
{
	int how = strikes(INJECT_pread);

	return how > 0 ? -1 : __real_pread(fd, data, half(how, len), offset);
}

WRAP(ssize_t, pwrite, int fd, const void *data, size_t len, off_t offset)
{
	int how = strikes(INJECT_pwrite);

	return how > 0 ? -1 : __real_pwrite(fd, data, half(how, len), offset);
}

WRAP(ssize_t, sendmsg, int socket, const struct msghdr *message, int flags)
{
	return strikes(INJECT_sendmsg) != 0 ? -1 : __real_sendmsg(socket, message, flags);
}

WRAP(ssize_t, recvmsg, int socket, struct msghdr *message, int flags)
{
	int how = strikes(INJECT_recvmsg);

	if (how > 0)
		return -1;
	ssize_t n = __real_recvmsg(socket, message, flags);
	if (how == INJECT_NO_FD && n > 0 && message->msg_controllen > 0) {
		/* As the kernel does at RLIMIT_NOFILE: the byte arrives without its descriptor. */
		int fd;
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(message)), sizeof fd);
		(void)close(fd);
		message->msg_controllen = 0;
		message->msg_flags |= MSG_CTRUNC;
	}
	return n;
}

WRAP(int, poll, struct pollfd *fds, nfds_t n, int timeout)
{
	return strikes(INJECT_poll) != 0 ? -1 : __real_poll(fds, n, timeout);
}

WRAP(int, epoll_create1, int flags)
{
	return strikes(INJECT_epoll_create1) != 0 ? -1 : __real_epoll_create1(flags);
}

WRAP(int, epoll_ctl, int set, int what, int fd, struct epoll_event *event)
{
	return strikes(INJECT_epoll_ctl) != 0 ? -1 : __real_epoll_ctl(set, what, fd, event);
}

WRAP(int, epoll_wait, int set, struct epoll_event *events, int room, int timeout)
{
	if (strikes(INJECT_epoll_wait) != 0)
		return -1;
	return __real_epoll_wait(set, events, room, timeout);
}

WRAP(int, timerfd_create, int clock, int flags)
{
	return strikes(INJECT_timerfd_create) != 0 ? -1 : __real_timerfd_create(clock, flags);
}

WRAP(int, timerfd_settime, int timer, int flags, const struct itimerspec *to,
    struct itimerspec *old)
{
	if (strikes(INJECT_timerfd_settime) != 0)
		return -1;
	return __real_timerfd_settime(timer, flags, to, old);
}

WRAP(int, fcntl, int fd, int command, ...)
{
	va_list arguments;

	va_start(arguments, command);
	/* The ABIs of Linux read no argument, an int and a pointer alike. */
	long argument = va_arg(arguments, long);
	va_end(arguments);
	return strikes(INJECT_fcntl) != 0 ? -1 : __real_fcntl(fd, command, argument);
}

WRAP(int, waitid, idtype_t type, id_t id, siginfo_t *info, int options)
{
	return strikes(INJECT_waitid) != 0 ? -1 : __real_waitid(type, id, info, options);
}

WRAP(pid_t, waitpid, pid_t pid, int *status, int options)
{
	return strikes(INJECT_waitpid) != 0 ? -1 : __real_waitpid(pid, status, options);
}

WRAP(pid_t, wait4, pid_t pid, int *status, int options, struct rusage *usage)
{
	return strikes(INJECT_wait4) != 0 ? -1 : __real_wait4(pid, status, options, usage);
}

WRAP(int, dup2, int from, int to)
{
	return strikes(INJECT_dup2) != 0 ? -1 : __real_dup2(from, to);
}

WRAP(int, madvise, void *at, size_t size, int advice)
{
	return strikes(INJECT_madvise) != 0 ? -1 : __real_madvise(at, size, advice);
}

WRAP(int, open, const char *path, int flags, ...)
{
	va_list arguments;

	va_start(arguments, flags);
	/* As open() itself does: where no mode was given the system does not look at it. */
	unsigned mode = va_arg(arguments, unsigned);
	va_end(arguments);
	return strikes(INJECT_open) != 0 ? -1 : __real_open(path, flags, mode);
}

WRAP(int, flock, int fd, int operation)
{
	return strikes(INJECT_flock) != 0 ? -1 : __real_flock(fd, operation);
}

WRAP(int, fsync, int fd)
{
	return strikes(INJECT_fsync) != 0 ? -1 : __real_fsync(fd);
}

WRAP(int, fdatasync, int fd)
{
	return strikes(INJECT_fdatasync) != 0 ? -1 : __real_fdatasync(fd);
}

WRAP(int, ftruncate, int fd, off_t size)
{
	return strikes(INJECT_ftruncate) != 0 ? -1 : __real_ftruncate(fd, size);
}

WRAP(int, posix_fallocate, int fd, off_t at, off_t len)
{
	int error = strikes(INJECT_posix_fallocate);

	return error != 0 ? error : __real_posix_fallocate(fd, at, len);
}

WRAP(int, fstat, int fd, struct stat *st)
{
	return strikes(INJECT_fstat) != 0 ? -1 : __real_fstat(fd, st);
}

/* --------------------------------------------------------------------------- the library's own */

WRAP(int, os_process_handle, pid_t pid)
{
	return strikes(INJECT_os_process_handle) != 0 ? -1 : __real_os_process_handle(pid);
}

WRAP(int, os_signal_wait, const sigset_t *set, siginfo_t *info, int64_t timeout_ns)
{
	if (strikes(INJECT_os_signal_wait) != 0)
		return -1;
	return __real_os_signal_wait(set, info, timeout_ns);
}

WRAP(int, os_signal_on_input, int fd)
{
	return strikes(INJECT_os_signal_on_input) != 0 ? -1 : __real_os_signal_on_input(fd);
}

WRAP(int, os_die_with_parent, int signo)
{
	return strikes(INJECT_os_die_with_parent) != 0 ? -1 : __real_os_die_with_parent(signo);
}

WRAP(int, os_own_group, void)
{
	return strikes(INJECT_os_own_group) != 0 ? -1 : __real_os_own_group();
}

WRAP(int, os_limit, unsigned resource, const struct rlimit *set, struct rlimit *get)
{
	return strikes(INJECT_os_limit) != 0 ? -1 : __real_os_limit(resource, set, get);
}

WRAP(int, os_children_open, void)
{
	return strikes(INJECT_os_children_open) != 0 ? -1 : __real_os_children_open();
}

WRAP(ssize_t, os_children_read, int fd, pid_t *pids, size_t capacity)
{
	if (strikes(INJECT_os_children_read) != 0)
		return -1;
	return __real_os_children_read(fd, pids, capacity);
}

WRAP(int, identity_enter_worker, const struct sandbox_identity *identity, unsigned *layer,
    const char **step)
{
	*step = "a step";
	if (strikes(INJECT_identity_enter_worker) != 0)
		return -1;
	return __real_identity_enter_worker(identity, layer, step);
}

WRAP(int, identity_enter_job, const struct sandbox_identity *identity, pid_t worker,
    const char **step)
{
	*step = "a step";
	if (strikes(INJECT_identity_enter_job) != 0)
		return -1;
	return __real_identity_enter_job(identity, worker, step);
}

WRAP(int, landlock_enter, const struct sandbox_landlock *landlock)
{
	return strikes(INJECT_landlock_enter) != 0 ? -1 : __real_landlock_enter(landlock);
}

WRAP(int, filter_enter, const struct sandbox_filter *filter, uintptr_t gate)
{
	return strikes(INJECT_filter_enter) != 0 ? -1 : __real_filter_enter(filter, gate);
}

WRAP(int, gate_close, void)
{
	return strikes(INJECT_gate_close) != 0 ? -1 : __real_gate_close();
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* One's own process, as this system has it: ending, forking, signals, limits, environment. */
#include "config.h"
#include "lib/os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/os/clock.h"
#include "lib/os/syscall_gate.h"

#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||       \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* A caller built with a sanitizer may load this library built without one. */
extern void __asan_init(void) __attribute__((weak));
extern void __tsan_init(void) __attribute__((weak));

int
os_sanitized(void)
{
	return SANITIZED || __asan_init != NULL || __tsan_init != NULL;
}

int
os_is_first_thread(void)
{
#ifdef __linux__
	return (pid_t)syscall(SYS_gettid) == getpid();
#else
	return 1;
#endif
}

unsigned
os_threads(void)
{
#ifdef __linux__
	struct stat st;

	/* proc(5): each thread has a directory here, whose ".." is a link to this one. */
	if (stat("/proc/self/task", &st) == 0 && st.st_nlink > 2)
		return (unsigned)st.st_nlink - 2;
#endif
	return 0;
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
	return (int)gate_call(SYS_prctl, PR_SET_PDEATHSIG, signo, 0, 0, 0);
#else
	(void)signo;
	errno = ENOSYS;
	return -1;
#endif
}

int
os_kill(pid_t pid, int signo)
{
#ifdef __linux__
	return (int)gate_call(SYS_kill, pid, signo, 0, 0, 0);
#else
	return kill(pid, signo);
#endif
}

pid_t
os_self(void)
{
#ifdef __linux__
	return (pid_t)gate_call(SYS_getpid, 0, 0, 0, 0, 0);
#else
	return getpid();
#endif
}

pid_t
os_parent(void)
{
#ifdef __linux__
	return (pid_t)gate_call(SYS_getppid, 0, 0, 0, 0, 0);
#else
	return getppid();
#endif
}

int
os_own_group(void)
{
#ifdef __linux__
	return (int)gate_call(SYS_setpgid, 0, 0, 0, 0, 0);
#else
	return setpgid(0, 0);
#endif
}

int
os_limit(unsigned resource, const struct rlimit *set, struct rlimit *get)
{
#if defined(__linux__) && defined(SYS_prlimit64) && defined(__LP64__)
	return (int)gate_call(SYS_prlimit64, 0, resource, (long)(intptr_t)set,
	    (long)(intptr_t)get, 0);
#else
	return set != NULL ? setrlimit((int)resource, set) : getrlimit((int)resource, get);
#endif
}

void
os_unblock_signals(void)
{
#ifdef __linux__
	const uint64_t none[2] = { 0, 0 }; /* as large as any architecture's signal set */
	(void)gate_call(SYS_rt_sigprocmask, SIG_SETMASK, (long)(intptr_t)none, 0, NSIG / 8, 0);
#else
	sigset_t none;
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
#endif
}

int
os_signal_wait(const sigset_t *set, siginfo_t *info, int64_t timeout_ns)
{
	struct timespec span = clock_timespec(timeout_ns);

#if defined(__linux__) && defined(__LP64__)
	return (int)gate_call(SYS_rt_sigtimedwait, (long)(intptr_t)set, (long)(intptr_t)info,
	    timeout_ns < 0 ? 0 : (long)(intptr_t)&span, NSIG / 8, 0);
#elif defined(__linux__)
	return timeout_ns < 0 ? sigwaitinfo(set, info) : sigtimedwait(set, info, &span);
#else
	(void)set;
	(void)info;
	/* No such call here: sleep a little, and the caller checks again. */
	if (timeout_ns < 0 || timeout_ns > 1000000)
		span = (struct timespec){ .tv_nsec = 1000000 };
	(void)nanosleep(&span, NULL);
	errno = EAGAIN;
	return -1;
#endif
}

_Noreturn void
os_exit(int status)
{
#ifdef __linux__
	(void)gate_call(SYS_exit_group, status, 0, 0, 0, 0);
#endif
	_exit(status);
}

#if defined(__linux__) && defined(__GLIBC__) && defined(PR_GET_TID_ADDRESS)
static long fork_flags = SIGCHLD;
static int *fork_tid;
static void *robust_list;
static size_t robust_list_size;
#endif

int
os_fork_raw_prepare(void)
{
#if defined(__linux__) && defined(__GLIBC__) && defined(PR_GET_TID_ADDRESS)
	if (gate_address() == 0) {
		errno = ENOSYS;
		return -1;
	}
	/* The C library keeps the thread's id at fork_tid, and its own fork() has the kernel write
	   the child's id there as well.  A kernel without CONFIG_CHECKPOINT_RESTORE cannot tell the
	   address: jobs are then forked the plain way. */
	if (prctl(PR_GET_TID_ADDRESS, &fork_tid) == -1 || fork_tid == NULL ||
	    *fork_tid != (int)getpid()) {
		errno = ENOSYS;
		return -1;
	}
	fork_flags = SIGCHLD | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
	if (gate_call(SYS_get_robust_list, 0, (long)(intptr_t)&robust_list,
		(long)(intptr_t)&robust_list_size, 0, 0) == -1)
		robust_list = NULL;
	return 0;
#else
	errno = ENOSYS;
	return -1;
#endif
}

pid_t
os_fork_raw(void)
{
#if defined(__linux__) && defined(__GLIBC__) && defined(PR_GET_TID_ADDRESS)
#ifdef __x86_64__
	pid_t pid = (pid_t)gate_call(SYS_clone, fork_flags, 0, 0, (long)(intptr_t)fork_tid, 0);
#else
	pid_t pid = (pid_t)gate_call(SYS_clone, fork_flags, 0, 0, 0, (long)(intptr_t)fork_tid);
#endif
	/* The kernel forgets where a forked process keeps the list of the robust mutexes that it
	   holds, and the C library's own fork() says so again.  (All else that belongs to a thread
	   it keeps: rseq, the alternate signal stack, the thread's id by the flags above.) */
	if (pid == 0 && robust_list != NULL)
		(void)gate_call(SYS_set_robust_list, (long)(intptr_t)robust_list,
		    (long)robust_list_size, 0, 0, 0);
	return pid;
#else
	errno = ENOSYS;
	return -1;
#endif
}

pid_t
os_fork_borrowing(int (*enter)(void *arg), void *arg, void *stack, size_t stack_size)
{
#ifdef __linux__
	return (pid_t)clone(enter, (char *)stack + stack_size, CLONE_VM | CLONE_VFORK | SIGCHLD,
	    arg);
#else
	(void)enter;
	(void)arg;
	(void)stack;
	(void)stack_size;
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

void
os_no_core(int for_good)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_CORE, &limit) == -1)
		return;
	/* 1, not 0: where core_pattern is a pipe, Linux dumps into it at a limit of 0 too, and only
	   1 prevents that (core(5)).  A file is not made at 1 either: 1 is less than a page. */
	limit.rlim_cur = limit.rlim_max >= 1 ? 1 : 0;
	/* Executing a program makes the process dumpable again: then only the limit holds. */
	if (for_good)
		limit.rlim_max = limit.rlim_cur;
	(void)setrlimit(RLIMIT_CORE, &limit);
}

int
os_may_dump(void)
{
#ifdef __linux__
	return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1;
#else
	return 1;
#endif
}

void
os_core_again(void)
{
#ifdef __linux__
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
#endif
}

extern char **environ;

void
os_environment_clear(void)
{
	static char *none[1];

#ifdef __linux__
	/* proc(5) stat: fields 50 and 51 say where on the stack execve(2) put the text. */
	char text[1024];
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd == -1 ? -1 : read(fd, text, sizeof text - 1);
	if (fd != -1)
		(void)close(fd);
	text[n > 0 ? n : 0] = '\0';
	/* Count from behind the process's name, which may hold spaces and parentheses. */
	const char *at = strrchr(text, ')');
	uint64_t span[2] = { 0, 0 };
	for (int field = 2; at != NULL && *at != '\0' && field < 52; at++)
		if (*at == ' ')
			field++;
		else if (field >= 50 && *at >= '0' && *at <= '9')
			span[field - 50] = span[field - 50] * 10 + (uint64_t)(*at - '0');
	if (span[0] > 0 && span[1] > span[0])
		memset((void *)(uintptr_t)span[0], 0, (size_t)(span[1] - span[0]));
#endif
	environ = none;
}

static void (*exit_hook)(void);

#ifdef HAVE_ON_EXIT
/* exit() calls this handler first: it was registered last before the jobs, and handlers run in
   reverse order.  It writes what the worker's own code printed, and ends the process without
   running the caller's handlers. */
static void
exit_guard(int status, void *arg)
{
	(void)arg;
	if (exit_hook != NULL)
		exit_hook();
	(void)fflush(stdout);
	(void)fflush(stderr);
	_exit(status);
}
#else
/* Without the status this cannot end the process: the caller's handlers run after it. */
static void
exit_hook_call(void)
{
	if (exit_hook != NULL)
		exit_hook();
}
#endif

void
os_exit_hook(void (*hook)(void))
{
	exit_hook = hook;
}

int
os_exit_guard(void)
{
#ifdef HAVE_ON_EXIT
	return on_exit(exit_guard, NULL) == 0;
#else
	(void)atexit(exit_hook_call);
	return 0;
#endif
}

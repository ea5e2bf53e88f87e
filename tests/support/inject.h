/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inject - have the n-th call of a system or library function fail, in one kind of process.
 *
 * A program is linked with inject.c and -Wl,--wrap=NAME for each name of INJECT_CALLS_LIST
 * (tests/tests.mk).  Then each call of these functions in its own objects and in the static
 * libforkpool-core.la is counted in shared memory, so that calls of the supervisor, the workers and
 * the jobs can be made to fail as well.  Some names are functions of the library itself, which
 * another of its files calls: behind these are system calls that no libc makes.
 */
#ifndef FORKPOOL_TESTS_INJECT_H
#define FORKPOOL_TESTS_INJECT_H

#include <stdint.h>

#define INJECT_CALLS_LIST(X) \
	X(fork) X(pipe2) X(socketpair) X(mmap) X(memfd_create) X(malloc) X(calloc) X(realloc) \
	X(aligned_alloc) X(read) X(write) X(pread) X(pwrite) X(sendmsg) X(recvmsg) \
	X(poll) X(epoll_create1) X(epoll_ctl) X(epoll_wait) X(timerfd_create) X(timerfd_settime) \
	X(fcntl) X(waitid) X(waitpid) X(wait4) X(dup2) X(madvise) \
	X(open) X(flock) X(fsync) X(fdatasync) X(ftruncate) X(posix_fallocate) X(fstat) \
	X(os_fork_raw) X(os_process_handle) X(os_signal_wait) X(os_signal_on_input) \
	X(os_die_with_parent) X(os_own_group) X(os_limit) X(os_children_open) X(os_children_read) \
	X(identity_enter_worker) X(identity_enter_job) X(landlock_enter) X(filter_enter) \
	X(gate_close)

#define INJECT_ENUM(name) INJECT_##name,
enum inject_call { INJECT_CALLS_LIST(INJECT_ENUM) INJECT_CALLS };
#undef INJECT_ENUM

/*
 * A process that tries the isolation out for forkpool_open() is the supervisor's child too: a
 * worker.
 */
enum inject_process { INJECT_CALLER = 0, INJECT_SUPERVISOR, INJECT_WORKER, INJECT_JOB };

enum {
	/* Instead of an error: */
	INJECT_SHORT = -1, /* read, write, pread, pwrite move half the bytes */
	INJECT_NO_FD = -2, /* recvmsg has no room for the descriptor that came */
};

struct inject_plan {
	enum inject_call    call;
	enum inject_process process;
	int      error;     /* errno, or INJECT_SHORT or INJECT_NO_FD */
	uint32_t nth;       /* counted from 1 over all processes of that kind; 0: none fails */
	int      for_ever;  /* all calls after the n-th fail too */
};

const char *inject_name(enum inject_call);

void inject_setup(void); /* once, in the process that forks the callers */

/* Count from here on; the process that calls this is the caller. */
void inject_arm(const struct inject_plan *);
void inject_disarm(void);

uint32_t inject_fired(void);  /* calls that failed so far */
unsigned inject_unfreed(void); /* blocks of memory allocated by the caller since it was armed */

#endif

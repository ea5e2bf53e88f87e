/* SPDX-License-Identifier: BSD-2-Clause */
/* Ways to die, and the moments at which a worker or a job's process does so. */
#include "config.h"
#include "tests/support/dying.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/ipc/wire.h"
#include "lib/worker/worker_run.h"
#include "tests/support/support.h"

/* Visible: libraries call these, and musl's names have no versions that would tell the linker that
   it is not these wrappers. */
#pragma GCC visibility push(default)
ssize_t __real_read(int, void *, size_t);
ssize_t __wrap_read(int, void *, size_t);
ssize_t __real_write(int, const void *, size_t);
ssize_t __wrap_write(int, const void *, size_t);
int __real_os_own_group(void);
int __wrap_os_own_group(void);
void __real_capture_flush_stdio(void);
void __wrap_capture_flush_stdio(void);
ssize_t __real_pwrite(int, const void *, size_t, off_t);
ssize_t __wrap_pwrite(int, const void *, size_t, off_t);
#pragma GCC visibility pop

const struct way_to_die ways[WAYS] = {
	[WAY_SEGV] = { "segv", 0, FORKPOOL_CRASHED, SIGSEGV, -1 },
	[WAY_ABORT] = { "abort", 0, FORKPOOL_CRASHED, SIGABRT, -1 },
	[WAY_EXIT_0] = { "exit 0", 0, FORKPOOL_EXITED, 0, 0 },
	[WAY_EXIT_99] = { "exit 99", 0, FORKPOOL_EXITED, 0, 99 },
	[WAY_STACK] = { "stack overflow", 0, FORKPOOL_CRASHED, SIGSEGV, -1 },
	[WAY_FPE] = { "floating point exception", 0, FORKPOOL_CRASHED, SIGFPE, -1 },
	[WAY_KILL] = { "SIGKILL from outside", SIGKILL, FORKPOOL_CRASHED, SIGKILL, -1 },
	[WAY_TERM] = { "SIGTERM from outside", SIGTERM, FORKPOOL_CRASHED, SIGTERM, -1 },
	/* A stopped run hangs until its deadline ends it, as any other. */
	[WAY_STOP] = { "SIGSTOP from outside", SIGSTOP, FORKPOOL_TIMED_OUT, SIGTERM, -1 },
};

const char *const moment_names[MOMENTS] = {
	[MOMENT_IDLE] = "idle",
	[MOMENT_BEFORE_CLAIM] = "before the claim",
	[MOMENT_IN_JOB] = "in the job",
	[MOMENT_OUTBOX] = "results in the outbox",
	[MOMENT_BIRTH] = "in a job's process at its birth",
	[MOMENT_RETURNED] = "in a job's process that is done",
	[MOMENT_ITS_WORKER] = "the worker of a job",
	[MOMENT_HALF_SENT] = "a large value half sent",
	[MOMENT_BEFORE_SEND] = "before its results are sent",
	[MOMENT_AFTER_SEND] = "just after delivery",
	[MOMENT_LEAVING] = "shutdown, leaving",
	[MOMENT_LAST_RUN] = "shutdown, last run",
};

struct dying *dying;

static int is_worker; /* this process is a worker, or a job's process forked from one */
static pid_t assassin;

/* Each frame stays in use after the call, so that the compiler makes no loop of the recursion. */
static int descend(int depth);
static int (*volatile descend_again)(int) = descend;

static int
descend(int depth)
{
	volatile char room[4096];

	room[0] = (char)depth;
	room[sizeof room - 1] = (char)descend_again(depth + 1);
	return room[0] + room[sizeof room - 1];
}

void
die(enum way way)
{
	switch (way) {
	case WAY_SEGV: {
		volatile char *page =
		    mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		page[0] = 1;
		break;
	}
	case WAY_ABORT:
		abort();
	case WAY_EXIT_0:
		exit(0);
	case WAY_EXIT_99:
		exit(99);
	case WAY_STACK:
		(void)descend(0);
		break;
	case WAY_FPE:
#if defined(__x86_64__) || defined(__i386__)
		__asm__ volatile("xorl %%ecx, %%ecx\n\tcltd\n\tidivl %%ecx" ::
				     : "eax", "ecx", "edx", "cc");
#endif
		(void)raise(SIGFPE);
		break;
	default:
		break;
	}
	_exit(42); /* a status that no test expects */
}

/* Kill each process that waits to be killed, until the test is over. */
static _Noreturn void
assassin_main(void)
{
	uint32_t seen = 0;

	while (!atomic_load(&dying->over)) {
		if (atomic_load(&dying->waiting) > seen) {
			seen++;
			(void)kill((pid_t)atomic_load(&dying->pid),
			    ways[atomic_load(&dying->way)].from_outside);
			support_post(&dying->struck);
		}
		(void)nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
	}
	_exit(0);
}

void
dying_begin(void)
{
	dying = support_shared(sizeof *dying);
	assassin = fork();
	ck_assert_int_ne(assassin, -1);
	if (assassin == 0)
		assassin_main();
}

void
dying_end(void)
{
	int status;

	atomic_store(&dying->over, 1);
	ck_assert_int_eq(waitpid(assassin, &status, 0), assassin);
	ck_assert_int_eq(status, 0);
}

void
dying_arm(enum moment moment, enum way way)
{
	atomic_store(&dying->reached, 0);
	atomic_store(&dying->way, way);
	atomic_store(&dying->armed, moment);
}

int
dying_worker_init(void *arg, void **state)
{
	(void)arg;
	(void)state;
	is_worker = 1;
	return 0;
}

void
dying_worker_exit(void *arg, void *state)
{
	(void)arg;
	(void)state;
	dying_moment(MOMENT_LEAVING);
}

void
dying_moment(enum moment moment)
{
	uint32_t armed = moment;

	if (dying == NULL || !atomic_compare_exchange_strong(&dying->armed, &armed, MOMENT_NONE))
		return;
	enum way way = (enum way)atomic_load(&dying->way);
	atomic_store(&dying->pid, (int32_t)(moment == MOMENT_ITS_WORKER ? getppid() : getpid()));
	support_post(&dying->reached);
	if (ways[way].from_outside == 0)
		die(way);
	support_post(&dying->waiting);
	/*
	 * Wait for the signal.  A worker that is idle waits in read() anyway.  Where signals are
	 * blocked (MOMENT_BIRTH) the signal comes once they are unblocked.  A process that was only
	 * stopped can go on: a worker whose job is over does so when it is told to end the job.
	 */
	while (moment != MOMENT_IDLE) {
		if ((moment == MOMENT_BIRTH || (moment == MOMENT_ITS_WORKER && way == WAY_STOP)) &&
		    atomic_load(&dying->struck) > 0)
			return;
		if (moment == MOMENT_BIRTH || moment == MOMENT_ITS_WORKER)
			(void)nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
		else if (pause() == -1 && moment == MOMENT_HALF_SENT && way == WAY_STOP &&
		    support_own_process())
			return;
	}
}

int
dying_outbox_holds(void)
{
	const struct outbox *box = worker_self.slot->outbox;

	return atomic_load(&box[0].fill) >> 32 != 0 || atomic_load(&box[1].fill) >> 32 != 0;
}

/* A job's process calls this early, and capture_flush_stdio() late, where the job has printed. */
int
__wrap_os_own_group(void)
{
	if (is_worker)
		dying_moment(MOMENT_BIRTH);
	return __real_os_own_group();
}

void
__wrap_capture_flush_stdio(void)
{
	if (is_worker && support_own_process())
		dying_moment(MOMENT_RETURNED);
	__real_capture_flush_stdio();
}

/*
 * Workers read packets of jobs, write packets of results, and write large values by pwrite().  The
 * size or the header of a packet tells these calls from all others.
 */
ssize_t
__wrap_read(int fd, void *to, size_t len)
{
	if (!is_worker || len != WIRE_PACKET_SIZE)
		return __real_read(fd, to, len);
	dying_moment(MOMENT_IDLE);
	ssize_t n = __real_read(fd, to, len);
	if (n > 0)
		dying_moment(MOMENT_BEFORE_CLAIM);
	return n;
}

ssize_t
__wrap_write(int fd, const void *from, size_t len)
{
	struct wire_reader reader;

	if (!is_worker || len < 16 || wire_open(&reader, WIRE_RESULTS, from, len) == -1)
		return __real_write(fd, from, len);
	dying_moment(MOMENT_BEFORE_SEND);
	ssize_t n = __real_write(fd, from, len);
	if (n > 0)
		dying_moment(MOMENT_AFTER_SEND);
	return n;
}

ssize_t
__wrap_pwrite(int fd, const void *from, size_t len, off_t at)
{
	if (!is_worker || len < 2 || atomic_load(&dying->armed) != MOMENT_HALF_SENT)
		return __real_pwrite(fd, from, len, at);
	ssize_t n = __real_pwrite(fd, from, len / 2, at);
	dying_moment(MOMENT_HALF_SENT);
	return n;
}

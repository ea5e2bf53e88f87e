/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals that come once and not again: traps, whose instruction has been executed when the signal
 * comes, and signals that somebody sends.  Each ends its job as a fault does, at every level; and a
 * robust mutex that the job held is let go.
 */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum way {
	BREAKPOINT, OVERFLOW, ICEBP, SINGLE_STEP, UNDEFINED,
	RAISE, KILL, QUEUE, TIMER, INPUT
};

struct order {
	enum way way;
	int      signo;
};

/* -------------------------------------------------------------------------------- in a job */

#ifdef __x86_64__
static void
trap(enum way way)
{
	switch (way) {
	case BREAKPOINT:
		__asm__ volatile("int3");
		break;
	case OVERFLOW:
		__asm__ volatile("int $4");
		break;
	case ICEBP:
		__asm__ volatile(".byte 0xf1");
		break;
	case SINGLE_STEP: /* the trap flag; the red zone is left alone */
		__asm__ volatile(
		    "subq $256, %%rsp\n"
		    "pushfq\n"
		    "orq $0x100, (%%rsp)\n"
		    "popfq\n"
		    "nop\n"
		    "nop\n"
		    "addq $256, %%rsp\n" ::: "memory", "cc");
		break;
	default:
		__asm__ volatile("ud2");
	}
}
#else
static void
trap(enum way way)
{
	(void)way;
	__builtin_trap();
}
#endif

static void
send_timer(int signo)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = signo };
	struct itimerspec soon = { .it_value = { .tv_nsec = 1 } };
	timer_t timer;

	if (timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 &&
	    timer_settime(timer, 0, &soon, NULL) == 0)
		for (;;)
			(void)pause();
}

/* A descriptor that has input sends a signal with an si_code as a fault has. */
static void
send_input(int signo)
{
	int fds[2];

	if (pipe(fds) == -1)
		return;
#ifdef F_SETSIG
	if (fcntl(fds[0], F_SETSIG, signo) == 0 && fcntl(fds[0], F_SETOWN, getpid()) == 0 &&
	    fcntl(fds[0], F_SETFL, O_ASYNC | O_NONBLOCK) == 0 && write(fds[1], "x", 1) == 1)
		for (;;)
			(void)pause();
#else
	(void)signo;
#endif
}

static int
ends(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct order order;

	(void)context;
	if (args_len != sizeof order)
		return EINVAL;
	memcpy(&order, args, sizeof order);
	switch (order.way) {
	case RAISE:
		(void)raise(order.signo);
		break;
	case KILL:
		(void)kill(getpid(), order.signo);
		break;
	case QUEUE:
		(void)sigqueue(getpid(), order.signo, (union sigval){ .sival_int = 1 });
		break;
	case TIMER:
		send_timer(order.signo);
		break;
	case INPUT:
		send_input(order.signo);
		break;
	default:
		trap(order.way);
	}
	return 0; /* it went on: that is the fault */
}

/* A robust mutex that the caller and all jobs share: whoever dies with it, the next one hears. */
static struct shared_words {
	pthread_mutex_t mutex;
} *words;

enum holder { DIES, EXITS, IS_KILLED, TAKES };

static int
holds_mutex(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct timespec by;
	enum holder how;

	(void)context;
	if (args_len != sizeof how)
		return EINVAL;
	memcpy(&how, args, sizeof how);
	(void)clock_gettime(CLOCK_REALTIME, &by);
	by.tv_sec += 1; /* for an error that would else be a hang */
	int error = pthread_mutex_timedlock(&words->mutex, &by);
	if (error == EOWNERDEAD)
		(void)pthread_mutex_consistent(&words->mutex);
	if (error != 0 && error != EOWNERDEAD)
		return error;
	if (how == DIES)
		trap(UNDEFINED);
	if (how == EXITS)
		_exit(0);
	if (how == IS_KILLED)
		(void)raise(SIGKILL);
	(void)pthread_mutex_unlock(&words->mutex);
	return error;
}

/* -------------------------------------------------------------------------------- in the caller */

static const struct one {
	const char *name;
	struct order order;
	int open_only;      /* what a sandbox denies */
} ways[] = {
#ifdef __x86_64__
	{ "int3", { BREAKPOINT, SIGTRAP }, 0 },
	{ "int $4", { OVERFLOW, SIGSEGV }, 0 },
	{ "icebp", { ICEBP, SIGTRAP }, 0 },
	{ "single step", { SINGLE_STEP, SIGTRAP }, 0 },
	{ "ud2", { UNDEFINED, SIGILL }, 0 },
#endif
	{ "raise(SIGSEGV)", { RAISE, SIGSEGV }, 0 },
	{ "raise(SIGTRAP)", { RAISE, SIGTRAP }, 0 },
	{ "raise(SIGABRT)", { RAISE, SIGABRT }, 0 },
	{ "raise(SIGUSR1)", { RAISE, SIGUSR1 }, 0 },
	{ "kill(SIGSEGV)", { KILL, SIGSEGV }, 1 },
	{ "kill(SIGFPE)", { KILL, SIGFPE }, 1 },
	{ "sigqueue(SIGBUS)", { QUEUE, SIGBUS }, 1 },
	{ "a timer's SIGSEGV", { TIMER, SIGSEGV }, 1 },
	{ "a timer's SIGILL", { TIMER, SIGILL }, 1 },
	{ "SIGSEGV on input", { INPUT, SIGSEGV }, 1 },
	{ "SIGTRAP on input", { INPUT, SIGTRAP }, 1 },
};
#define WAYS ((int)(sizeof ways / sizeof ways[0]))

static void
run_and_see(struct forkpool *pool, const struct one *one)
{
	(void)support_submit(pool, ends, &one->order, sizeof one->order);
	const struct forkpool_result *r = support_wait(pool);

	if (one->open_only && support_sandboxed()) {
		ck_assert_msg(r->outcome != FORKPOOL_LOST && r->outcome != FORKPOOL_EXITED,
		    "%s: %s: %s", one->name, forkpool_outcome_name(r->outcome), r->message);
		return;
	}
	/* A processor that is emulated may not know icebp, which no manual had for long. */
	const int unknown = one->order.way == ICEBP && r->signal == SIGILL;
	ck_assert_msg(r->outcome == FORKPOOL_CRASHED &&
		(r->signal == one->order.signo || unknown),
	    "%s: %s, signal %d: %s", one->name, forkpool_outcome_name(r->outcome), r->signal,
	    r->message);
	ck_assert_msg(strstr(r->message, "stack") == NULL, "%s: %s", one->name, r->message);
}

/* The worker is the same before and after where it lives on: each death is told as its own. */
START_TEST(is_a_death_like_any_other)
{
	static const struct one fault = { "SIGSEGV after it", { RAISE, SIGSEGV }, 0 };
	struct forkpool_options options = support_options(1);
	if (SUPPORT_SANITIZED)
		return; /* its runtime handles these signals, and exits */
	struct forkpool *pool = support_open(&options);

	for (int round = 0; round < 2; round++) {
		run_and_see(pool, &ways[_i]);
		run_and_see(pool, &fault);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(a_robust_mutex_is_let_go)
{
	struct forkpool_options options = support_options(1);
	enum holder how = TAKES;
	pthread_mutexattr_t shared;

	if (SUPPORT_SANITIZED)
		return;
	words = support_shared(sizeof *words);
	ck_assert_int_eq(pthread_mutexattr_init(&shared), 0);
	ck_assert_int_eq(pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED), 0);
	ck_assert_int_eq(pthread_mutexattr_setrobust(&shared, PTHREAD_MUTEX_ROBUST), 0);
	ck_assert_int_eq(pthread_mutex_init(&words->mutex, &shared), 0);
	struct forkpool *pool = support_open(&options);
	for (enum holder dies = DIES; dies <= IS_KILLED; dies++) {
		(void)support_submit(pool, holds_mutex, &dies, sizeof dies);
		ck_assert_int_ne(support_wait(pool)->outcome, FORKPOOL_OK);
		(void)support_submit(pool, holds_mutex, &how, sizeof how);
		const struct forkpool_result *r = support_wait(pool);
		ck_assert_msg(r->outcome == FORKPOOL_FAILED && r->error == EOWNERDEAD,
		    "%d: %s, error %d", (int)dies, forkpool_outcome_name(r->outcome), r->error);
		(void)support_submit(pool, holds_mutex, &how, sizeof how);
		ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("traps and signals that are sent");
	TCase *tc = support_case("traps", 60);

	tcase_add_loop_test(tc, is_a_death_like_any_other, 0, WAYS);
	tcase_add_test(tc, a_robust_mutex_is_let_go);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

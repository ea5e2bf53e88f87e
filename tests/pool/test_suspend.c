/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A pool that is suspended: what runs stands still, its clocks too; nothing begins; cancelling,
 * closing and dying go on as ever; and all is as it was when the pool goes on.
 */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MS INT64_C(1000000)
#define S  INT64_C(1000000000)

/* What may pass outside the pause without a job's being late, however slow the machine is; the
   pause is longer than that. */
#define SPARE_NS (4 * S)
#define PAUSE_NS (SPARE_NS + S / 2)
/* How long is watched whether something moves that must not. */
#define WATCH_NS (30 * MS)

enum { TICKERS_MAX = 4 };

static struct board {
	struct support_gate gate;
	_Atomic uint32_t ticks[TICKERS_MAX]; /* each raised by one process or thread */
	_Atomic uint32_t ended;     /* jobs that came to their own end */
	_Atomic int32_t  pids[4];
	_Atomic uint32_t init_go, in_init;
} *board;

static void
begin(void)
{
	board = support_shared(sizeof *board);
	support_gate_use(&board->gate);
}

static int64_t
now(void)
{
	struct timespec t;

	ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &t), 0);
	return t.tv_sec * S + t.tv_nsec;
}

/* Let so much time pass, whatever interrupts. */
static void
pass(int64_t ns)
{
	const int64_t until = now() + ns;

	for (int64_t left = ns; left > 0; left = until - now())
		(void)poll(NULL, 0, (int)(left / MS) + 1);
}

/* ------------------------------------------------------------------------- what stands still */

static int
is_over(void)
{
	return atomic_load(&board->gate.go) != 0;
}

static void
tick(unsigned which)
{
	while (!is_over())
		support_post(&board->ticks[which]);
}

static void *
thread_ticks(void *which)
{
	tick(*(unsigned *)which);
	return NULL;
}

static void
reap(pid_t child)
{
	while (child > 0 && waitpid(child, NULL, 0) == -1 && errno == EINTR)
		continue;
}

/* Tick in this process, in a thread, and where the level allows it in a child and in a grandchild
   that has left the session. */
static int
ticks_everywhere(struct forkpool_context *context, const void *args, size_t args_len)
{
	unsigned second = 1;
	pthread_t thread;
	pid_t child = -1;

	(void)context;
	(void)args;
	(void)args_len;
	if (!support_sandboxed()) {
		if (pthread_create(&thread, NULL, thread_ticks, &second) != 0)
			return EAGAIN;
		if ((child = fork()) == 0) {
			pid_t grandchild = fork();
			if (grandchild == 0)
				(void)setsid();
			tick(grandchild == 0 ? 3 : 2);
			reap(grandchild);
			_exit(0);
		}
	}
	tick(0);
	if (!support_sandboxed()) {
		(void)pthread_join(thread, NULL);
		reap(child);
	}
	support_post(&board->ended);
	return 0;
}

static unsigned
tickers(void)
{
	return support_sandboxed() ? 1 : TICKERS_MAX;
}

/* Wait until each has moved on. */
static void
ticks_await(void)
{
	for (unsigned i = 0; i < tickers(); i++)
		support_await(&board->ticks[i], atomic_load(&board->ticks[i]) + 2);
}

static void
assert_stands_still(void)
{
	uint32_t before[TICKERS_MAX];

	for (unsigned i = 0; i < TICKERS_MAX; i++)
		before[i] = atomic_load(&board->ticks[i]);
	pass(WATCH_NS);
	for (unsigned i = 0; i < TICKERS_MAX; i++)
		ck_assert_uint_eq(atomic_load(&board->ticks[i]), before[i]);
}

START_TEST(all_processes_of_a_job_stand_still)
{
	struct forkpool_options options = support_options(2);
	struct forkpool_worker_info info;

	struct forkpool *pool = support_open(&options);
	(void)support_submit(pool, ticks_everywhere, NULL, 0);
	(void)support_submit(pool, support_job_waits, NULL, 0);
	ck_assert_int_eq(forkpool_dispatch(pool, NULL, 0), 0);
	for (int i = 0; i < 5; i++) {
		ticks_await();
		ck_assert_int_eq(forkpool_suspend(pool), 0);
		assert_stands_still();
		ck_assert_int_eq(forkpool_suspend(pool), 0); /* it is */
		ck_assert_int_eq(forkpool_worker_info(pool, 0, &info), 0);
		const int64_t run_ns = info.run_ns;
		assert_stands_still();
		ck_assert_int_eq(forkpool_worker_info(pool, 0, &info), 0);
		ck_assert_int_eq(info.run_ns, run_ns);
		ck_assert_int_eq(forkpool_resume(pool), 0);
		ck_assert_int_eq(forkpool_resume(pool), 0);
	}
	ticks_await();
	atomic_store(&board->gate.go, 1);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
	ck_assert_uint_eq(atomic_load(&board->ended), 1);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(nothing_begins)
{
	struct forkpool_options options = support_options(2);
	const struct forkpool_result *result;
	struct forkpool_stats stats;

	struct forkpool *pool = support_open(&options);
	ck_assert_int_eq(forkpool_suspend(pool), 0);
	for (int i = 0; i < 50; i++)
		(void)support_submit(pool, support_job_nothing, NULL, 0);
	ck_assert_int_eq(forkpool_wait(pool, &result, (int)(WATCH_NS / MS)), 0);
	ck_assert_int_eq(forkpool_get_stats(pool, &stats), 0);
	ck_assert_uint_eq(stats.running, 0);
	ck_assert_uint_eq(stats.queued, 50);
	ck_assert_int_eq(forkpool_resize(pool, 4), 0);
	ck_assert_int_eq(forkpool_wait(pool, &result, (int)(WATCH_NS / MS)), 0);
	ck_assert_int_eq(forkpool_resume(pool), 0);
	for (int i = 0; i < 50; i++)
		ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* ------------------------------------------------------------------------------------- clocks */

/* Wait for the gate, and reply how much time is left then. */
static int
waits_for_go(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)support_job_waits(context, args, args_len);
	support_post(&board->ended);
	const int64_t left = forkpool_time_left(context);
	return forkpool_reply(context, &left, sizeof left);
}

static int
init_waits(void *arg, void **state)
{
	(void)arg;
	(void)state;
	support_post(&board->in_init);
	support_await(&board->init_go, 1);
	return 0;
}

/* The deadline of a job, the pool's, the grace of a job that was told to end, and the time of
   worker_init(): each is shorter than the pause. */
START_TEST(no_clock_runs)
{
	struct forkpool_options options = support_options(2);
	struct forkpool_job timed = { .fn = waits_for_go, .timeout_ns = SPARE_NS };
	struct forkpool_job told = { .fn = waits_for_go, .flags = FORKPOOL_COOPERATIVE };
	uint64_t timed_seq, told_seq;

	options.grace_ns = SPARE_NS;
	struct forkpool *pool = support_open(&options);
	options = support_options(1);
	options.worker_init = init_waits;
	options.init_timeout_ns = SPARE_NS;
	struct forkpool *young = support_open(&options);
	(void)support_submit(young, support_job_nothing, NULL, 0);
	ck_assert_int_eq(forkpool_dispatch(young, NULL, 0), 0);
	ck_assert_int_eq(forkpool_submit(pool, &timed, &timed_seq), 1);
	ck_assert_int_eq(forkpool_submit(pool, &told, &told_seq), 1);
	ck_assert_int_eq(forkpool_dispatch(pool, NULL, 0), 0);
	support_await(&board->gate.started, 2);
	support_await(&board->in_init, 1);
	ck_assert_int_eq(forkpool_set_deadline(pool, SPARE_NS), 0);
	ck_assert_int_eq(forkpool_cancel_job(pool, told_seq, FORKPOOL_CANCEL_RUNNING), 1);

	ck_assert_int_eq(forkpool_suspend(pool), 0);
	ck_assert_int_eq(forkpool_suspend(young), 0);
	pass(PAUSE_NS);
	ck_assert_int_eq(forkpool_dispatch(pool, NULL, 0), 0);
	atomic_store(&board->gate.go, 1);
	atomic_store(&board->init_go, 1);
	ck_assert_int_eq(forkpool_resume(pool), 0);
	ck_assert_int_eq(forkpool_resume(young), 0);
	for (int i = 0; i < 2; i++) {
		const struct forkpool_result *result = support_wait(pool);
		ck_assert_int_lt(result->run_ns, PAUSE_NS);
		if (result->seq == told_seq) {
			ck_assert_int_eq(result->outcome, FORKPOOL_CANCELLED);
			continue;
		}
		int64_t left;
		ck_assert_int_eq(result->outcome, FORKPOOL_OK);
		memcpy(&left, result->value, sizeof left);
		ck_assert_int_gt(left, 0);
		/* The job asked before its end. */
		ck_assert_int_ge(result->run_ns + left, SPARE_NS - MS);
	}
	ck_assert_uint_eq(atomic_load(&board->ended), 2);
	ck_assert_int_eq(support_wait(young)->outcome, FORKPOOL_OK);
	ck_assert_int_eq(forkpool_close(young), 0);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(clocks_run_again_afterwards)
{
	const int64_t timeout_ns = 300 * MS, pause_ns = 400 * MS;
	struct forkpool_options options = support_options(1);
	struct forkpool_job job = { .fn = support_job_hangs, .timeout_ns = timeout_ns };

	struct forkpool *pool = support_open(&options);
	const int64_t from = now();
	ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
	for (struct forkpool_worker_info info = { 0 }; !info.busy;) {
		ck_assert_int_eq(forkpool_dispatch(pool, NULL, 0), 0);
		ck_assert_int_eq(forkpool_worker_info(pool, 0, &info), 0);
		if (now() - from >= timeout_ns / 2)
			break; /* a machine that is so slow shows nothing here */
	}
	ck_assert_int_eq(forkpool_suspend(pool), 0);
	pass(pause_ns);
	ck_assert_int_eq(forkpool_resume(pool), 0);
	const struct forkpool_result *result = support_wait(pool);
	ck_assert_int_eq(result->outcome, FORKPOOL_TIMED_OUT);
	ck_assert_int_ge(result->run_ns, timeout_ns);
	if (result->queued_ns < timeout_ns / 2)
		ck_assert_int_ge(now() - from, timeout_ns + pause_ns);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* The deadline of a suspended pool counts from when it goes on. */
START_TEST(pool_deadline_is_set_meanwhile)
{
	struct forkpool_options options = support_options(1);
	const struct forkpool_result *result;

	struct forkpool *pool = support_open(&options);
	(void)support_submit(pool, support_job_hangs, NULL, 0);
	ck_assert_int_eq(forkpool_dispatch(pool, NULL, 0), 0);
	ck_assert_int_eq(forkpool_suspend(pool), 0);
	ck_assert_int_eq(forkpool_set_deadline(pool, MS), 0);
	ck_assert_int_eq(forkpool_wait(pool, &result, (int)(WATCH_NS / MS)), 0);
	ck_assert_int_eq(forkpool_resume(pool), 0);
	ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_CANCELLED);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* --------------------------------------------------------------- ends, while all stands still */

/* _i: enum forkpool_cancel.  Only the run that is cancelled goes on, to its end, and its worker
   begins nothing. */
START_TEST(cancelled_run_ends_and_no_other_begins)
{
	struct forkpool_options options = support_options(2);
	const struct forkpool_result *result;
	uint64_t cancelled;

	struct forkpool *pool = support_open(&options);
	(void)support_submit(pool, ticks_everywhere, NULL, 0);
	cancelled = support_submit(pool, support_job_waits, NULL, 0);
	ck_assert_int_eq(forkpool_dispatch(pool, NULL, 0), 0);
	support_await(&board->gate.started, 1);
	ticks_await();
	for (int i = 0; i < 10; i++)
		(void)support_submit(pool, support_job_nothing, NULL, 0);
	ck_assert_int_eq(forkpool_suspend(pool), 0);
	ck_assert_int_eq(forkpool_cancel_job(pool, cancelled, (enum forkpool_cancel)_i), 1);
	result = support_wait(pool);
	ck_assert_uint_eq(result->seq, cancelled);
	ck_assert_int_eq(result->outcome, FORKPOOL_CANCELLED);
	ck_assert_int_eq(result->signal, _i == FORKPOOL_CANCEL_KILL ? SIGKILL : SIGTERM);
	assert_stands_still();
	ck_assert_int_eq(forkpool_wait(pool, &result, (int)(WATCH_NS / MS)), 0);
	atomic_store(&board->gate.go, 1);
	ck_assert_int_eq(forkpool_resume(pool), 0);
	for (int i = 0; i < 11; i++)
		ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(pool_is_closed_meanwhile)
{
	struct forkpool_options options = support_options(2);

	options.grace_ns = 20 * MS;
	struct forkpool *pool = support_open(&options);
	(void)support_submit(pool, ticks_everywhere, NULL, 0);
	for (int i = 0; i < 3; i++)
		(void)support_submit(pool, support_job_waits, NULL, 0);
	ck_assert_int_eq(forkpool_dispatch(pool, NULL, 0), 0);
	ticks_await();
	support_await(&board->gate.started, 1);
	ck_assert_int_eq(forkpool_suspend(pool), 0);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* The caller is killed: all of its pool's processes end, stopped or not. */
START_TEST(caller_dies_meanwhile)
{
	pid_t caller = fork();

	ck_assert_int_ne(caller, -1);
	if (caller == 0) {
		struct forkpool_options options = support_options(2);
		struct forkpool_worker_info info;
		struct forkpool *pool = support_open(&options);
		(void)support_submit(pool, ticks_everywhere, NULL, 0);
		(void)support_submit(pool, support_job_waits, NULL, 0);
		(void)forkpool_dispatch(pool, NULL, 0);
		ticks_await();
		support_await(&board->gate.started, 1);
		atomic_store(&board->pids[0], support_supervisor(pool));
		for (unsigned i = 0; i < 2; i++) {
			(void)forkpool_worker_info(pool, i, &info);
			atomic_store(&board->pids[i + 1], info.pid);
		}
		if (forkpool_suspend(pool) == 0)
			(void)raise(SIGKILL);
		_exit(1);
	}
	int status;
	ck_assert_int_eq(waitpid(caller, &status, 0), caller);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	/* This process is the one that orphans come to. */
	ck_assert_int_eq(waitpid(atomic_load(&board->pids[0]), NULL, 0),
	    atomic_load(&board->pids[0]));
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_gt(atomic_load(&board->pids[i]), 0);
		ck_assert(support_gone(atomic_load(&board->pids[i]), SUPPORT_HANGS_MS));
	}
}
END_TEST

/* _i: whether the supervisor is killed, and not a worker. */
START_TEST(processes_are_killed_meanwhile)
{
	struct forkpool_options options = support_options(2);
	const struct forkpool_result *result;
	struct forkpool_worker_info info;

	struct forkpool *pool = support_open(&options);
	(void)support_submit(pool, support_job_waits, NULL, 0);
	ck_assert_int_eq(forkpool_dispatch(pool, NULL, 0), 0);
	support_await(&board->gate.started, 1);
	unsigned busy = 0;
	ck_assert_int_eq(forkpool_worker_info(pool, busy, &info), 0);
	if (!info.busy)
		ck_assert_int_eq(forkpool_worker_info(pool, ++busy, &info), 0);
	ck_assert_int_eq(info.busy, 1);
	const pid_t victim = _i ? support_supervisor(pool) : info.pid;
	ck_assert_int_eq(forkpool_suspend(pool), 0);
	(void)support_submit(pool, support_job_nothing, NULL, 0);
	ck_assert_int_eq(kill(victim, SIGKILL), 0);
	result = support_wait(pool);
	ck_assert_int_eq(result->outcome,
	    _i || support_own_process() ? FORKPOOL_LOST : FORKPOOL_CRASHED);
	ck_assert_uint_eq(result->seq, 1);
	ck_assert_int_eq(forkpool_wait(pool, &result, (int)(WATCH_NS / MS)), 0);
	ck_assert_int_eq(forkpool_resume(pool), 0);
	result = support_wait(pool);
	ck_assert_int_eq(result->outcome, FORKPOOL_OK);
	ck_assert_uint_eq(result->seq, 2);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("suspend");
	TCase *tc = support_case("suspend", 30);

	tcase_add_checked_fixture(tc, begin, NULL);
	tcase_add_test(tc, all_processes_of_a_job_stand_still);
	tcase_add_test(tc, nothing_begins);
	tcase_add_test(tc, no_clock_runs);
	tcase_add_test(tc, clocks_run_again_afterwards);
	tcase_add_test(tc, pool_deadline_is_set_meanwhile);
	tcase_add_loop_test(tc, cancelled_run_ends_and_no_other_begins, FORKPOOL_CANCEL_RUNNING,
	    FORKPOOL_CANCEL_KILL + 1);
	tcase_add_test(tc, pool_is_closed_meanwhile);
	tcase_add_test(tc, caller_dies_meanwhile);
	tcase_add_loop_test(tc, processes_are_killed_meanwhile, 0, 2);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

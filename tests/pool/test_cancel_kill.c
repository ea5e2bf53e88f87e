/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cancelling by SIGKILL: at once, whatever the job does or was told before, and no other job with
 * it.
 */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOUR INT64_C(3600000000000)
#define MS   INT64_C(1000000)

/* What the test and its jobs share. */
static struct board {
	_Atomic uint32_t started, told, go, pid, child, attempt;
} *board;

static void
board_begin(void)
{
	board = support_shared(sizeof *board);
}

/* Long enough to be killed while it runs, short enough to be over by then. */
static int
is_brief(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)args;
	(void)args_len;
	for (uint64_t i = 0; i < forkpool_job_seq(context) * 7919 % 50000; i++)
		atomic_signal_fence(memory_order_seq_cst);
	return 0;
}

static void
note_run(const struct forkpool_context *context)
{
	atomic_store(&board->pid, (uint32_t)getpid());
	atomic_store(&board->attempt, forkpool_attempt(context));
	support_post(&board->started);
}

static int
hangs(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)args;
	(void)args_len;
	note_run(context);
	while (!forkpool_cancelled(context))
		(void)usleep(200);
	support_post(&board->told);
	while (pause() == -1)
		continue;
	return 0;
}

static void
on_term(int signo)
{
	(void)signo;
	support_post(&board->told);
}

/* Notes that it is told to end, and does not end. */
static int
defies(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)args;
	(void)args_len;
	(void)signal(SIGTERM, on_term);
	note_run(context);
	while (pause() == -1)
		continue;
	return 0;
}

static int
stops_itself(struct forkpool_context *context, const void *args, size_t args_len)
{
	note_run(context);
	(void)raise(SIGSTOP);
	return hangs(context, args, args_len);
}

static int
leaves_a_child(struct forkpool_context *context, const void *args, size_t args_len)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)setsid();
		support_wait_for_sigkill();
	}
	atomic_store(&board->child, (uint32_t)pid);
	return pid == -1 ? errno : hangs(context, args, args_len);
}

static const struct hanging {
	forkpool_fn *fn;
	unsigned flags;
	int forks;
} hanging[] = {
	{ hangs, 0, 0 },
	{ hangs, FORKPOOL_COOPERATIVE, 0 },
	{ defies, 0, 0 },
	{ defies, FORKPOOL_COOPERATIVE, 0 },
	{ stops_itself, 0, 0 },
	{ stops_itself, FORKPOOL_COOPERATIVE, 0 },
	{ leaves_a_child, 0, 1 },
	{ leaves_a_child, FORKPOOL_COOPERATIVE, 1 },
};
#define HANGING ((int)(sizeof hanging / sizeof hanging[0]))

/* With a grace that no test can wait for. */
static struct forkpool *
open_patient(unsigned workers)
{
	struct forkpool_options options = support_options(workers);

	options.grace_ns = HOUR;
	options.max_attempts = 3;
	options.retry_on =
	    1u << FORKPOOL_CANCELLED | 1u << FORKPOOL_TIMED_OUT | 1u << FORKPOOL_CRASHED;
	return support_open(&options);
}

static uint64_t
submit(struct forkpool *pool, forkpool_fn *fn, unsigned flags, int64_t timeout_ns)
{
	struct forkpool_job job = { .fn = fn, .flags = flags, .timeout_ns = timeout_ns };
	uint64_t seq = 0;

	ck_assert_int_eq(forkpool_submit(pool, &job, &seq), 1);
	return seq;
}

static pid_t
worker_pid(struct forkpool *pool)
{
	struct forkpool_worker_info info;

	do
		ck_assert_int_eq(forkpool_worker_info(pool, 0, &info), 0);
	while (info.pid == 0);
	return info.pid;
}

/*
 * The result of the job that was killed.  Where jobs have processes of their own the worker lives
 * on.
 */
static void
assert_killed(struct forkpool *pool, uint64_t seq, enum forkpool_outcome outcome, pid_t worker)
{
	struct forkpool_stats stats;
	const struct forkpool_result *result = support_wait(pool);

	ck_assert_uint_eq(result->seq, seq);
	ck_assert_msg(result->outcome == outcome, "%s: %s", forkpool_outcome_name(result->outcome),
	    result->message);
	ck_assert_uint_eq(result->attempts, atomic_load(&board->attempt));
	ck_assert_int_eq(result->signal, SIGKILL);
	ck_assert_int_eq(result->exit_code, -1);
	ck_assert_ptr_null(result->value);
	ck_assert_str_ne(result->message, "");
	ck_assert_int_eq(result->pid, (pid_t)atomic_load(&board->pid));
	ck_assert_int_eq(support_gone(result->pid, 10000), 1);
	(void)support_submit(pool, support_job_nothing, NULL, 0);
	ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
	ck_assert_int_eq(forkpool_get_stats(pool, &stats), 0);
	if (support_own_process()) {
		ck_assert_uint_eq(stats.workers_died, 0);
		ck_assert_int_eq(worker_pid(pool), worker);
	} else {
		ck_assert_uint_eq(stats.workers_died, 1);
	}
	ck_assert_uint_eq(forkpool_pending(pool), 0);
}

/*
 * The deadline must pass after the job has started: one that passes before ends it, and it gets
 * more time.
 */
static uint64_t
submit_for_deadline(struct forkpool *pool, forkpool_fn *fn, unsigned flags)
{
	const struct forkpool_result *result;
	uint64_t seq = 0;

	for (int64_t timeout_ns = 20 * MS; atomic_load(&board->started) == 0; timeout_ns *= 2) {
		seq = submit(pool, fn, flags, timeout_ns);
		while (atomic_load(&board->started) == 0 && forkpool_wait(pool, &result, 1) == 0)
			continue;
	}
	return seq;
}

enum before { AT_ONCE, AFTER_CANCEL, AFTER_DEADLINE, BEFORES };

/* _i: how the job hangs, what it was told before, and whether the one is cancelled or all are. */
START_TEST(running_job_is_killed_at_once)
{
	const struct hanging *how = &hanging[_i % HANGING];
	enum before before = (enum before)(_i / HANGING % BEFORES);
	int all = _i / HANGING / BEFORES;

	if (how->forks && support_sandboxed())
		return; /* a sandbox denies fork() */
	if (before == AFTER_CANCEL &&
	    (how->fn == stops_itself || !(how->flags & FORKPOOL_COOPERATIVE)) && how->fn != defies)
		return; /* the cancel has ended it */
	if (before == AFTER_DEADLINE && how->fn != defies)
		return; /* it sees the deadline before the pool does */
	struct forkpool *pool = open_patient(1);
	pid_t worker = worker_pid(pool);
	uint64_t seq = before == AFTER_DEADLINE ? submit_for_deadline(pool, how->fn, how->flags) :
	    submit(pool, how->fn, how->flags, 0);
	support_await(&board->started, 1);
	if (how->fn == stops_itself)
		while (support_state((pid_t)atomic_load(&board->pid)) != 'T')
			(void)usleep(200);
	if (before == AFTER_CANCEL)
		ck_assert_int_eq(forkpool_cancel_job(pool, seq, FORKPOOL_CANCEL_RUNNING), 1);
	if (before != AT_ONCE)
		support_await(&board->told, 1); /* the grace has begun */
	/* A job whose deadline has passed counts as timed out, not as cancelled; but it ends. */
	int r = all ? forkpool_cancel(pool, FORKPOOL_CANCEL_KILL) :
	    forkpool_cancel_job(pool, seq, FORKPOOL_CANCEL_KILL);
	ck_assert_int_eq(r, before != AFTER_DEADLINE);
	assert_killed(pool, seq, before == AFTER_DEADLINE ? FORKPOOL_TIMED_OUT : FORKPOOL_CANCELLED,
	    worker);
	ck_assert_uint_eq(atomic_load(&board->told), before != AT_ONCE);
	if (how->forks)
		ck_assert_int_eq(support_gone((pid_t)atomic_load(&board->child), 10000), 1);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* _i: 0 the worker is stopped, 1 the job's own process. */
START_TEST(stopped_from_outside_it_is_killed_too)
{
	struct forkpool *pool = open_patient(1);
	pid_t worker = worker_pid(pool);
	uint64_t seq = submit(pool, hangs, FORKPOOL_COOPERATIVE, 0);

	support_await(&board->started, 1);
	pid_t stopped = _i ? (pid_t)atomic_load(&board->pid) : worker;
	ck_assert_int_eq(kill(stopped, SIGSTOP), 0);
	while (support_state(stopped) != 'T')
		(void)usleep(200);
	ck_assert_int_eq(forkpool_cancel_job(pool, seq, FORKPOOL_CANCEL_KILL), 1);
	assert_killed(pool, seq, FORKPOOL_CANCELLED, worker);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(queued_and_running_all_go)
{
	struct forkpool *pool = open_patient(2);
	unsigned ran = 0;

	for (int i = 0; i < 50; i++)
		(void)submit(pool, hangs, FORKPOOL_COOPERATIVE, 0);
	support_await(&board->started, 2);
	ck_assert_int_eq(forkpool_cancel(pool, FORKPOOL_CANCEL_KILL), 1);
	/* Cancelling again and again does not delay the end. */
	for (int i = 0; i < 50; i++) {
		const struct forkpool_result *result = NULL;
		while (forkpool_wait(pool, &result, 1) == 0)
			(void)forkpool_cancel(pool, FORKPOOL_CANCEL_KILL);
		ck_assert_int_eq(result->outcome, FORKPOOL_CANCELLED);
		ran += result->attempts;
	}
	ck_assert_uint_eq(ran, 2);
	ck_assert_uint_eq(atomic_load(&board->started), 2);
	ck_assert_int_eq(forkpool_cancel(pool, FORKPOOL_CANCEL_KILL), 0);
	ck_assert_int_eq(forkpool_cancel_job(pool, 1, FORKPOOL_CANCEL_KILL), 0);
	ck_assert_int_eq(forkpool_cancel_job(pool, 999, FORKPOOL_CANCEL_KILL), 0);
	errno = 0;
	ck_assert_int_eq(forkpool_cancel(pool, (enum forkpool_cancel)(FORKPOOL_CANCEL_KILL + 1)),
	    -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* The supervisor dies before, while or after it hears of the cancel. */
START_TEST(killed_with_the_supervisor)
{
	struct forkpool *pool = open_patient(1);

	for (uint32_t i = 0; i < 5; i++) {
		pid_t supervisor = support_supervisor(pool);
		uint64_t seq = submit(pool, hangs, FORKPOOL_COOPERATIVE, 0);
		support_await(&board->started, i + 1);
		if (i % 2)
			ck_assert_int_eq(kill(supervisor, SIGKILL), 0);
		ck_assert_int_eq(forkpool_cancel_job(pool, seq, FORKPOOL_CANCEL_KILL), 1);
		if (i % 2 == 0)
			(void)kill(supervisor, SIGKILL);
		const struct forkpool_result *result = support_wait(pool);
		ck_assert_uint_eq(result->seq, seq);
		ck_assert_int_eq(result->outcome, FORKPOOL_CANCELLED);
		while (support_supervisor(pool) == supervisor)
			continue;
		(void)support_submit(pool, support_job_nothing, NULL, 0);
		ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/*
 * Short jobs one after another in one worker: only the right one is hit, or none.  _i: told before
 * or not.
 */
START_TEST(racing_with_completion_it_spares_the_next_ones)
{
	struct forkpool *pool = open_patient(1);
	unsigned cancelled = 0, spared = 0;

	for (unsigned i = 0; i < 400; i++) {
		uint64_t first = submit(pool, is_brief, i % 3 == 0 ? FORKPOOL_COOPERATIVE : 0, 0);
		int r[3] = { 0, 0, 0 };
		for (int j = 0; j < 5; j++)
			(void)submit(pool, is_brief, 0, 0);
		for (unsigned j = 0; j < 1 + i % 40; j++) {
			uint64_t which = j % 3;
			if (_i && r[which] == 0)
				r[which] = forkpool_cancel_job(pool, first + which,
				    FORKPOOL_CANCEL_RUNNING);
			r[which] |= forkpool_cancel_job(pool, first + which, FORKPOOL_CANCEL_KILL);
			if (support_own_process() && j == 0)
				(void)usleep(i % 50 * 20);
			ck_assert_int_ge(forkpool_dispatch(pool, NULL, 0), 0);
		}
		for (int j = 0; j < 6; j++) {
			const struct forkpool_result *result = support_wait(pool);
			uint64_t at = result->seq - first;
			int told = at < 3 && r[at];
			ck_assert_msg(result->outcome == (told ? FORKPOOL_CANCELLED : FORKPOOL_OK),
			    "round %u, job %llu: %s: %s", i, (unsigned long long)at,
			    forkpool_outcome_name(result->outcome), result->message);
			ck_assert_uint_le(result->attempts, 1);
			cancelled += (unsigned)told;
			spared += !told;
		}
	}
	ck_assert_uint_gt(cancelled, 0);
	ck_assert_uint_ge(spared, 1200);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("cancel by SIGKILL");
	TCase *tc = support_case("kill", 60);

	tcase_add_checked_fixture(tc, board_begin, NULL);
	tcase_add_loop_test(tc, running_job_is_killed_at_once, 0, HANGING * BEFORES * 2);
	tcase_add_loop_test(tc, stopped_from_outside_it_is_killed_too, 0, 2);
	tcase_add_test(tc, queued_and_running_all_go);
	tcase_add_test(tc, killed_with_the_supervisor);
	tcase_add_loop_test(tc, racing_with_completion_it_spares_the_next_ones, 0, 2);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

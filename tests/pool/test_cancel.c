/* SPDX-License-Identifier: BSD-2-Clause */
/* Cancelling one job or all, queued or running, at any moment; the pool stays usable. */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MS INT64_C(1000000)

/* What the test and its jobs share. */
static struct board {
	struct support_gate gate; /* for support_job_waits() too */
	_Atomic uint32_t attempts, returned, stops;
} *board;

static void
board_begin(void)
{
	board = support_shared(sizeof *board);
	support_gate_use(&board->gate);
}

static int
until_cancelled(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)args;
	(void)args_len;
	(void)forkpool_reply(context, "dropped", 8);
	support_post(&board->gate.started);
	while (!forkpool_cancelled(context))
		(void)usleep(200);
	support_post(&board->returned);
	return forkpool_fail(context, ECANCELED, "gave up");
}

static int
ignore_sigterm(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)signal(SIGTERM, SIG_IGN);
	return support_job_waits(context, args, args_len);
}

static int
stop_itself(struct forkpool_context *context, const void *args, size_t args_len)
{
	atomic_store(&board->stops, (uint32_t)getpid());
	support_post(&board->gate.started);
	(void)raise(SIGSTOP);
	return support_job_waits(context, args, args_len);
}

/* A job succeeds, and the statistics account for every job. */
static void
assert_usable(struct forkpool *pool)
{
	struct forkpool_stats stats;
	uint64_t seq = support_submit(pool, support_job_nothing, NULL, 0), sum = 0;
	const struct forkpool_result *result = support_wait(pool);

	ck_assert_uint_eq(result->seq, seq);
	ck_assert_int_eq(result->outcome, FORKPOOL_OK);
	ck_assert_uint_eq(forkpool_pending(pool), 0);
	ck_assert_int_eq(forkpool_get_stats(pool, &stats), 0);
	for (int i = 0; i < 16; i++)
		sum += stats.by_outcome[i];
	ck_assert_uint_eq(stats.submitted, seq);
	ck_assert_uint_eq(stats.delivered, seq);
	ck_assert_uint_eq(sum, seq);
	ck_assert_uint_eq(stats.queued + stats.running, 0);
}

static void
assert_cancelled(const struct forkpool_result *result, unsigned attempts, int signo)
{
	ck_assert_int_eq(result->outcome, FORKPOOL_CANCELLED);
	ck_assert_uint_eq(result->attempts, attempts);
	ck_assert_int_eq(result->signal, signo);
	ck_assert_int_eq(result->exit_code, -1);
	ck_assert_int_eq(result->error, 0);
	ck_assert_int_eq(result->pid > 0, attempts > 0);
	ck_assert_ptr_null(result->value);
	ck_assert_uint_eq(result->value_len, 0);
	ck_assert_str_ne(result->message, "");
}

/* Submit a job that keeps the worker busy, and jobs that queue behind it; the seq of the first. */
static uint64_t
submit_busy_and_queued(struct forkpool *pool, int queued)
{
	uint64_t running = support_submit(pool, support_job_waits, NULL, 0);

	for (int i = 1; i <= queued; i++)
		ck_assert_uint_eq(support_submit(pool, support_job_waits, NULL, 0),
		    running + (uint64_t)i);
	support_await(&board->gate.started, 1);
	return running;
}

START_TEST(queued_job_is_cancelled_without_being_run)
{
	struct forkpool_options options = support_options(1);

	struct forkpool *pool = support_open(&options);
	uint64_t running = submit_busy_and_queued(pool, 9);
	/* Every second job; some of them have been offered to the worker already. */
	for (uint64_t i = 1; i <= 9; i += 2)
		ck_assert_int_eq(forkpool_cancel_job(pool, running + i, FORKPOOL_CANCEL_QUEUED), 1);
	for (uint64_t i = 1; i <= 9; i += 2)
		assert_cancelled(support_wait(pool), 0, 0);
	support_post(&board->gate.go);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
	ck_assert_uint_eq(atomic_load(&board->gate.started), 5);
	assert_usable(pool);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(running_job_is_left_alone_by_cancel_queued)
{
	struct forkpool_options options = support_options(1);
	struct forkpool *pool = support_open(&options);
	uint64_t running = submit_busy_and_queued(pool, 5);

	ck_assert_int_eq(forkpool_cancel_job(pool, running, FORKPOOL_CANCEL_QUEUED), 0);
	ck_assert_int_eq(forkpool_cancel(pool, FORKPOOL_CANCEL_QUEUED), 1);
	ck_assert_int_eq(forkpool_cancel(pool, FORKPOOL_CANCEL_QUEUED), 0);
	for (int i = 0; i < 5; i++)
		assert_cancelled(support_wait(pool), 0, 0);
	ck_assert_uint_eq(forkpool_pending(pool), 1);
	support_post(&board->gate.go);
	const struct forkpool_result *result = support_wait(pool);
	ck_assert_uint_eq(result->seq, running);
	ck_assert_int_eq(result->outcome, FORKPOOL_OK);
	ck_assert_uint_eq(atomic_load(&board->gate.started), 1);
	assert_usable(pool);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* How a running job reacts. */
static const struct taking {
	forkpool_fn *fn;
	unsigned flags, posts;
	int signo;
} taking[] = {
	{ support_job_waits, 0, 1, SIGTERM },
	{ until_cancelled, FORKPOOL_COOPERATIVE, 1, 0 },
	{ until_cancelled, 0, 1, SIGTERM },
	{ ignore_sigterm, 0, 1, SIGKILL },
	{ support_job_waits, FORKPOOL_COOPERATIVE, 1, SIGKILL }, /* never asks */
	{ stop_itself, 0, 1, SIGTERM },
	{ stop_itself, FORKPOOL_COOPERATIVE, 2, SIGKILL },
};
#define TAKING ((int)(sizeof taking / sizeof taking[0]))

/* _i: how the job reacts; the first TAKING times it alone is cancelled, then all jobs. */
START_TEST(running_job_is_cancelled)
{
	const struct taking *how = &taking[_i % TAKING];
	struct forkpool_options options = support_options(1);
	struct forkpool_job job = { .fn = how->fn, .flags = how->flags };
	uint64_t running;
	int all = _i >= TAKING;

	/* A job that ends when told must not be killed. */
	options.grace_ns = how->signo == SIGKILL ? 30 * MS : 60000 * MS;
	struct forkpool *pool = support_open(&options);
	ck_assert_int_eq(forkpool_submit(pool, &job, &running), 1);
	uint64_t queued = support_submit(pool, support_job_nothing, NULL, 0);
	support_await(&board->gate.started, 1);
	while (how->fn == stop_itself && support_state((pid_t)atomic_load(&board->stops)) != 'T')
		(void)usleep(200);
	int r = all ? forkpool_cancel(pool, FORKPOOL_CANCEL_RUNNING) :
	    forkpool_cancel_job(pool, running, FORKPOOL_CANCEL_RUNNING);
	ck_assert_int_eq(r, 1);
	/* A second time, as the job will end as cancelled. */
	ck_assert_int_eq(forkpool_cancel_job(pool, running, FORKPOOL_CANCEL_RUNNING), 1);
	for (int i = 0; i < 2; i++) {
		const struct forkpool_result *result = support_wait(pool);
		if (result->seq == running) {
			assert_cancelled(result, 1, how->signo);
			continue;
		}
		ck_assert_uint_eq(result->seq, queued);
		if (all)
			assert_cancelled(result, 0, 0);
		else
			ck_assert_int_eq(result->outcome, FORKPOOL_OK);
	}
	ck_assert_uint_eq(atomic_load(&board->gate.started), how->posts);
	ck_assert_uint_eq(atomic_load(&board->returned), how->signo == 0);
	assert_usable(pool);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(unknown_and_finished_jobs_are_not_cancelled)
{
	struct forkpool *pool = support_open(NULL);
	const struct forkpool_result *result;

	for (int what = FORKPOOL_CANCEL_QUEUED; what <= FORKPOOL_CANCEL_RUNNING; what++) {
		enum forkpool_cancel how = (enum forkpool_cancel)what;
		ck_assert_int_eq(forkpool_cancel(pool, how), 0);
		ck_assert_int_eq(forkpool_cancel_job(pool, 0, how), 0);
		ck_assert_int_eq(forkpool_cancel_job(pool, 999, how), 0);
		ck_assert_int_eq(forkpool_cancel_job(pool, UINT64_MAX, how), 0);
		/* One result is taken; the other job has ended, and its result is not taken. */
		uint64_t first = support_submit(pool, support_job_nothing, NULL, 0);
		uint64_t second = support_submit(pool, support_job_nothing, NULL, 0);
		uint64_t taken = support_wait(pool)->seq;
		uint64_t other = taken == first ? second : first;
		struct forkpool_stats stats;
		do {
			ck_assert_int_eq(forkpool_dispatch(pool, NULL, 0) >= 0, 1);
			ck_assert_int_eq(forkpool_get_stats(pool, &stats), 0);
		} while (stats.queued + stats.running > 0);
		ck_assert_int_eq(forkpool_cancel_job(pool, taken, how), 0);
		ck_assert_int_eq(forkpool_cancel_job(pool, other, how), 0);
		ck_assert_int_eq(forkpool_cancel(pool, how), 0);
		result = support_wait(pool);
		ck_assert_uint_eq(result->seq, other);
		ck_assert_int_eq(result->outcome, FORKPOOL_OK);
	}
	assert_usable(pool);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(cancelled_job_is_not_tried_again)
{
	struct forkpool_options options = support_options(1);

	options.max_attempts = 5;
	options.retry_on =
	    1u << FORKPOOL_CANCELLED | 1u << FORKPOOL_CRASHED | 1u << FORKPOOL_FAILED;
	struct forkpool *pool = support_open(&options);
	uint64_t running = submit_busy_and_queued(pool, 3);
	ck_assert_int_eq(forkpool_cancel_job(pool, running + 2, FORKPOOL_CANCEL_RUNNING), 1);
	assert_cancelled(support_wait(pool), 0, 0);
	ck_assert_int_eq(forkpool_cancel_job(pool, running, FORKPOOL_CANCEL_RUNNING), 1);
	const struct forkpool_result *result = support_wait(pool);
	ck_assert_uint_eq(result->seq, running);
	assert_cancelled(result, 1, SIGTERM);
	ck_assert_int_eq(forkpool_cancel(pool, FORKPOOL_CANCEL_RUNNING), 1);
	for (int i = 0; i < 2; i++) {
		result = support_wait(pool);
		ck_assert_int_eq(result->outcome, FORKPOOL_CANCELLED);
		ck_assert_uint_le(result->attempts, 1);
	}
	assert_usable(pool);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static int
fail_each_time(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)args;
	(void)args_len;
	support_post(&board->attempts);
	return EAGAIN;
}

/* _i: 1 all are cancelled, 0 the one. */
START_TEST(cancel_between_two_attempts_is_the_end)
{
	struct forkpool_options options = support_options(1);
	int r;

	options.max_attempts = 1000000;
	options.retry_on = 1u << FORKPOOL_FAILED;
	struct forkpool *pool = support_open(&options);
	for (uint32_t i = 0; i < 100; i++) {
		atomic_store(&board->attempts, 0);
		uint64_t seq = support_submit(pool, fail_each_time, NULL, 0);
		support_await(&board->attempts, 1);
		if (i % 2 == 1) {
			const struct forkpool_result *none;
			ck_assert_int_eq(forkpool_next(pool, &none), 0);
		}
		r = _i ? forkpool_cancel(pool, FORKPOOL_CANCEL_RUNNING) :
		    forkpool_cancel_job(pool, seq, FORKPOOL_CANCEL_RUNNING);
		/*
		 * The job is cancelled; or it was too late for this attempt, which then is the
		 * last.
		 */
		const struct forkpool_result *result = support_wait(pool);
		ck_assert_uint_eq(result->seq, seq);
		ck_assert_int_eq(result->outcome, r == 1 ? FORKPOOL_CANCELLED : FORKPOOL_FAILED);
		ck_assert_uint_lt(result->attempts, 1000);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* _i: ordered or not.  Thousands of jobs are cancelled before, while and after they run. */
START_TEST(cancel_racing_with_completion_gives_one_true_result)
{
	enum { JOBS = 4000, AHEAD = 8 };
	struct forkpool_options options = support_options(2);
	static unsigned char said[JOBS + 1], results[JOBS + 1];
	uint64_t next = 2, cancelled = 0;
	uint32_t random = 12345;

	options.ordered = _i;
	struct forkpool *pool = support_open(&options);
	/* The first job is not cancelled, so that the workers are up. */
	ck_assert_uint_eq(support_submit(pool, support_job_nothing, NULL, 0), 1);
	ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
	results[1] = 1;
	for (uint64_t taken = 1; taken < JOBS;) {
		/* Starting a process takes time. */
		if (support_own_process() && random % 16 == 0)
			(void)usleep(1000);
		while (next <= JOBS && next <= taken + AHEAD) {
			/* Cooperative: to kill a worker each time would be slow. */
			struct forkpool_job job = { .fn = support_job_nothing,
				.flags = FORKPOOL_COOPERATIVE };
			ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
			next++;
		}
		random = random * 1664525 + 1013904223;
		uint64_t seq = taken + 1 + (random >> 16) % AHEAD;
		for (unsigned pause = random >> 20 & 0xff; pause > 0; pause--)
			atomic_signal_fence(memory_order_seq_cst);
		int r = forkpool_cancel_job(pool, seq,
		    random >> 30 & 1 ? FORKPOOL_CANCEL_RUNNING : FORKPOOL_CANCEL_QUEUED);
		ck_assert_int_ge(r, 0);
		if (r == 1) {
			ck_assert_uint_lt(seq, next);
			ck_assert_uint_eq(results[seq], 0);
			said[seq] = 1;
		}
		const struct forkpool_result *result;
		while ((r = forkpool_next(pool, &result)) == 1) {
			ck_assert_uint_eq(results[result->seq], 0);
			results[result->seq] = 1;
			ck_assert_int_eq(result->outcome,
			    said[result->seq] ? FORKPOOL_CANCELLED : FORKPOOL_OK);
			cancelled += said[result->seq];
			taken++;
			if (_i)
				ck_assert_uint_eq(result->seq, taken);
		}
		ck_assert_int_eq(r, 0);
	}
	ck_assert_uint_gt(cancelled, 0);
	ck_assert_uint_lt(cancelled, JOBS);
	assert_usable(pool);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(cancel_racing_with_plain_jobs_spares_the_next_ones)
{
	struct forkpool *pool = support_open(NULL);

	for (int i = 0; i < 200; i++) {
		uint64_t seq = support_submit(pool, support_job_nothing, NULL, 0),
			 after = support_submit(pool, support_job_nothing, NULL, 0);
		int r = 0;
		for (int j = 0; j < i && r == 0; j++)
			r = forkpool_cancel_job(pool, seq, FORKPOOL_CANCEL_RUNNING);
		for (int j = 0; j < 2; j++) {
			const struct forkpool_result *result = support_wait(pool);
			ck_assert_uint_eq(result->seq == seq || result->seq == after, 1);
			ck_assert_int_eq(result->outcome,
			    result->seq == seq && r ? FORKPOOL_CANCELLED : FORKPOOL_OK);
		}
	}
	assert_usable(pool);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("cancel");
	TCase *tc = support_case("cancel", 30);

	tcase_add_checked_fixture(tc, board_begin, NULL);
	tcase_add_test(tc, queued_job_is_cancelled_without_being_run);
	tcase_add_test(tc, running_job_is_left_alone_by_cancel_queued);
	tcase_add_loop_test(tc, running_job_is_cancelled, 0, 2 * TAKING);
	tcase_add_test(tc, unknown_and_finished_jobs_are_not_cancelled);
	tcase_add_test(tc, cancelled_job_is_not_tried_again);
	tcase_add_loop_test(tc, cancel_between_two_attempts_is_the_end, 0, 2);
	tcase_add_loop_test(tc, cancel_racing_with_completion_gives_one_true_result, 0, 2);
	tcase_add_test(tc, cancel_racing_with_plain_jobs_spares_the_next_ones);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

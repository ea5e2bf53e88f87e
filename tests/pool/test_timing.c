/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timeouts of jobs, the grace after them, and the pool's deadline, whatever the job and the caller
 * do.
 */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MS INT64_C(1000000)
#define S  INT64_C(1000000000)

static struct support_gate *gate; /* of support_job_waits(); jobs that hang count as started too */

/* A named pipe that a job opens: it ends when the job's process is gone. */
static char witness_dir[] = "/tmp/forkpool-test-XXXXXX";
static char witness_path[sizeof witness_dir + 8];
static int  witness = -1;

static void
witness_open(void)
{
	witness = open(witness_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ck_assert_int_ne(witness, -1);
}

static void
begin(void)
{
	gate = support_shared(sizeof *gate);
	support_gate_use(gate);
	ck_assert_ptr_nonnull(mkdtemp(witness_dir));
	ck_assert_int_eq(chmod(witness_dir, 0755), 0);
	(void)snprintf(witness_path, sizeof witness_path, "%s/pipe", witness_dir);
	ck_assert_int_eq(mkfifo(witness_path, 0600), 0);
	ck_assert_int_eq(chmod(witness_path, 0622), 0); /* for whatever user the job is */
	witness_open();
}

static void
end(void)
{
	ck_assert_int_eq(close(witness), 0);
	ck_assert_int_eq(unlink(witness_path), 0);
	ck_assert_int_eq(rmdir(witness_dir), 0);
}

/* Options with so many workers, whose jobs may open the pipe. */
static struct forkpool_options
options_with(unsigned workers)
{
	struct forkpool_options options = support_options(workers);

	support_open_up(&options, witness_dir);
	/* On a slow machine too a job that ends when told must not be killed. */
	options.grace_ns = 60 * S;
	return options;
}

/*
 * Wait, without a call to the library, until the job has started and its process has ended: 1.  0:
 * it has not started within so many milliseconds (negative: however long that takes).
 */
static int
witness_within(int began_ms)
{
	struct pollfd fd = { .fd = witness, .events = POLLIN };
	char byte;
	ssize_t n = -1;

	do {
		int ready = poll(&fd, 1, n == 1 ? -1 : began_ms);
		if (ready == 0)
			return 0;
		ck_assert_int_eq(ready, 1);
		n = read(witness, &byte, 1);
	} while (n == 1 || (n == -1 && errno == EAGAIN));
	ck_assert_int_eq((int)n, 0);
	return 1;
}

static void
witness_await(void)
{
	ck_assert(witness_within(-1));
}

/* Ways in which a job does not end. */
enum way { PLAIN, IGNORES, BLOCKS, STOPS, STOPS_AND_IGNORES, NEVER_ASKS, RETURNS, WAYS };

static int
hang(struct forkpool_context *context, const void *args, size_t args_len)
{
	enum way way;
	sigset_t term;

	if (args_len != sizeof way)
		return EBADMSG;
	memcpy(&way, args, sizeof way);
	if (way == IGNORES || way == STOPS_AND_IGNORES)
		(void)signal(SIGTERM, SIG_IGN);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	if (way == BLOCKS)
		(void)sigprocmask(SIG_BLOCK, &term, NULL);
	int fd = open(witness_path, O_WRONLY | O_CLOEXEC);
	if (fd == -1 || write(fd, "", 1) != 1)
		return errno;
	(void)forkpool_reply(context, "dropped", 8);
	support_post(&gate->started);
	if (way == STOPS || way == STOPS_AND_IGNORES)
		(void)raise(SIGSTOP);
	while (way != RETURNS || !forkpool_cancelled(context))
		(void)usleep(1000);
	(void)close(fd);
	int64_t left = forkpool_time_left(context);
	return left == INT64_MAX || left == 0 ? 0 : EPROTO;
}

static struct forkpool_job
hanging_job(const enum way *way, int64_t timeout_ns)
{
	unsigned flags = *way == RETURNS || *way == NEVER_ASKS ? FORKPOOL_COOPERATIVE : 0;

	return (struct forkpool_job){ .fn = hang, .args = way, .args_len = sizeof *way,
		.timeout_ns = timeout_ns, .flags = flags };
}

static int
report_time_left(struct forkpool_context *context, const void *args, size_t args_len)
{
	int64_t left = forkpool_time_left(context);

	(void)args;
	(void)args_len;
	return forkpool_reply(context, &left, sizeof left);
}

static int64_t
time_left_in_job(struct forkpool *pool, int64_t timeout_ns)
{
	struct forkpool_job job = { .fn = report_time_left, .timeout_ns = timeout_ns };
	int64_t left;

	ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
	const struct forkpool_result *result = support_wait(pool);
	ck_assert_int_eq(result->outcome, FORKPOOL_OK);
	memcpy(&left, result->value, sizeof left);
	return left;
}

/* What is true of each run that was ended; way: how it hung. */
static void
assert_ended(const struct forkpool_result *result, enum forkpool_outcome outcome, enum way way)
{
	ck_assert_int_eq(result->outcome, outcome);
	ck_assert_uint_eq(result->attempts, 1);
	if (way == RETURNS)
		ck_assert_int_eq(result->signal, 0);
	else
		ck_assert_int_eq(result->signal, way == PLAIN || way == STOPS ? SIGTERM : SIGKILL);
	ck_assert_int_eq(result->exit_code, -1);
	ck_assert_int_gt(result->pid, 0);
	ck_assert_ptr_null(result->value);
	ck_assert_uint_eq(result->value_len, 0);
	ck_assert_str_ne(result->message, "");
}

/* _i: how the job hangs. */
START_TEST(run_past_its_timeout_ends_while_the_caller_is_busy)
{
	struct forkpool_options options = options_with(1);
	enum way way = (enum way)_i;
	struct forkpool_job job = hanging_job(&way, support_own_process() ? 100 * MS : 20 * MS);
	struct forkpool_stats stats;
	unsigned runs = 1;

	if (way != RETURNS && way != PLAIN && way != STOPS)
		options.grace_ns = 20 * MS;
	struct forkpool *pool = support_open(&options);
	ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
	/* The job must hang before its deadline: on a slow machine, with more time. */
	for (; !witness_within((int)(job.timeout_ns / MS) + 2000); runs++) {
		ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_TIMED_OUT);
		ck_assert_int_eq(close(witness), 0);
		witness_open();
		atomic_store(&gate->started, 0);
		job.timeout_ns *= 4;
		ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
	}
	const struct forkpool_result *result = support_wait(pool);
	assert_ended(result, FORKPOOL_TIMED_OUT, way);
	ck_assert_int_ge(result->run_ns,
	    way == RETURNS || way == PLAIN || way == STOPS ? 20 * MS : 40 * MS);
	pid_t pid = result->pid;
	ck_assert(!support_own_process() || support_gone(pid, 0));
	/* The pool goes on, with the same worker process where that returned from the job. */
	ck_assert_int_eq(time_left_in_job(pool, 0), INT64_MAX);
	ck_assert_int_eq(forkpool_get_stats(pool, &stats), 0);
	ck_assert_uint_eq(stats.workers_died, way != RETURNS && !support_own_process() ? runs : 0);
	if (way == RETURNS && !support_own_process())
		ck_assert(!support_gone(pid, 0));
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(run_past_the_default_timeout_ends)
{
	struct forkpool_options options = options_with(1);
	enum way way = PLAIN;

	options.timeout_ns = 20 * MS;
	struct forkpool *pool = support_open(&options);
	(void)support_submit(pool, hang, &way, sizeof way);
	assert_ended(support_wait(pool), FORKPOOL_TIMED_OUT, PLAIN);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(timeout_of_a_job_goes_before_the_default)
{
	struct forkpool_options options = options_with(1);

	options.timeout_ns = 1000 * S;
	struct forkpool *pool = support_open(&options);
	ck_assert_int_le(time_left_in_job(pool, 0), 1000 * S);
	ck_assert_int_gt(time_left_in_job(pool, 0), 100 * S);
	ck_assert_int_le(time_left_in_job(pool, 90 * S), 90 * S);
	ck_assert_int_gt(time_left_in_job(pool, 2000 * S), 1000 * S);
	ck_assert_int_eq(time_left_in_job(pool, -1), INT64_MAX);
	ck_assert_int_eq(time_left_in_job(pool, INT64_MIN), INT64_MAX);
	ck_assert_int_gt(time_left_in_job(pool, INT64_MAX), 1000000 * S);
	ck_assert_int_eq(forkpool_close(pool), 0);

	options.timeout_ns = -1; /* none, as 0 */
	pool = support_open(&options);
	ck_assert_int_eq(time_left_in_job(pool, 0), INT64_MAX);
	ck_assert_int_le(time_left_in_job(pool, 90 * S), 90 * S);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static int
wait_for_go(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)support_job_waits(context, args, args_len);
	return forkpool_time_left(context) == INT64_MAX ? 0 : EPROTO;
}

START_TEST(negative_timeout_outlives_the_default)
{
	struct forkpool_options options = options_with(2);
	struct forkpool_job job = { .fn = wait_for_go, .timeout_ns = -1 };
	enum way way = PLAIN;

	options.timeout_ns = 10 * MS;
	struct forkpool *pool = support_open(&options);
	ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
	support_await(&gate->started, 1);
	/* Each of these starts after the first job and ends before it. */
	for (int i = 0; i < 3; i++) {
		(void)support_submit(pool, hang, &way, sizeof way);
		ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_TIMED_OUT);
	}
	support_post(&gate->go);
	ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(timeouts_end_the_jobs_that_hang_and_no_others)
{
	struct forkpool_options options = options_with(2);
	struct forkpool *pool = support_open(&options);
	enum way plain = PLAIN, returns = RETURNS;

	for (uintptr_t i = 0; i < 100; i++) {
		struct forkpool_job job = { .fn = report_time_left, .timeout_ns = 1000 * S };
		if (i % 10 == 3)
			job = hanging_job(&plain, 5 * MS);
		if (i % 10 == 6)
			job = hanging_job(&returns, 1); /* its time is over when it starts */
		job.user = (void *)i;
		ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
	}
	for (int n = 0; n < 100; n++) {
		const struct forkpool_result *result = support_wait(pool);
		uintptr_t i = (uintptr_t)result->user % 10;
		ck_assert_int_eq(result->outcome,
		    i == 3 || i == 6 ? FORKPOOL_TIMED_OUT : FORKPOOL_OK);
		ck_assert_int_eq(result->signal, i == 3 ? SIGTERM : 0);
		ck_assert_uint_eq(result->attempts, 1);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static int
hang_twice(struct forkpool_context *context, const void *args, size_t args_len)
{
	enum way way = PLAIN;

	(void)args;
	(void)args_len;
	if (forkpool_attempt(context) < 3)
		return hang(context, &way, sizeof way);
	return report_time_left(context, NULL, 0);
}

START_TEST(each_attempt_has_the_whole_timeout)
{
	struct forkpool_options options = options_with(2);
	struct forkpool *pool = support_open(&options);
	struct forkpool_job job = { .fn = hang_twice, .timeout_ns = 10 * MS, .max_attempts = 2 };

	ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
	const struct forkpool_result *result = support_wait(pool);
	ck_assert_int_eq(result->outcome, FORKPOOL_TIMED_OUT);
	ck_assert_uint_eq(result->attempts, 2);
	job.timeout_ns = 100 * MS; /* long enough for the third, whatever the machine does */
	job.max_attempts = 50;
	ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
	result = support_wait(pool);
	ck_assert_int_eq(result->outcome, FORKPOOL_OK);
	ck_assert_uint_ge(result->attempts, 3);
	int64_t left;
	memcpy(&left, result->value, sizeof left);
	ck_assert_int_gt(left, 0);
	ck_assert_int_le(left, 100 * MS);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static int
end_at_once(struct forkpool_job *job, void *arg)
{
	(void)arg;
	job->fn = report_time_left;
	return 1;
}

/* _i: how the job hangs that runs at the pool's deadline. */
START_TEST(pool_deadline_ends_all_while_the_caller_is_busy)
{
	struct forkpool_options options = options_with(1);
	enum way way = (enum way)_i;
	struct forkpool_job job = hanging_job(&way, 0);
	struct forkpool_job queued = { .fn = wait_for_go, .max_attempts = 9 };
	uint64_t seq = 0, running;

	options.grace_ns = 20 * MS;
	options.retry_on = 1u << FORKPOOL_CRASHED | 1u << FORKPOOL_CANCELLED;
	struct forkpool *pool = support_open(&options);
	ck_assert_int_eq(forkpool_submit(pool, &job, &running), 1);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(forkpool_submit(pool, &queued, NULL), 1);
	support_await(&gate->started, 1);
	ck_assert_int_eq(forkpool_set_deadline(pool, 10 * MS), 0);
	witness_await();
	ck_assert_int_eq(forkpool_submit(pool, &queued, &seq), -1);
	ck_assert_int_eq(errno, ETIMEDOUT);
	ck_assert_uint_eq(seq, 0);
	ck_assert_int_eq(forkpool_run(pool, end_at_once, NULL, NULL, NULL), -1);
	ck_assert_int_eq(errno, ETIMEDOUT);
	ck_assert_uint_eq(forkpool_pending(pool), 0);
	ck_assert_uint_eq(atomic_load(&gate->started), 1);

	/* Without the deadline the pool is as before. */
	ck_assert_int_eq(forkpool_set_deadline(pool, -1), 0);
	ck_assert_int_eq(time_left_in_job(pool, 0), INT64_MAX);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(jobs_at_the_pool_deadline_end_as_cancelled)
{
	struct forkpool_options options = options_with(1);
	enum way way = PLAIN;
	struct forkpool_job job = hanging_job(&way, 0);
	uint64_t running;

	struct forkpool *pool = support_open(&options);
	for (int round = 0; round < 3; round++) {
		ck_assert_int_eq(forkpool_submit(pool, &job, &running), 1);
		for (int i = 0; i < 5; i++)
			(void)support_submit(pool, wait_for_go, NULL, 0);
		support_await(&gate->started, (uint32_t)round + 1);
		/* In the first round: now. */
		ck_assert_int_eq(forkpool_set_deadline(pool, round * 10 * MS), 0);
		for (int i = 0; i < 6; i++) {
			const struct forkpool_result *result = support_wait(pool);
			ck_assert_int_eq(result->outcome, FORKPOOL_CANCELLED);
			ck_assert_uint_eq(result->attempts, result->seq == running);
			if (result->seq == running)
				assert_ended(result, FORKPOOL_CANCELLED, PLAIN);
		}
		ck_assert_int_eq(forkpool_submit(pool, &job, NULL), -1);
		ck_assert_int_eq(errno, ETIMEDOUT);
		/* With a new deadline the pool takes jobs again. */
		ck_assert_int_eq(forkpool_set_deadline(pool, 1000 * S), 0);
		ck_assert_int_eq(time_left_in_job(pool, 0), INT64_MAX);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(pool_deadline_put_off_before_it_comes_ends_nothing)
{
	struct forkpool *pool = support_open(NULL);
	static const int64_t deadlines[] = { 1000 * S, 500 * S, INT64_MAX, -1, INT64_MIN,
		2000 * S };

	(void)support_submit(pool, wait_for_go, NULL, 0);
	support_await(&gate->started, 1);
	for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; i++) {
		ck_assert_int_eq(forkpool_set_deadline(pool, deadlines[i]), 0);
		ck_assert_int_eq(time_left_in_job(pool, 0), INT64_MAX);
	}
	support_post(&gate->go);
	ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(close_ends_whatever_hangs)
{
	struct forkpool_options options = options_with(WAYS);

	options.grace_ns = 20 * MS;
	struct forkpool *pool = support_open(&options);
	for (enum way way = PLAIN; way < WAYS; way++) {
		struct forkpool_job job = hanging_job(&way, 0);
		ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
	}
	support_await(&gate->started, WAYS);
	ck_assert_int_eq(forkpool_close(pool), 0);
	witness_await();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("timing");
	TCase *tc = support_case("timing", 30);

	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_loop_test(tc, run_past_its_timeout_ends_while_the_caller_is_busy, 0, WAYS);
	tcase_add_test(tc, run_past_the_default_timeout_ends);
	tcase_add_test(tc, timeout_of_a_job_goes_before_the_default);
	tcase_add_test(tc, negative_timeout_outlives_the_default);
	tcase_add_test(tc, timeouts_end_the_jobs_that_hang_and_no_others);
	tcase_add_test(tc, each_attempt_has_the_whole_timeout);
	tcase_add_loop_test(tc, pool_deadline_ends_all_while_the_caller_is_busy, 0, WAYS);
	tcase_add_test(tc, jobs_at_the_pool_deadline_end_as_cancelled);
	tcase_add_test(tc, pool_deadline_put_off_before_it_comes_ends_nothing);
	tcase_add_test(tc, close_ends_whatever_hangs);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

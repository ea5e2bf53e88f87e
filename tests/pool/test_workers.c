/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of workers and runs: limits, the life of a worker from init to exit, priorities. */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KIB ((size_t)1024)
#define MIB ((size_t)1024 * 1024)

/* What the test and its jobs share. */
static struct board {
	struct support_gate gate; /* of support_job_waits() */
	_Atomic uint32_t inits, exits, count, order[512];
} *board;

static void
board_begin(void)
{
	board = support_shared(sizeof *board);
	support_gate_use(&board->gate);
}

static size_t
size_of(const void *args)
{
	size_t size;

	memcpy(&size, args, sizeof size);
	return size;
}

static const struct forkpool_result *
run_with(struct forkpool *pool, forkpool_fn *fn, size_t size)
{
	(void)support_submit(pool, fn, &size, sizeof size);
	return support_wait(pool);
}

static void
assert_over(const struct forkpool_result *result, enum forkpool_limit expected)
{
	const char *limit = forkpool_limit_name(expected);

	ck_assert_msg(result->outcome == FORKPOOL_OVER_LIMIT, "%s: %s",
	    forkpool_outcome_name(result->outcome), result->message);
	ck_assert_int_eq(result->limit, expected);
	ck_assert_msg(strstr(result->message, limit) != NULL, "\"%s\" does not name %s",
	    result->message, limit);
	ck_assert_int_ne(result->signal, 0);
	ck_assert_ptr_null(result->value);
}

/* So many workers have died of their jobs, at WORKER; elsewhere none. */
static void
assert_deaths(struct forkpool *pool, uint64_t deaths)
{
	struct forkpool_stats stats;

	ck_assert_int_eq(forkpool_get_stats(pool, &stats), 0);
	ck_assert_uint_eq(stats.workers_died, support_own_process() ? 0 : deaths);
}

/* Reply a value that goes through the pool's own files, to which the job's limits do not apply. */
static int
reply_much(struct forkpool_context *context, const void *args, size_t args_len)
{
	static char data[65536];

	(void)args_len;
	for (size_t left = size_of(args), n; left > 0; left -= n) {
		n = left < sizeof data ? left : sizeof data;
		if (forkpool_reply(context, data, n) != 0)
			return errno;
	}
	return 0;
}

/* A directory where a job of any user may write. */
static char directory[] = "/tmp/forkpool-test-XXXXXX";

static int
write_file(struct forkpool_context *context, const void *args, size_t args_len)
{
	char path[sizeof directory + 8] = "";
	static char data[4096];

	(void)context;
	(void)args_len;
	(void)snprintf(path, sizeof path, "%s/XXXXXX", directory);
	int fd = mkstemp(path);
	if (fd == -1 || unlink(path) == -1)
		return errno;
	for (size_t left = size_of(args); left > 0; left -= sizeof data)
		if (write(fd, data, sizeof data) != sizeof data)
			return errno;
	return close(fd) == 0 ? 0 : errno;
}

START_TEST(file_that_grows_past_the_limit_ends_the_run)
{
	struct forkpool_options options = support_options(1);

	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(chmod(directory, 0777), 0);
	support_open_up(&options, directory);
	options.limits.file_size = 64 * 1024;
	struct forkpool *pool = support_open(&options);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(run_with(pool, write_file, 64 * KIB)->outcome, FORKPOOL_OK);
		const struct forkpool_result *result = run_with(pool, write_file, 68 * KIB);
		assert_over(result, FORKPOOL_LIMIT_FILE_SIZE);
		ck_assert_int_eq(result->signal, SIGXFSZ);
		/* The limit does not apply to the pool's own files. */
		result = run_with(pool, reply_much, MIB);
		ck_assert_int_eq(result->outcome, FORKPOOL_OK);
		ck_assert_uint_eq(result->value_len, MIB);
	}
	assert_deaths(pool, 2);
	ck_assert_int_eq(forkpool_close(pool), 0);
	ck_assert_int_eq(rmdir(directory), 0);
}
END_TEST

static int
open_all(struct forkpool_context *context, const void *args, size_t args_len)
{
	int fds[100], n = 0;

	(void)args;
	(void)args_len;
	/* Where no file may be opened, duplicate an open descriptor. */
	for (; n < 100; n++) {
		fds[n] = support_sandboxed() ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) :
					       open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (fds[n] == -1)
			break;
	}
	int error = n < 100 ? errno : 0;
	(void)forkpool_reply(context, &n, sizeof n);
	while (n > 0)
		(void)close(fds[--n]);
	return error == EMFILE ? 0 : EBADMSG;
}

START_TEST(open_past_the_limit_fails_in_the_job)
{
	struct forkpool_options options = support_options(1);
	int n;

	options.limits.open_files = 16;
	struct forkpool *pool = support_open(&options);
	for (int i = 0; i < 2; i++) {
		const struct forkpool_result *result = run_with(pool, open_all, 0);
		ck_assert_int_eq(result->outcome, FORKPOOL_OK);
		memcpy(&n, result->value, sizeof n);
		ck_assert_int_gt(n, 0);
		ck_assert_int_lt(n, 16);
		if (support_own_process())
			ck_assert_int_eq(n, 16 - 3); /* nothing but 0 to 2 was open */
		ck_assert_uint_eq(run_with(pool, reply_much, MIB)->value_len, MIB);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* Use that much stack.  Each call writes to the frame of its caller, so that all frames exist. */
static void
use_stack(size_t left, volatile char *above)
{
	volatile char frame[4096];

	frame[0] = 0;
	if (left > sizeof frame)
		use_stack(left - sizeof frame, frame);
	*above = (char)(frame[0] + 1);
}

static int
take_stack(struct forkpool_context *context, const void *args, size_t args_len)
{
	volatile char top = 0;

	(void)context;
	(void)args_len;
	use_stack(size_of(args), &top);
	return top != 0 ? 0 : EBADMSG;
}

START_TEST(stack_past_the_limit_ends_the_run)
{
	struct forkpool_options options = support_options(1);

	options.limits.stack = 512 * 1024;
	struct forkpool *pool = support_open(&options);
	for (int i = 0; i < 2 && !SUPPORT_SANITIZED; i++) {
		ck_assert_int_eq(run_with(pool, take_stack, 128 * KIB)->outcome, FORKPOOL_OK);
		assert_over(run_with(pool, take_stack, 4 * MIB), FORKPOOL_LIMIT_STACK);
		assert_deaths(pool, (uint64_t)i + 1);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* Allocate in pieces.  Where that fails exit with the error, or die where the size is odd. */
static int
take_memory(struct forkpool_context *context, const void *args, size_t args_len)
{
	size_t size = size_of(args);
	int dies = size % 2 != 0;

	(void)context;
	(void)args_len;
	for (size_t taken = 0; taken < size; taken += 64 * KIB) {
		volatile char *piece = malloc(64 * KIB); /* never freed */
		if (piece == NULL && dies)
			abort();
		if (piece == NULL)
			_exit(ENOMEM);
		piece[0] = 1;
	}
	return 0;
}

START_TEST(memory_past_the_limit_is_refused)
{
	struct forkpool_options options = support_options(1);

	options.limits.memory = 32 << 20;
	const int own_process = options.isolation != FORKPOOL_ISOLATE_WORKER;
	struct forkpool *pool = support_open(&options);
	for (int i = 0; i < 2 && !SUPPORT_SANITIZED; i++) {
		ck_assert_int_eq(run_with(pool, take_memory, 8 * MIB)->outcome, FORKPOOL_OK);
		const struct forkpool_result *result = run_with(pool, take_memory, 256 * MIB);
		/* Where it has a process of its own, its worker may have seen it at its limit. */
		if (own_process && result->outcome == FORKPOOL_OVER_LIMIT)
			ck_assert_int_eq(result->limit, FORKPOOL_LIMIT_MEMORY);
		else
			ck_assert_int_eq(result->outcome, FORKPOOL_EXITED);
		ck_assert_int_eq(result->exit_code, ENOMEM);
		assert_over(run_with(pool, take_memory, 256 * MIB + 1), FORKPOOL_LIMIT_MEMORY);
		assert_deaths(pool, 2 * (uint64_t)i + 2);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static int
count_init(void *arg, void **state)
{
	struct board *b = arg;
	uint32_t nth = atomic_fetch_add(&b->inits, 1) + 1;

	*state = malloc(sizeof nth);
	if (*state == NULL)
		return ENOMEM;
	memcpy(*state, &nth, sizeof nth);
	return 0;
}

static void
count_exit(void *arg, void *state)
{
	struct board *b = arg;

	if (state != NULL)
		support_post(&b->exits);
	free(state);
}

static int
tell_state(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)args;
	(void)args_len;
	const void *state = forkpool_worker_state(context);
	return forkpool_reply(context, state, sizeof(uint32_t));
}

START_TEST(worker_is_replaced_after_its_number_of_jobs)
{
	struct forkpool_options options = support_options(2);
	struct forkpool_stats stats;
	uint32_t runs[64] = { 0 }, nth;

	options.jobs_per_worker = 3;
	options.worker_init = count_init;
	options.worker_exit = count_exit;
	options.worker_arg = board;
	options.grace_ns = INT64_C(60000000000); /* for each worker to run worker_exit() */
	struct forkpool *pool = support_open(&options);
	for (int i = 0; i < 30; i++)
		(void)support_submit(pool, tell_state, NULL, 0);
	for (int i = 0; i < 30; i++) {
		const struct forkpool_result *result = support_wait(pool);
		ck_assert_int_eq(result->outcome, FORKPOOL_OK);
		memcpy(&nth, result->value, sizeof nth);
		ck_assert_uint_lt(nth, 64);
		runs[nth]++;
	}
	for (int i = 0; i < 64; i++)
		ck_assert_uint_le(runs[i], 3);
	ck_assert_int_eq(forkpool_get_stats(pool, &stats), 0);
	ck_assert_uint_eq(stats.workers_died, 0);
	ck_assert_uint_ge(stats.workers_started, 10);
	ck_assert_int_eq(forkpool_close(pool), 0);
	/* Each worker that came up has run worker_exit(). */
	ck_assert_uint_eq(atomic_load(&board->exits), atomic_load(&board->inits));
}
END_TEST

static int
fail_init(void *arg, void **state)
{
	(void)arg;
	(void)state;
	support_post(&board->inits);
	return ENODEV;
}

static int
die_in_init(void *arg, void **state)
{
	(void)arg;
	(void)state;
	abort();
}

static int
fail_init_at_first(void *arg, void **state)
{
	return atomic_load(&board->inits) < 4 ? fail_init(arg, state) : 0;
}

/* _i: 0 worker_init() fails, 1 it kills its process. */
START_TEST(init_that_never_works_loses_the_jobs_and_says_why)
{
	struct forkpool_options options = support_options(2);

	options.worker_init = _i ? die_in_init : fail_init;
	struct forkpool *pool = support_open(&options);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 3; i++)
			(void)support_submit(pool, tell_state, NULL, 0);
		for (int i = 0; i < 3; i++) {
			const struct forkpool_result *result = support_wait(pool);
			ck_assert_int_eq(result->outcome, FORKPOOL_LOST);
			ck_assert_uint_eq(result->attempts, 0);
			const char *why = _i ? "signal 6" : strerror(ENODEV);
			ck_assert_msg(strstr(result->message, why) != NULL, "%s", result->message);
		}
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(init_that_works_in_the_end_runs_the_jobs)
{
	struct forkpool_options options = support_options(2);

	options.worker_init = fail_init_at_first;
	struct forkpool *pool = support_open(&options);
	const struct forkpool_result *result = run_with(pool, reply_much, 3);
	ck_assert_int_eq(result->outcome, FORKPOOL_OK);
	ck_assert_uint_eq(atomic_load(&board->inits), 4);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static int
note_order(struct forkpool_context *context, const void *args, size_t args_len)
{
	uint32_t at = atomic_fetch_add(&board->count, 1);

	atomic_store(&board->order[at], (uint32_t)size_of(args));
	return size_of(args) != 0 ? 0 : support_job_waits(context, args, args_len);
}

START_TEST(higher_priority_goes_first_and_equal_ones_in_order)
{
	static const int priorities[] = { 0, -5, 7, INT32_MIN, INT32_MAX };
	struct forkpool_options options = support_options(1);
	struct forkpool *pool = support_open(&options);
	uint32_t last[5] = { 0 };

	/*
	 * The first job holds the worker, and the next ones may be on their way to it already: few
	 * jobs that could be long, or three full packets where each job is forked.
	 */
	const uint32_t ahead = support_own_process() ? 300 : 5, all = ahead + 50;
	for (size_t n = 0; n < all; n++) {
		struct forkpool_job job = { .fn = note_order, .args = &n, .args_len = sizeof n,
			.priority = n < ahead ? 0 : priorities[n % 5] };
		ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
		if (n == 0)
			support_await(&board->gate.started, 1);
	}
	support_post(&board->gate.go);
	for (uint32_t i = 0; i < all; i++)
		ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
	int64_t before = INT64_MAX;
	for (uint32_t i = 1; i < all; i++) {
		uint32_t n = atomic_load(&board->order[i]), kind = n % 5;
		if (n < ahead)
			continue;
		ck_assert_int_le(priorities[kind], before);
		ck_assert_uint_gt(n, last[kind]);
		before = priorities[kind];
		last[kind] = n;
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("workers");
	TCase *tc = support_case("workers", 60);

	tcase_add_checked_fixture(tc, board_begin, NULL);
	tcase_add_test(tc, file_that_grows_past_the_limit_ends_the_run);
	tcase_add_test(tc, open_past_the_limit_fails_in_the_job);
	tcase_add_test(tc, stack_past_the_limit_ends_the_run);
	tcase_add_test(tc, memory_past_the_limit_is_refused);
	tcase_add_test(tc, worker_is_replaced_after_its_number_of_jobs);
	tcase_add_loop_test(tc, init_that_never_works_loses_the_jobs_and_says_why, 0, 2);
	tcase_add_test(tc, init_that_works_in_the_end_runs_the_jobs);
	tcase_add_test(tc, higher_priority_goes_first_and_equal_ones_in_order);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

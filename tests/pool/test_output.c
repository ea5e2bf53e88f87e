/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The output of jobs: inherited, discarded or captured; each byte once, and none of the caller's.
 */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MS  INT64_C(1000000)
#define MIB ((size_t)1024 * 1024)

/* What becomes of a job after it has printed. */
struct act {
	size_t len;   /* bytes to print */
	char   how;   /* 'r'eturn, 'f'ail, fail with 'm'essage, 'a'bort, 'k'ill, 'e'xit, '_'exit,
			 'h'ang */
	char   value; /* bytes of value, in MiB */
};

static _Atomic uint32_t *hanging;  /* a job has printed, and hangs */
static _Atomic uint32_t *handlers; /* how often a handler of the caller's ran in a job */

static void
begin(void)
{
	hanging = support_shared(sizeof *hanging);
}

static struct forkpool *
open_with(enum forkpool_output output, int64_t cap)
{
	struct forkpool_options options = support_options(2);

	options.output = output;
	options.limits.output = cap;
	return support_open(&options);
}

static int
print(size_t len)
{
	static char data[65536];

	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (char)('a' + i % 26);
	for (size_t n; len > 0; len -= n) {
		n = len < sizeof data ? len : sizeof data;
		if (write(len % 2 ? STDOUT_FILENO : STDERR_FILENO, data, n) != (ssize_t)n)
			return errno;
	}
	return 0;
}

static int
print_and_act(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct act act;

	if (args_len != sizeof act)
		return EBADMSG;
	memcpy(&act, args, sizeof act);
	int r = print(act.len);
	if (act.value > 0 && r == 0) {
		char *data = calloc((size_t)act.value, MIB);
		r = forkpool_reply(context, data, (size_t)act.value * MIB);
		free(data);
	}
	switch (act.how) {
	case 'f':
		return EIO;
	case 'm':
		return forkpool_fail(context, EIO, "its own words");
	case 'a':
		abort();
	case 'k':
		(void)raise(SIGKILL);
		break;
	case 'e':
		exit(3);
	case '_':
		_exit(3);
	case 'h':
		support_post(hanging);
		for (;;)
			(void)pause();
	default:
		break;
	}
	return r;
}

static const struct forkpool_result *
run_act(struct forkpool *pool, size_t len, char how, char value)
{
	struct act act = { .len = len, .how = how, .value = value };
	struct forkpool_job job = { .fn = print_and_act, .args = &act, .args_len = sizeof act,
		.timeout_ns = how == 'h' ? 50 * MS : 0 };
	const struct forkpool_result *result;

	/*
	 * A job that hangs must have printed all before its deadline: on a slow machine, with more
	 * time.
	 */
	do {
		atomic_store(hanging, 0);
		ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
		result = support_wait(pool);
		job.timeout_ns *= 4;
	} while (how == 'h' && result->outcome == FORKPOOL_TIMED_OUT && atomic_load(hanging) == 0);
	return result;
}

static void
assert_output(const struct forkpool_result *result, size_t len)
{
	ck_assert_uint_eq(result->output_len, len);
	ck_assert_ptr_nonnull(result->output);
	for (size_t i = 0; i < len; i++)
		if (result->output[i] != (char)('a' + i % 65536 % 26))
			ck_abort_msg("byte %zu of %zu differs", i, len);
	ck_assert_int_eq(result->output[len], '\0');
}

static const char ways[] = "rfmake_h";
static const enum forkpool_outcome outcomes[] = { FORKPOOL_OK, FORKPOOL_FAILED, FORKPOOL_FAILED,
	FORKPOOL_CRASHED, FORKPOOL_CRASHED, FORKPOOL_EXITED, FORKPOOL_EXITED, FORKPOOL_TIMED_OUT };

START_TEST(captured_output_comes_with_its_result_however_the_job_ends)
{
	static const size_t sizes[] = { 0, 1, 4096, 65537, 1048576 };
	struct forkpool *pool = open_with(FORKPOOL_OUTPUT_CAPTURE, 0);

	for (size_t i = 0; ways[i] != '\0'; i++) {
		for (size_t j = 0; j < sizeof sizes / sizeof sizes[0]; j++) {
			const struct forkpool_result *result =
			    run_act(pool, sizes[j], ways[i], j % 2 ? 1 : 0);
			ck_assert_int_eq(result->outcome, outcomes[i]);
			assert_output(result, sizes[j]);
			ck_assert_uint_eq(result->value_len, ways[i] == 'r' && j % 2 ? MIB : 0);
			if (ways[i] == 'm')
				ck_assert_str_eq(result->message, "its own words");
		}
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(captured_output_past_the_cap_is_dropped_and_counted)
{
	struct forkpool *pool = open_with(FORKPOOL_OUTPUT_CAPTURE, 1000);

	for (size_t i = 0; ways[i] != '\0'; i++) {
		assert_output(run_act(pool, 999, ways[i], 0), 999);
		const struct forkpool_result *result = run_act(pool, 1000, ways[i], 0);
		assert_output(result, 1000);
		ck_assert_ptr_null(strstr(result->message, "1000"));
		result = run_act(pool, 5321, ways[i], 1);
		ck_assert_int_eq(result->outcome, outcomes[i]);
		assert_output(result, 1000);
		if (ways[i] != 'm')
			ck_assert_msg(strstr(result->message, "4321") != NULL,
			    "%c: \"%s\" has no count", ways[i], result->message);
	}
	/* Far past the cap, dropped output is not kept in memory, and the job does not wait. */
	assert_output(run_act(pool, 64 * MIB, 'r', 0), 1000);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(captured_output_of_many_jobs_is_not_mixed)
{
	struct forkpool *pool = open_with(FORKPOOL_OUTPUT_CAPTURE, 0);

	for (size_t i = 0; i < 200; i++) {
		struct act act = { .len = i * 7, .how = i % 10 == 9 ? 'a' : 'r' };
		struct forkpool_job job = { .fn = print_and_act, .args = &act,
			.args_len = sizeof act, .user = (void *)i };
		ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
	}
	for (size_t i = 0; i < 200; i++) {
		const struct forkpool_result *result = support_wait(pool);
		assert_output(result, (size_t)(uintptr_t)result->user * 7);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static int
use_stdio(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)args_len;
	(void)printf("attempt %u\n", forkpool_attempt(context));
	if (*(const char *)args == 'e')
		exit(3);
	if (*(const char *)args == 's') {
		(void)fflush(stdout);
		return system("echo from a child; echo and its error >&2; cat");
	}
	return forkpool_attempt(context) < 3 ? EAGAIN : 0;
}

START_TEST(buffered_output_is_captured_at_the_end_of_the_run)
{
	struct forkpool *pool = open_with(FORKPOOL_OUTPUT_CAPTURE, 0);

	(void)support_submit(pool, use_stdio, "r", 1);
	ck_assert_str_eq(support_wait(pool)->output, "attempt 1\n");
	(void)support_submit(pool, use_stdio, "e", 1);
	const struct forkpool_result *result = support_wait(pool);
	ck_assert_int_eq(result->outcome, FORKPOOL_EXITED);
	ck_assert_str_eq(result->output, "attempt 1\n");
	/* A child of the job, whose standard input is at its end. */
	(void)support_submit(pool, use_stdio, "s", 1);
	result = support_wait(pool);
	ck_assert_int_eq(result->outcome, support_sandboxed() ? FORKPOOL_DENIED : FORKPOOL_OK);
	ck_assert_str_eq(result->output,
	    support_sandboxed() ? "attempt 1\n" : "attempt 1\nfrom a child\nand its error\n");
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(captured_output_is_that_of_the_last_attempt)
{
	struct forkpool_options options = support_options(1);

	options.output = FORKPOOL_OUTPUT_CAPTURE;
	options.max_attempts = 3;
	options.retry_on = 1u << FORKPOOL_FAILED | 1u << FORKPOOL_EXITED;
	struct forkpool *pool = support_open(&options);
	(void)support_submit(pool, use_stdio, "r", 1);
	const struct forkpool_result *result = support_wait(pool);
	ck_assert_int_eq(result->outcome, FORKPOOL_OK);
	ck_assert_str_eq(result->output, "attempt 3\n");
	(void)support_submit(pool, use_stdio, "e", 1);
	result = support_wait(pool);
	ck_assert_uint_eq(result->attempts, 3);
	ck_assert_str_eq(result->output, "attempt 3\n");
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static void
count_handler(void)
{
	support_post(handlers);
}

/*
 * Make the caller's standard output a file of the test, with text in its buffer that is not written
 * yet.
 */
static int
stdout_divert(int *before)
{
	int file = memfd_create("stdout", MFD_CLOEXEC);

	ck_assert_int_ne(file, -1);
	(void)fflush(stdout);
	*before = dup(STDOUT_FILENO);
	ck_assert_int_eq(dup2(file, STDOUT_FILENO), STDOUT_FILENO);
	handlers = support_shared(sizeof *handlers);
	ck_assert_int_eq(atexit(count_handler), 0);
	(void)printf("the caller's\n");
	return file;
}

/* Write the caller's own text, restore standard output, and check the content of the file. */
static void
assert_diverted(int file, int before, const char *right)
{
	char text[1024] = "";

	(void)fflush(stdout);
	ck_assert_int_eq(dup2(before, STDOUT_FILENO), STDOUT_FILENO);
	ssize_t n = pread(file, text, sizeof text - 1, 0);
	ck_assert_int_ge((int)n, 0);
	(void)close(before);
	(void)close(file);
	ck_assert_str_eq(text, right);
#ifdef HAVE_ON_EXIT
	ck_assert_uint_eq(atomic_load(handlers), 0);
#endif
}

/* _i: what is done with the output. */
START_TEST(nothing_is_printed_twice)
{
	enum forkpool_output output = (enum forkpool_output)_i;
	int before, file = stdout_divert(&before);
	struct forkpool_options options = support_options(1);

	options.output = output;
	options.jobs_per_worker = 2;
	struct forkpool *pool = support_open(&options);
	for (const char *way = "rerar_"; *way != '\0'; way++) {
		const struct forkpool_result *result;
		if (*way == 'r' || *way == 'e') {
			struct forkpool_job job = { .fn = use_stdio, .args = way, .args_len = 1 };
			ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
			result = support_wait(pool);
			ck_assert_int_eq(result->outcome,
			    *way == 'r' ? FORKPOOL_FAILED : FORKPOOL_EXITED);
		} else {
			result = run_act(pool, 3, *way, 0);
		}
		if (output == FORKPOOL_OUTPUT_CAPTURE)
			ck_assert_uint_gt(result->output_len, 0);
		else
			ck_assert_uint_eq(result->output_len, 0);
		ck_assert_ptr_nonnull(result->output);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
	const char *right = "the caller's\n";
	if (output == FORKPOOL_OUTPUT_INHERIT)
		right = "attempt 1\nattempt 1\nattempt 1\nabcattempt 1\nabcthe caller's\n";
	assert_diverted(file, before, right);
}
END_TEST

START_TEST(close_with_jobs_under_way_prints_nothing_of_the_callers)
{
	int before, file = stdout_divert(&before);
	struct act act = { .how = 'h' };
	struct forkpool *pool = open_with(FORKPOOL_OUTPUT_INHERIT, 0);

	(void)support_submit(pool, print_and_act, &act, sizeof act);
	ck_assert_int_eq(forkpool_close(pool), 0);
	assert_diverted(file, before, "the caller's\n");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("output");
	TCase *tc = support_case("output", 60);

	tcase_add_checked_fixture(tc, begin, NULL);
	tcase_add_test(tc, captured_output_comes_with_its_result_however_the_job_ends);
	tcase_add_test(tc, captured_output_past_the_cap_is_dropped_and_counted);
	tcase_add_test(tc, captured_output_of_many_jobs_is_not_mixed);
	tcase_add_test(tc, buffered_output_is_captured_at_the_end_of_the_run);
	tcase_add_test(tc, captured_output_is_that_of_the_last_attempt);
	tcase_add_loop_test(tc, nothing_is_printed_twice, FORKPOOL_OUTPUT_INHERIT,
	    FORKPOOL_OUTPUT_CAPTURE + 1);
	tcase_add_test(tc, close_with_jobs_under_way_prints_nothing_of_the_callers);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * At SANDBOX inherited output goes through the worker: a reader that does not read neither keeps
 * the worker from watching the job nor changes the job's outcome.
 */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MS INT64_C(1000000)

/* More than two pipes hold. */
enum { PRINTED = 300000 };

static int
prints(struct forkpool_context *context, const void *args, size_t args_len)
{
	static char text[PRINTED];

	(void)context;
	memset(text, 'x', sizeof text);
	for (size_t at = 0; at < sizeof text;) {
		ssize_t n = write(STDOUT_FILENO, text + at, sizeof text - at);
		if (n == -1)
			return errno;
		at += (size_t)n;
	}
	return args_len == 0 || args == NULL ? 0 : EPROTO;
}

static int
prints_a_little(struct forkpool_context *context, const void *args, size_t args_len)
{
	static char text[100000];

	(void)context;
	(void)args;
	(void)args_len;
	memset(text, 'x', sizeof text);
	return write(STDOUT_FILENO, text, sizeof text) == (ssize_t)sizeof text ? 0 : EPROTO;
}

static int
prints_and_spins(struct forkpool_context *context, const void *args, size_t args_len)
{
	volatile unsigned turns = 0;

	if (prints_a_little(context, args, args_len) != 0)
		return EPROTO;
	for (;;)
		turns++;
}

/*
 * Make standard output a pipe, which holds 64 KiB as the job's own pipe does; return the end to
 * read.
 */
static int
pipe_for_output(int *kept)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	(void)fflush(stdout);
	ck_assert_int_ne(*kept = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 100), -1);
	ck_assert_int_eq(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
	ck_assert_int_eq(close(ends[1]), 0);
	return ends[0];
}

static void
output_back(int kept)
{
	ck_assert_int_eq(dup2(kept, STDOUT_FILENO), STDOUT_FILENO);
	ck_assert_int_eq(close(kept), 0);
}

static size_t
read_all(int fd, size_t most)
{
	static char part[4096];
	size_t all = 0;

	while (all < most) {
		ssize_t n = read(fd, part, sizeof part);
		if (n <= 0)
			break;
		for (ssize_t i = 0; i < n; i++)
			ck_assert_int_eq(part[i], 'x');
		all += (size_t)n;
	}
	return all;
}

static struct forkpool *
open_sandbox(int64_t cpu_ns)
{
	struct forkpool_options options = support_options(1);

	options.isolation = FORKPOOL_ISOLATE_SANDBOX;
	options.limits.cpu_ns = cpu_ns;
	return support_open(&options);
}

static void
assert_none_died(struct forkpool *pool)
{
	struct forkpool_stats stats;

	ck_assert_int_eq(forkpool_get_stats(pool, &stats), 0);
	ck_assert_uint_eq(stats.workers_died, 0);
}

START_TEST(limit_holds_though_nobody_reads)
{
	int kept, from = pipe_for_output(&kept);
	struct forkpool *pool = open_sandbox(100 * MS);

	(void)support_submit(pool, prints_and_spins, NULL, 0);
	const struct forkpool_result *result = support_wait(pool);
	output_back(kept);
	ck_assert_msg(result->outcome == FORKPOOL_OVER_LIMIT, "%s: %s",
	    forkpool_outcome_name(result->outcome), result->message);
	ck_assert_int_eq(result->limit, FORKPOOL_LIMIT_CPU);
	assert_none_died(pool);
	ck_assert_uint_eq(read_all(from, 100000), 100000);
	ck_assert_int_eq(forkpool_close(pool), 0);
	ck_assert_int_eq(close(from), 0);
}
END_TEST

/* The job has printed all in time: it is no timeout that nobody has read the output by then. */
START_TEST(done_is_done_though_nobody_reads)
{
	int kept, from = pipe_for_output(&kept);
	struct forkpool *pool = open_sandbox(0);
	struct forkpool_job job = { .fn = prints_a_little, .timeout_ns = 2000 * MS };

	ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
	const struct forkpool_result *result = support_wait(pool);
	output_back(kept);
	ck_assert_msg(result->outcome == FORKPOOL_OK, "%s: %s",
	    forkpool_outcome_name(result->outcome), result->message);
	ck_assert_int_ge(result->cpu_ns, 0);
	ck_assert_uint_eq(read_all(from, 100000), 100000);
	/* The worker goes on. */
	(void)support_submit(pool, prints_a_little, NULL, 0);
	ck_assert_uint_eq(read_all(from, 100000), 100000);
	ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
	assert_none_died(pool);
	ck_assert_int_eq(forkpool_close(pool), 0);
	ck_assert_int_eq(close(from), 0);
}
END_TEST

START_TEST(deadline_ends_what_waits_for_a_reader)
{
	int kept, from = pipe_for_output(&kept);
	struct forkpool *pool = open_sandbox(0);
	struct forkpool_job job = { .fn = prints, .timeout_ns = 100 * MS };

	ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
	const struct forkpool_result *result = support_wait(pool);
	output_back(kept);
	ck_assert_msg(result->outcome == FORKPOOL_TIMED_OUT, "%s: %s",
	    forkpool_outcome_name(result->outcome), result->message);
	ck_assert_int_ge(result->cpu_ns, 0);
	assert_none_died(pool);
	ck_assert_uint_gt(read_all(from, 65536), 0);
	ck_assert_int_eq(forkpool_close(pool), 0);
	ck_assert_int_eq(close(from), 0);
}
END_TEST

START_TEST(all_of_it_arrives)
{
	int kept, from = pipe_for_output(&kept);
	struct forkpool *pool = open_sandbox(0);

	for (int i = 0; i < 5; i++) {
		(void)support_submit(pool, prints, NULL, 0);
		ck_assert_uint_eq(read_all(from, PRINTED), PRINTED);
		ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
	}
	output_back(kept);
	assert_none_died(pool);
	ck_assert_int_eq(forkpool_close(pool), 0);
	ck_assert_uint_eq(read_all(from, 1), 0);
	ck_assert_int_eq(close(from), 0);
}
END_TEST

/* Where the reader has gone the output is lost, and nothing else. */
START_TEST(nobody_is_there_to_read)
{
	int kept, from = pipe_for_output(&kept);
	struct forkpool *pool = open_sandbox(0);

	ck_assert_int_eq(close(from), 0);
	for (int i = 0; i < 3; i++) {
		(void)support_submit(pool, prints, NULL, 0);
		ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
	}
	output_back(kept);
	assert_none_died(pool);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("slow readers");
	TCase *tc = support_case("slow", 20);

	/* There is no sandbox in a sanitizer build. */
	if (!SUPPORT_SANITIZED) {
		tcase_add_test(tc, limit_holds_though_nobody_reads);
		tcase_add_test(tc, done_is_done_though_nobody_reads);
		tcase_add_test(tc, deadline_ends_what_waits_for_a_reader);
		tcase_add_test(tc, all_of_it_arrives);
		tcase_add_test(tc, nobody_is_there_to_read);
	}
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

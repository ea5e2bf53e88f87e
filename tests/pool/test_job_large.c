/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Large arguments that count as no memory of the job, output that nobody reads, and a limit of
 * stack in a thread.
 */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MB ((size_t)1 << 20)

#ifndef FORKPOOL_SANITIZE
static int
reads_and_fails(struct forkpool_context *context, const void *args, size_t args_len)
{
	unsigned sum = 0;

	for (size_t i = 0; i < args_len; i += 512)
		sum += ((const unsigned char *)args)[i];
	return forkpool_fail(context, EINVAL, "%s", sum > 0 ? "read" : "zeros");
}

static int
allocates(struct forkpool_context *context, const void *args, size_t args_len)
{
	char *more = malloc(MB);

	(void)args;
	if (more == NULL)
		return ENOMEM;
	memset(more, 1, MB);
	int r = forkpool_reply(context, &args_len, sizeof args_len);
	free(more);
	return r;
}

START_TEST(arguments_are_not_its_memory)
{
	struct forkpool_options options = support_options(1);
	size_t size = 96 * MB;
	char *args = malloc(size);

	ck_assert_ptr_nonnull(args);
	memset(args, 1, size);
	options.limits.memory = (int64_t)(16 * MB);
	struct forkpool *pool = support_open(&options);
	(void)support_submit(pool, reads_and_fails, args, size);
	const struct forkpool_result *result = support_wait(pool);
	ck_assert_msg(result->outcome == FORKPOOL_FAILED && result->error == EINVAL,
	    "%s, error %d: %s", forkpool_outcome_name(result->outcome), result->error,
	    result->message);
	(void)support_submit(pool, allocates, args, size);
	result = support_wait(pool);
	ck_assert_msg(result->outcome == FORKPOOL_OK, "%s: %s",
	    forkpool_outcome_name(result->outcome), result->message);
	ck_assert_int_eq(forkpool_close(pool), 0);
	free(args);
}
END_TEST
#endif

static int
prints(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)args;
	(void)args_len;
	printf("for nobody\n");
	return forkpool_reply(context, "x", 1);
}

/* Only at SANDBOX: at WORKER and JOB the job itself gets the SIGPIPE, as any process does. */
START_TEST(reader_that_is_gone_costs_no_worker)
{
	struct forkpool_options options = support_options(1);
	struct forkpool_stats stats;
	int ends[2], saved;

	if (!support_sandboxed())
		return;
	(void)fflush(stdout);
	(void)signal(SIGPIPE, SIG_DFL);
	ck_assert_int_eq(pipe(ends), 0);
	saved = dup(STDOUT_FILENO);
	ck_assert_int_ne(saved, -1);
	ck_assert_int_ne(dup2(ends[1], STDOUT_FILENO), -1);
	struct forkpool *pool = support_open(&options);
	ck_assert_int_ne(dup2(saved, STDOUT_FILENO), -1);
	(void)close(saved);
	(void)close(ends[0]);
	(void)close(ends[1]);
	for (int i = 0; i < 3; i++) {
		(void)support_submit(pool, prints, NULL, 0);
		const struct forkpool_result *result = support_wait(pool);
		ck_assert_msg(result->outcome == FORKPOOL_OK, "%s: %s",
		    forkpool_outcome_name(result->outcome), result->message);
	}
	ck_assert_int_eq(forkpool_get_stats(pool, &stats), 0);
	ck_assert_uint_eq(stats.workers_died, 0);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static void *
opens(void *error)
{
	struct forkpool_options options = support_options(1);

	options.limits.stack = (int64_t)MB;
	errno = 0;
	struct forkpool *pool = forkpool_open(&options, error, 200);
	int refused = pool == NULL && errno == ENOTSUP;
	(void)forkpool_close(pool);
	return refused ? error : NULL;
}

START_TEST(stack_limit_is_refused_to_a_thread)
{
	pthread_t thread;
	char error[200] = "";
	void *refused = NULL;

	ck_assert_int_eq(pthread_create(&thread, NULL, opens, error), 0);
	ck_assert_int_eq(pthread_join(thread, &refused), 0);
	ck_assert_ptr_nonnull(refused);
	ck_assert_ptr_nonnull(strstr(error, "limits.stack"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("large");
	TCase *tc = support_case("large", 60);

#ifndef FORKPOOL_SANITIZE /* a sanitizer's allocator fails under such a limit */
	tcase_add_test(tc, arguments_are_not_its_memory);
#endif
	tcase_add_test(tc, reader_that_is_gone_costs_no_worker);
	tcase_add_test(tc, stack_limit_is_refused_to_a_thread);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

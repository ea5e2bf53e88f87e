/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A function that ends its thread and not its process, by pthread_exit() or cancelled, alone or
 * with another thread that lives on: its process ends, and no call waits for the other thread.
 */
#include "config.h"
#include "tests/support/lives.h"
#include "tests/support/support.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum way { ALONE, WITH_ANOTHER, BY_ANOTHER, WAYS };

static pthread_t first;

static void *
cancels(void *nothing)
{
	(void)pthread_cancel(first);
	return support_thread_waits(nothing);
}

static void
thread_start(void *(*run)(void *))
{
	pthread_t thread;

	/* A thread that cannot be made must not look like one that did not matter. */
	if (pthread_create(&thread, NULL, run, NULL) != 0)
		_exit(99);
}

static _Noreturn void
end_thread(enum way way)
{
	first = pthread_self();
	if (way == WITH_ANOTHER)
		thread_start(support_thread_waits);
	if (way == BY_ANOTHER) {
		thread_start(cancels);
		for (;;)
			(void)pause();
	}
	pthread_exit(NULL);
}

static int
ends_thread(struct forkpool_context *context, const void *args, size_t args_len)
{
	enum way way = ALONE;

	(void)context;
	if (args_len == sizeof way)
		memcpy(&way, args, sizeof way);
	(void)printf("way %d\n", (int)way);
	end_thread(way);
}

static struct forkpool_options
options_with_threads(void)
{
	static const struct forkpool_sandbox threads = { .threads = 1 };
	struct forkpool_options options = support_options(2);

	if (support_sandboxed())
		options.sandbox = &threads;
	options.output = FORKPOOL_OUTPUT_CAPTURE;
	options.grace_ns = (int64_t)3600 * 1000000000;
	return options;
}

START_TEST(job_that_ends_its_thread_has_exited)
{
	struct forkpool_options options = options_with_threads();
	enum way way = (enum way)_i;
	struct forkpool *pool = support_open(&options);

	for (int i = 0; i < 6; i++) {
		char expected[16];
		(void)support_submit(pool, ends_thread, &way, sizeof way);
		const struct forkpool_result *result = support_wait(pool);
		ck_assert_msg(result->outcome == FORKPOOL_EXITED && result->exit_code == 0,
		    "%s: %s", forkpool_outcome_name(result->outcome), result->message);
		(void)snprintf(expected, sizeof expected, "way %d\n", (int)way);
		ck_assert_str_eq(result->output, expected);
		lives_double(pool, 4);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static int
init_ends_thread(void *way, void **state)
{
	(void)state;
	end_thread((enum way)(intptr_t)way);
}

START_TEST(worker_init_that_ends_its_thread_is_told)
{
	struct forkpool_options options = options_with_threads();

	options.worker_init = init_ends_thread;
	options.worker_arg = (void *)(intptr_t)_i;
	struct forkpool *pool = support_open(&options);
	(void)support_submit(pool, support_job_nothing, NULL, 0);
	const struct forkpool_result *result = support_wait(pool);
	ck_assert_int_eq(result->outcome, FORKPOOL_LOST);
	ck_assert_msg(strstr(result->message, "exited with status 0") != NULL, "%s",
	    result->message);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static void
exit_ends_thread(void *way, void *state)
{
	(void)state;
	end_thread((enum way)(intptr_t)way);
}

START_TEST(worker_exit_that_ends_its_thread_holds_nobody_up)
{
	struct forkpool_options options = options_with_threads();

	options.worker_exit = exit_ends_thread;
	options.worker_arg = (void *)(intptr_t)_i;
	options.jobs_per_worker = 2;
	struct forkpool *pool = support_open(&options);
	lives_double(pool, 10);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("thread ends");
	TCase *tc = support_case("thread ends", 30);

	tcase_add_loop_test(tc, job_that_ends_its_thread_has_exited, 0, WAYS);
	tcase_add_loop_test(tc, worker_init_that_ends_its_thread_is_told, 0, WAYS);
	tcase_add_loop_test(tc, worker_exit_that_ends_its_thread_holds_nobody_up, 0, WAYS);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

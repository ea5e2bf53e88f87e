/* SPDX-License-Identifier: BSD-2-Clause */
/* A worker_init() that does not return, and one that takes its time. */
#include "config.h"
#include "tests/support/support.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MS INT64_C(1000000)

static struct board {
	_Atomic uint32_t inits; /* calls of worker_init() */
	_Atomic uint32_t go;
} *board;

static void
nap(int64_t ns)
{
	struct timespec left = { .tv_sec = (time_t)(ns / (1000 * MS)),
		.tv_nsec = (long)(ns % (1000 * MS)) };

	while (nanosleep(&left, &left) == -1)
		continue;
}

static _Noreturn void
hang(void)
{
	for (;;)
		(void)pause();
}

static int
init_hangs(void *arg, void **state)
{
	(void)arg, (void)state;
	(void)atomic_fetch_add(&board->inits, 1);
	(void)signal(SIGTERM, SIG_IGN);
	hang();
}

static int
init_hangs_at_first(void *arg, void **state)
{
	(void)arg, (void)state;
	if (atomic_fetch_add(&board->inits, 1) == 0)
		hang();
	return 0;
}

static int
init_waits(void *arg, void **state)
{
	(void)arg, (void)state;
	support_post(&board->inits);
	support_await(&board->go, 1);
	return 0;
}

/* Longer than the init_timeout_ns of the pools here: that is over for this worker. */
static int
takes_long(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context, (void)args, (void)args_len;
	nap(600 * MS);
	return 0;
}

static uint64_t
died(const struct forkpool *pool)
{
	struct forkpool_stats stats;

	ck_assert_int_eq(forkpool_get_stats(pool, &stats), 0);
	return stats.workers_died;
}

/* _i: workers. */
START_TEST(that_hangs_for_ever_loses_the_jobs_and_says_why)
{
	struct forkpool_options options = support_options((unsigned)_i);

	board = support_shared(sizeof *board);
	options.worker_init = init_hangs;
	options.init_timeout_ns = 50 * MS;
	struct forkpool *pool = support_open(&options);
	for (int i = 0; i < 3; i++)
		(void)support_submit(pool, support_job_nothing, NULL, 0);
	for (int i = 0; i < 3; i++) {
		const struct forkpool_result *result = support_wait(pool);
		ck_assert_int_eq(result->outcome, FORKPOOL_LOST);
		ck_assert_uint_eq(result->attempts, 0);
		ck_assert_msg(strstr(result->message, "worker_init()") != NULL &&
			strstr(result->message, "0.05 s") != NULL, "%s", result->message);
	}
	ck_assert_uint_ge(died(pool), 2);
	ck_assert_uint_ge(atomic_load(&board->inits), 1);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* So many jobs end well; how many workers have died for that. */
static uint64_t
deaths_of_jobs(const struct forkpool_options *options, forkpool_fn *fn, int jobs)
{
	struct forkpool *pool = support_open(options);

	for (int i = 0; i < jobs; i++)
		(void)support_submit(pool, fn, NULL, 0);
	for (int i = 0; i < jobs; i++)
		ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
	uint64_t deaths = died(pool);
	ck_assert_int_eq(forkpool_close(pool), 0);
	return deaths;
}

START_TEST(that_hangs_at_first_costs_no_job)
{
	struct forkpool_options options = support_options(1);

	board = support_shared(sizeof *board);
	options.worker_init = init_hangs_at_first;
	options.init_timeout_ns = 500 * MS;
	ck_assert_uint_ge(deaths_of_jobs(&options, support_job_nothing, 20), 1);
}
END_TEST

START_TEST(that_is_under_way_shows)
{
	struct forkpool_options options = support_options(1);
	struct forkpool_worker_info info;

	board = support_shared(sizeof *board);
	options.worker_init = init_waits;
	struct forkpool *pool = support_open(&options);
	support_await(&board->inits, 1);
	ck_assert_int_eq(forkpool_worker_info(pool, 0, &info), 0);
	ck_assert_int_gt(info.pid, 0);
	ck_assert_int_eq(info.initialising, 1);
	ck_assert_int_eq(info.busy, 0);
	support_post(&board->go);
	(void)support_submit(pool, support_job_nothing, NULL, 0);
	ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
	ck_assert_int_eq(forkpool_worker_info(pool, 0, &info), 0);
	ck_assert_int_eq(info.initialising, 0);
	ck_assert_uint_eq(died(pool), 0);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static int
init_takes_long(void *arg, void **state)
{
	(void)arg, (void)state;
	nap(200 * MS);
	return 0;
}

START_TEST(without_a_bound_it_may_take_its_time)
{
	struct forkpool_options options = support_options(1);

	options.worker_init = init_takes_long;
	options.init_timeout_ns = -1;
	ck_assert_uint_eq(deaths_of_jobs(&options, support_job_nothing, 1), 0);
}
END_TEST

/* A job takes longer than worker_init() may: it would be CRASHED. */
START_TEST(bound_is_for_init_alone)
{
	struct forkpool_options options = support_options(1);

	board = support_shared(sizeof *board);
	support_post(&board->go);
	options.worker_init = init_waits;
	options.init_timeout_ns = 500 * MS;
	(void)deaths_of_jobs(&options, takes_long, 1);
}
END_TEST

/* forkpool_close() does not wait for it. */
START_TEST(close_ends_it)
{
	struct forkpool_options options = support_options(2);

	board = support_shared(sizeof *board);
	options.worker_init = init_hangs;
	options.grace_ns = 50 * MS;
	struct forkpool *pool = support_open(&options);
	support_await(&board->inits, 2);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("init");
	TCase *tc = support_case("init", 20);

	tcase_add_loop_test(tc, that_hangs_for_ever_loses_the_jobs_and_says_why, 1, 4);
	tcase_add_test(tc, that_hangs_at_first_costs_no_job);
	tcase_add_test(tc, that_is_under_way_shows);
	tcase_add_test(tc, without_a_bound_it_may_take_its_time);
	tcase_add_test(tc, bound_is_for_init_alone);
	tcase_add_test(tc, close_ends_it);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

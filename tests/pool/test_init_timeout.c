/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A worker_init() that does not return, and one that takes its time.
 *
 * Where one has to return in time, a busy machine may not let it: then the test is run again with
 * twice that time.
 */
#include "config.h"
#include "tests/support/support.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MS INT64_C(1000000)

/* The longest init_timeout_ns that is tried. */
#define LONGEST (SUPPORT_HANGS_MS * MS / 4)

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

/* args: for so long. */
static int
naps(struct forkpool_context *context, const void *args, size_t args_len)
{
	int64_t ns;

	(void)context;
	ck_assert_uint_eq(args_len, sizeof ns);
	memcpy(&ns, args, sizeof ns);
	nap(ns);
	return 0;
}

static uint64_t
died(const struct forkpool *pool)
{
	struct forkpool_stats stats;

	ck_assert_int_eq(forkpool_get_stats(pool, &stats), 0);
	return stats.workers_died;
}

static void
jobs_are_lost(struct forkpool *pool, const char *why)
{
	for (int i = 0; i < 3; i++)
		(void)support_submit(pool, support_job_nothing, NULL, 0);
	for (int i = 0; i < 3; i++) {
		const struct forkpool_result *result = support_wait(pool);
		ck_assert_int_eq(result->outcome, FORKPOOL_LOST);
		ck_assert_uint_eq(result->attempts, 0);
		ck_assert_msg(strstr(result->message, "worker_init()") != NULL &&
			strstr(result->message, why) != NULL, "%s", result->message);
	}
	ck_assert_uint_ge(died(pool), 2);
}

/* _i: workers. */
START_TEST(that_hangs_for_ever_loses_the_jobs_and_says_why)
{
	struct forkpool_options options = support_options((unsigned)_i);
	char why[40];

	board = support_shared(sizeof *board);
	options.worker_init = init_hangs;
	options.init_timeout_ns = 50 * MS;
	/* Until one of the workers has come to it. */
	while (atomic_load(&board->inits) == 0) {
		ck_assert_int_lt(options.init_timeout_ns, LONGEST);
		struct forkpool *pool = support_open(&options);
		(void)snprintf(why, sizeof why, "within %.3g s",
		    (double)options.init_timeout_ns / (double)(1000 * MS));
		jobs_are_lost(pool, why);
		ck_assert_int_eq(forkpool_close(pool), 0);
		options.init_timeout_ns *= 2;
	}
}
END_TEST

/* So many jobs: whether all of them end well, and not one is lost since workers came up late.  How
   many workers have died for that. */
static int
end_well(const struct forkpool_options *options, struct forkpool_job job, int jobs,
    uint64_t *deaths)
{
	struct forkpool *pool = support_open(options);
	int well = 0;

	for (int i = 0; i < jobs; i++)
		ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
	for (int i = 0; i < jobs; i++) {
		const struct forkpool_result *result = support_wait(pool);
		ck_assert_msg(result->outcome == FORKPOOL_OK || (result->outcome == FORKPOOL_LOST &&
			strstr(result->message, "worker_init() did not return") != NULL),
		    "%s: %s", forkpool_outcome_name(result->outcome), result->message);
		well += result->outcome == FORKPOOL_OK;
	}
	*deaths = died(pool);
	ck_assert_int_eq(forkpool_close(pool), 0);
	return well == jobs;
}

START_TEST(that_hangs_at_first_costs_no_job)
{
	struct forkpool_options options = support_options(1);
	const struct forkpool_job job = { .fn = support_job_nothing };
	uint64_t deaths;

	board = support_shared(sizeof *board);
	options.worker_init = init_hangs_at_first;
	options.init_timeout_ns = 250 * MS;
	while (!end_well(&options, job, 20, &deaths)) {
		ck_assert_int_lt(options.init_timeout_ns, LONGEST);
		options.init_timeout_ns *= 2;
		atomic_store(&board->inits, 0);
	}
	ck_assert_uint_ge(deaths, 1);
	ck_assert_uint_ge(atomic_load(&board->inits), 2);
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
	uint64_t deaths;

	options.worker_init = init_takes_long;
	options.init_timeout_ns = -1;
	ck_assert(end_well(&options, (struct forkpool_job){ .fn = support_job_nothing }, 1,
	    &deaths));
	ck_assert_uint_eq(deaths, 0);
}
END_TEST

/* A job takes longer than worker_init() may: it would be CRASHED. */
START_TEST(bound_is_for_init_alone)
{
	struct forkpool_options options = support_options(1);
	int64_t longer;
	const struct forkpool_job job = { .fn = naps, .args = &longer, .args_len = sizeof longer };
	uint64_t deaths;

	board = support_shared(sizeof *board);
	support_post(&board->go);
	options.worker_init = init_waits;
	options.init_timeout_ns = 250 * MS;
	while (longer = options.init_timeout_ns + 100 * MS, !end_well(&options, job, 1, &deaths)) {
		ck_assert_int_lt(options.init_timeout_ns, LONGEST);
		options.init_timeout_ns *= 2;
	}
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

/* SPDX-License-Identifier: BSD-2-Clause */
/* The order of publishing with -k, when --halt ends a run, and the exit status of a run. */
#include "config.h"
#include "tests/support/support.h"

#include <signal.h>
#include <stdlib.h>

#include "tool/run/order.h"
#include "tool/task/halt.h"
#include "tool/task/job.h"
#include "tool/task/totals.h"

/* --------------------------------------------------------------------------------------- order */

static struct job *
numbered(uint64_t seq)
{
	struct task *task = task_new();

	task->seq = seq;
	return job_new(task);
}

/* Jobs that end in any order come out by number, each once. */
START_TEST(turns_come_by_number)
{
	enum { COUNT = 5000 };
	static uint64_t seq[COUNT];
	uint64_t next = 1, state = 12345 + (uint64_t)_i;

	for (uint64_t i = 0; i < COUNT; i++)
		seq[i] = i + 1;
	for (size_t i = COUNT - 1; i > 0; i--) {
		state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
		size_t j = (size_t)(state >> 33) % (i + 1);
		uint64_t swap = seq[i];
		seq[i] = seq[j];
		seq[j] = swap;
	}
	order_open(1);
	for (size_t i = 0; i < COUNT; i++) {
		struct job *job;
		/* Every seventh number has no job. */
		order_add(seq[i], seq[i] % 7 == 0 ? NULL : numbered(seq[i]));
		while ((job = order_next()) != NULL) {
			next += next % 7 == 0;
			ck_assert_uint_eq(job->task->seq, next);
			next++;
			job_free(job);
		}
		ck_assert_uint_ge(order_turn(), next);
	}
	ck_assert_uint_eq(order_turn(), COUNT + 1);
	order_close();
}
END_TEST

START_TEST(closing_frees_jobs_before_their_turn)
{
	order_open(1);
	order_add(2, numbered(2));
	order_add(3000, numbered(3000));
	ck_assert_ptr_null(order_next());
	order_close();
}
END_TEST

/* ---------------------------------------------------------------------------------------- halt */

START_TEST(halts)
{
	static const struct {
		struct halt_option option;
		uint64_t failed, succeeded, total;
		int reached;
	} cases[] = {
		{ { HALT_NEVER, HALT_FAIL, 1, 0 }, 100, 0, 100, 0 },
		{ { HALT_SOON, HALT_FAIL, 1, 0 }, 0, 5, 0, 0 },
		{ { HALT_SOON, HALT_FAIL, 1, 0 }, 1, 0, 0, 1 },
		{ { HALT_NOW, HALT_FAIL, 3, 0 }, 2, 7, 0, 0 },
		{ { HALT_NOW, HALT_FAIL, 3, 0 }, 3, 7, 0, 1 },
		{ { HALT_NOW, HALT_SUCCESS, 1, 0 }, 3, 0, 0, 0 },
		{ { HALT_NOW, HALT_SUCCESS, 1, 0 }, 3, 1, 0, 1 },
		{ { HALT_NOW, HALT_DONE, 4, 0 }, 3, 1, 0, 1 },
		{ { HALT_NOW, HALT_DONE, 5, 0 }, 3, 1, 0, 0 },
		/* A percentage needs the number of all jobs. */
		{ { HALT_SOON, HALT_FAIL, 0, 10 }, 1, 0, 10, 1 },
		{ { HALT_SOON, HALT_FAIL, 0, 10 }, 0, 9, 10, 0 },
		{ { HALT_SOON, HALT_FAIL, 0, 30 }, 1, 3, 6, 0 },
		{ { HALT_SOON, HALT_FAIL, 0, 30 }, 2, 3, 6, 1 },
		{ { HALT_SOON, HALT_FAIL, 0, 10 }, 2, 1, 0, 0 },
		{ { HALT_SOON, HALT_FAIL, 0, 10 }, 1, 2, 10, 1 },
		{ { HALT_SOON, HALT_FAIL, 0, 50 }, 4, 20, 10, 0 },
		{ { HALT_SOON, HALT_FAIL, 0, 50 }, 5, 0, 10, 1 },
	};

	ck_assert_int_eq(halt_reached(&cases[_i].option, cases[_i].failed, cases[_i].succeeded,
			     cases[_i].total),
	    cases[_i].reached);
}
END_TEST
enum { HALTS = 17 };

/* -------------------------------------------------------------------------------------- totals */

START_TEST(statuses)
{
	static const struct outcome ok = { .verdict = VERDICT_OK },
				    one = { .verdict = VERDICT_FAILED, .exit_code = 1 },
				    all = { .verdict = VERDICT_FAILED, .exit_code = 255 },
				    killed = { .verdict = VERDICT_CRASHED,
					    .exit_code = 137,
					    .signal = SIGKILL },
				    missing = { .verdict = VERDICT_SETUP_FAILED, .exit_code = 127 },
				    forbidden = { .verdict = VERDICT_SETUP_FAILED,
					    .exit_code = 126 },
				    skipped = { .verdict = VERDICT_SKIPPED, .exit_code = -1 };
	static const struct {
		const struct outcome *outcome[3];
		int native, xargs, parallel;
	} cases[] = {
		{ { &ok, &ok }, 0, 0, 0 },
		{ { &ok, &one }, 123, 123, 1 },
		{ { &one, &one, &ok }, 123, 123, 2 },
		{ { &all, &ok }, 123, 124, 1 },
		{ { &one, &killed }, 123, 125, 2 },
		{ { &missing }, 127, 127, 1 },
		{ { &forbidden }, 126, 126, 1 },
		{ { &missing, &forbidden }, 127, 127, 2 },
		{ { &missing, &one }, 123, 127, 2 },
		{ { &skipped, &ok }, 0, 0, 0 },
	};

	for (enum dialect dialect = DIALECT_NATIVE; dialect <= DIALECT_PARALLEL; dialect++) {
		struct totals t = { 0 };
		struct options o = { .dialect = dialect };
		int wanted = dialect == DIALECT_NATIVE ? cases[_i].native :
		    dialect == DIALECT_XARGS           ? cases[_i].xargs :
							 cases[_i].parallel;
		for (int i = 0; i < 3 && cases[_i].outcome[i] != NULL; i++)
			totals_add(&t, cases[_i].outcome[i], dialect);
		ck_assert_int_eq(totals_status(&t, &o), wanted);
	}
}
END_TEST
enum { STATUSES = 10 };

START_TEST(many_failures_are_101_in_parallel)
{
	struct outcome one = { .verdict = VERDICT_FAILED, .exit_code = 1 };
	struct options o = { .dialect = DIALECT_PARALLEL };
	struct totals t = { 0 };

	for (int i = 0; i < 100; i++)
		totals_add(&t, &one, o.dialect);
	ck_assert_int_eq(totals_status(&t, &o), 100);
	totals_add(&t, &one, o.dialect);
	ck_assert_int_eq(totals_status(&t, &o), 101);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("order, halt and totals of the command");
	TCase *tc = support_case("order", 30);

	tcase_add_loop_test(tc, turns_come_by_number, 0, 5);
	tcase_add_test(tc, closing_frees_jobs_before_their_turn);
	tcase_add_loop_test(tc, halts, 0, HALTS);
	tcase_add_loop_test(tc, statuses, 0, STATUSES);
	tcase_add_test(tc, many_failures_are_101_in_parallel);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* When jobs are tried again, in which order, and the median by which --timeout N% ends them. */
#include "config.h"
#include "tests/support/support.h"

#include <stdlib.h>
#include <string.h>

#include "tool/base/median.h"
#include "tool/run/retries.h"

#define SECOND INT64_C(1000000000)

/* ------------------------------------------------------------------------------------- retries */

START_TEST(delays_double_up_to_a_bound)
{
	static const int64_t factor[] = { 1, 2, 4, 8, 16, 32, 64, 64, 64 };

	for (unsigned i = 0; i < sizeof factor / sizeof factor[0]; i++) {
		const int64_t least = retries_delay(SECOND, i + 1, 0),
			      most = retries_delay(SECOND, i + 1, UINT32_MAX),
			      between = retries_delay(SECOND, i + 1, UINT32_MAX / 2);
		ck_assert_int_eq(least, factor[i] * SECOND);
		ck_assert_int_eq(most, factor[i] * SECOND / 2 * 3);
		ck_assert_int_gt(between, least + (most - least) * 49 / 100);
		ck_assert_int_lt(between, least + (most - least) * 51 / 100);
	}
	ck_assert_int_eq(retries_delay(SECOND, 1000000, 0), 64 * SECOND);
	ck_assert_int_eq(retries_delay(0, 5, UINT32_MAX), 0);
	/* The longest ones cannot overflow, also if added to any time that a clock has. */
	for (unsigned i = 1; i < 100; i++) {
		const int64_t delay = retries_delay(INT64_MAX, i, UINT32_MAX);
		ck_assert_int_gt(delay, INT64_MAX / 8);
		ck_assert_int_lt(delay, INT64_MAX / 2);
	}
}
END_TEST

/* A job that has failed so many times. */
static struct job *
failed(uint64_t seq, unsigned attempts)
{
	struct job *job = job_new(task_new());

	job->task->seq = seq;
	job->task->attempts = attempts;
	return job;
}

START_TEST(without_a_delay_they_come_in_order)
{
	const struct options o = { .retries = 9 };

	ck_assert_int_eq(retries_wait(0), -1);
	ck_assert_ptr_null(retries_take(INT64_MAX));
	for (uint64_t i = 0; i < 1000; i++)
		retries_add(&o, failed(i, 1 + (unsigned)i % 5), 77);
	ck_assert_int_eq(retries_wait(77), 0);
	for (uint64_t i = 0; i < 1000; i++) {
		struct job *job = retries_take(77);
		ck_assert_ptr_nonnull(job);
		ck_assert_uint_eq(job->task->seq, i);
		ck_assert_ptr_nonnull(job->before);
		ck_assert_ptr_null(job->before->task);
		job_free(job);
	}
	ck_assert_int_eq(retries_wait(77), -1);
	retries_close();
}
END_TEST

START_TEST(those_that_are_due_come_first)
{
	const struct options o = { .retries = 9, .retry_delay_ns = SECOND };
	int64_t now = 5 * SECOND;

	for (uint64_t i = 0; i < 500; i++)
		retries_add(&o, failed(i, 1 + (unsigned)(i * 7919 % 6)), now);
	ck_assert_ptr_null(retries_take(now + SECOND - 1));
	ck_assert(!retries_are_full());
	unsigned last = 1;
	for (uint64_t i = 0; i < 500; i++) {
		const int64_t wait = retries_wait(now);
		ck_assert_int_ge(wait, 0);
		ck_assert(wait == 0 || retries_take(now + wait - 1) == NULL);
		now += wait;
		struct job *job = retries_take(now);
		ck_assert_ptr_nonnull(job);
		/* The times of those that failed once more begin where the others' have ended. */
		ck_assert_uint_ge(job->task->attempts, last);
		last = job->task->attempts;
		ck_assert_int_ge(now - 5 * SECOND, SECOND << (last - 1));
		ck_assert_int_le(now - 5 * SECOND, (SECOND << (last - 1)) / 2 * 3);
		job_free(job);
	}
	ck_assert_uint_eq(last, 6);
	/* When the run stops also those that are not due are to be had. */
	retries_add(&o, failed(1, 1), now);
	struct job *job = retries_take(INT64_MAX);
	ck_assert_ptr_nonnull(job);
	job_free(job);
	retries_close();
}
END_TEST

/* -------------------------------------------------------------------------------------- median */

static int
compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

START_TEST(the_median_is_near)
{
	static struct median m;
	static int64_t numbers[2001];
	uint64_t state = 42 + (uint64_t)_i;

	m = (struct median){ 0 };
	ck_assert_int_eq(median_get(&m), 0);
	for (size_t n = 0; n < sizeof numbers / sizeof numbers[0]; n++) {
		state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
		/* Of all sizes, from 2^0 to 2^63 - 1. */
		numbers[n] = (int64_t)(state >> 1 >> (state >> 13) % 63);
		median_add(&m, numbers[n]);
		if (n > 50 && n % 97 != 0)
			continue;
		static int64_t sorted[sizeof numbers / sizeof numbers[0]];
		memcpy(sorted, numbers, sizeof sorted);
		qsort(sorted, n + 1, sizeof sorted[0], compare);
		const int64_t real = sorted[n / 2], got = median_get(&m);
		ck_assert_int_ge(got, real - real / 100);
		ck_assert_int_le(got - real, real / 100);
	}
}
END_TEST

START_TEST(numbers_at_the_ends)
{
	static struct median m;

	median_add(&m, INT64_MIN);
	ck_assert_int_eq(median_get(&m), 0);
	m = (struct median){ 0 };
	median_add(&m, INT64_MAX);
	ck_assert_int_gt(median_get(&m), INT64_MAX - INT64_MAX / 100);
	for (int64_t n = 0; n < 128; n++) {
		m = (struct median){ 0 };
		median_add(&m, n);
		ck_assert_int_eq(median_get(&m), n);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("retries and the median");
	TCase *tc = support_case("retries", 30);

	tcase_add_test(tc, delays_double_up_to_a_bound);
	tcase_add_test(tc, without_a_delay_they_come_in_order);
	tcase_add_test(tc, those_that_are_due_come_first);
	tcase_add_loop_test(tc, the_median_is_near, 0, 5);
	tcase_add_test(tc, numbers_at_the_ends);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

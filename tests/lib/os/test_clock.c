/* SPDX-License-Identifier: BSD-2-Clause */
/* The clock: deadlines are sums of what callers hand in; none may overflow, none may spin. */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <limits.h>

#include "lib/os/clock.h"

START_TEST(time_does_not_go_back)
{
	int64_t last = clock_now();

	ck_assert_int_gt(last, 0);
	for (int i = 0; i < 10000; i++) {
		int64_t now = clock_now();
		ck_assert_int_ge(now, last);
		last = now;
	}
}
END_TEST

START_TEST(clocks_are_read_in_nanoseconds)
{
	int64_t before = clock_now(), read = clock_read(CLOCK_MONOTONIC);

	ck_assert_int_ge(read, before);
	ck_assert_int_le(read, clock_now());
	errno = 0;
	ck_assert_int_eq(clock_read((clockid_t)INT_MAX), -1);
	ck_assert_int_eq(errno, EINVAL);
	const struct timeval t = { .tv_sec = 3, .tv_usec = 25 };
	ck_assert_int_eq(clock_from_timeval(&t), 3 * CLOCK_S + 25 * CLOCK_US);
	ck_assert_int_eq(clock_timespec(3 * CLOCK_S + 25).tv_sec, 3);
	ck_assert_int_eq(clock_timespec(3 * CLOCK_S + 25).tv_nsec, 25);
}
END_TEST

START_TEST(sum_past_the_end_means_never)
{
	ck_assert_int_eq(clock_after(5, 7), 12);
	ck_assert_int_eq(clock_after(5, 0), 5);
	ck_assert_int_eq(clock_after(5, -1), CLOCK_NEVER);
	ck_assert_int_eq(clock_after(5, INT64_MIN), CLOCK_NEVER);
	ck_assert_int_eq(clock_after(5, CLOCK_NEVER - 6), CLOCK_NEVER - 1);
	ck_assert_int_eq(clock_after(5, CLOCK_NEVER - 5), CLOCK_NEVER);
	ck_assert_int_eq(clock_after(5, CLOCK_NEVER - 4), CLOCK_NEVER);
	ck_assert_int_eq(clock_after(5, CLOCK_NEVER), CLOCK_NEVER);
	ck_assert_int_eq(clock_after(0, CLOCK_NEVER), CLOCK_NEVER);
	ck_assert_int_eq(clock_after(CLOCK_NEVER, 1), CLOCK_NEVER);
}
END_TEST

START_TEST(poll_waits_to_the_deadline_and_not_less)
{
	ck_assert_int_eq(clock_poll_ms(CLOCK_NEVER, 0), -1);
	ck_assert_int_eq(clock_poll_ms(CLOCK_NEVER, CLOCK_NEVER - 1), -1);
	ck_assert_int_eq(clock_poll_ms(100, 100), 0);
	ck_assert_int_eq(clock_poll_ms(100, 101), 0);
	ck_assert_int_eq(clock_poll_ms(0, CLOCK_NEVER - 1), 0);
	ck_assert_int_eq(clock_poll_ms(101, 100), 1);
	ck_assert_int_eq(clock_poll_ms(100 + CLOCK_MS, 100), 1);
	ck_assert_int_eq(clock_poll_ms(101 + CLOCK_MS, 100), 2);
	ck_assert_int_eq(clock_poll_ms((int64_t)INT_MAX * CLOCK_MS, 0), INT_MAX);
	ck_assert_int_eq(clock_poll_ms((int64_t)INT_MAX * CLOCK_MS + 1, 0), INT_MAX);
	ck_assert_int_eq(clock_poll_ms(CLOCK_NEVER - 1, 0), INT_MAX);
}
END_TEST

START_TEST(earlier_of_two)
{
	ck_assert_int_eq(clock_earlier(1, 2), 1);
	ck_assert_int_eq(clock_earlier(2, 1), 1);
	ck_assert_int_eq(clock_earlier(CLOCK_NEVER, 1), 1);
	ck_assert_int_eq(clock_earlier(CLOCK_NEVER, CLOCK_NEVER), CLOCK_NEVER);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("clock");
	TCase *tc = support_case("clock", 10);

	tcase_add_test(tc, time_does_not_go_back);
	tcase_add_test(tc, clocks_are_read_in_nanoseconds);
	tcase_add_test(tc, sum_past_the_end_means_never);
	tcase_add_test(tc, poll_waits_to_the_deadline_and_not_less);
	tcase_add_test(tc, earlier_of_two);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers, sizes and times as people write them: right ones give a value, all others a sentence. */
#include "config.h"
#include "tests/support/support.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "tool/base/parse_units.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

START_TEST(counts)
{
	static const struct {
		const char *text;
		long long min, max, value;
	} right[] = {
		{ "0", 0, 10, 0 },
		{ "10", 0, 10, 10 },
		{ "-20", -20, 19, -20 },
		{ "007", 1, 10, 7 },
		{ "9223372036854775807", 0, LLONG_MAX, LLONG_MAX },
	};
	static const struct {
		const char *text;
		long long min, max;
	} wrong[] = {
		{ "", 0, 10 },
		{ " 1", 0, 10 },
		{ "1 ", 0, 10 },
		{ "+1", 0, 10 },
		{ "1x", 0, 10 },
		{ "x", 0, 10 },
		{ "11", 0, 10 },
		{ "-1", 0, 10 },
		{ "0", 1, 10 },
		{ "1.0", 0, 10 },
		{ "0x1", 0, 10 },
		{ "1e1", 0, 10 },
		{ "-", -1, 10 },
		{ "--1", -1, 10 },
		{ "1-", 0, 10 },
		{ "9223372036854775808", 0, LLONG_MAX },
		{ "99999999999999999999999999", 0, LLONG_MAX },
		{ "\t1", 0, 10 },
		{ "1\n", 0, 10 },
	};
	long long value;

	for (size_t i = 0; i < COUNT(right); i++) {
		value = -77;
		ck_assert_ptr_null(parse_count(right[i].text, right[i].min, right[i].max, &value));
		ck_assert_int_eq(value, right[i].value);
	}
	for (size_t i = 0; i < COUNT(wrong); i++) {
		value = -77;
		const char *why = parse_count(wrong[i].text, wrong[i].min, wrong[i].max, &value);
		ck_assert_msg(why != NULL, "\"%s\"", wrong[i].text);
		ck_assert_int_eq(value, -77);
	}
	ck_assert_str_eq(parse_count("0", 1, 4096, &value), "must be a number from 1 to 4096");
}
END_TEST

START_TEST(sizes)
{
	static const struct {
		const char *text;
		int64_t bytes;
	} right[] = {
		{ "1", 1 },
		{ "4096", 4096 },
		{ "1k", 1024 },
		{ "1K", 1024 },
		{ "3M", 3 << 20 },
		{ "2g", INT64_C(2) << 30 },
		{ "1T", INT64_C(1) << 40 },
		{ "9223372036854775807", INT64_MAX },
		{ "8388607T", INT64_C(8388607) << 40 },
	};
	static const char *const wrong[] = {
		"",
		"0",
		"0K",
		"-1",
		"-1K",
		"+1",
		" 1",
		"1 ",
		"K",
		"1KK",
		"1KB",
		"1Kx",
		"1x",
		"1.5M",
		"1e6",
		"0x10",
		"9223372036854775808",
		"8388608T",
		"18446744073709551616",
		"18446744073709551617",
		"16777216T",
		"16777217T",
		"99999999999999999999999999",
		"1%",
		"inf",
		"1\n",
	};
	int64_t bytes;

	for (size_t i = 0; i < COUNT(right); i++) {
		bytes = -77;
		ck_assert_msg(parse_size(right[i].text, &bytes) == NULL, "\"%s\"", right[i].text);
		ck_assert_int_eq(bytes, right[i].bytes);
	}
	for (size_t i = 0; i < COUNT(wrong); i++) {
		bytes = -77;
		ck_assert_msg(parse_size(wrong[i], &bytes) != NULL, "\"%s\"", wrong[i]);
		ck_assert_int_eq(bytes, -77);
	}
}
END_TEST

static const char *const wrong_durations[] = {
	"",
	"0",
	"0s",
	"0.0",
	"00ms",
	"-1",
	"+1",
	" 1",
	"1 ",
	"s",
	".",
	".s",
	"1..5",
	"1.5.2",
	"1x",
	"1S",
	"1sec",
	"1 s",
	"1m30",
	"1e3",
	"0x10",
	"inf",
	"nan",
	"infinity",
	"1%",
	"150%",
	"1ss",
	"1,5",
	"0.0000000001",
	"99999999999999999999",
	"73001d",
	"1000000000000h",
	"1-1",
	"1m-1s",
	"1\n",
	/* more digits than parse_duration() accepts */
	("11111111111111111111111111111111111111111"
	 "11111111111111111111111111111111111111111"),
};

START_TEST(durations)
{
#define S INT64_C(1000000000)
	static const struct {
		const char *text;
		int64_t ns;
	} right[] = {
		{ "1", S },
		{ "1.5", S * 3 / 2 },
		{ ".25", S / 4 },
		{ "2.", 2 * S },
		{ "0.000000001", 1 },
		{ "10s", 10 * S },
		{ "200ms", S / 5 },
		{ "15us", 15000 },
		{ "3m", 180 * S },
		{ "0.5m", 30 * S },
		{ "2h", 7200 * S },
		{ "1d", 86400 * S },
		{ "1h30m", 5400 * S },
		{ "1d2h3m4.5s", 93784 * S + S / 2 },
		{ "1m0s", 60 * S },
		{ "0m1s", S },
		{ "36500d", 36500 * (86400 * S) },
		{ "3153600000", 3153600000 * S },
	};
	int64_t ns;

	for (size_t i = 0; i < COUNT(right); i++) {
		ns = -77;
		ck_assert_msg(parse_duration(right[i].text, &ns) == NULL, "\"%s\"", right[i].text);
		ck_assert_int_eq(ns, right[i].ns);
	}
	for (size_t i = 0; i < COUNT(wrong_durations); i++) {
		ns = -77;
		ck_assert_msg(parse_duration(wrong_durations[i], &ns) != NULL, "\"%s\"",
		    wrong_durations[i]);
		ck_assert_int_eq(ns, -77);
	}
}
END_TEST

static const char *const wrong_workers[] = {
	"",
	"x",
	"1x",
	"4097",
	"1.5",
	"%",
	"-%",
	"+",
	"-",
	"+-1",
	"0%",
	"-50%",
	"+50%",
	"50%%",
	"99999999%",
	" 1",
	"1 ",
	"+4097",
	"+4096",
	"-4097",
	"99999999999999999999",
	"1e2",
	"nan%",
	"inf%",
	".%",
	"1.2.3%",
};

START_TEST(workers)
{
	unsigned n = 77, processors = forkpool_processors();

	ck_assert_ptr_null(parse_workers("1", &n));
	ck_assert_uint_eq(n, 1);
	ck_assert_ptr_null(parse_workers("4096", &n));
	ck_assert_uint_eq(n, 4096);
	ck_assert_ptr_null(parse_workers("0", &n));
	ck_assert_uint_eq(n, 252);
	ck_assert_ptr_null(parse_workers("+3", &n));
	ck_assert_uint_eq(n, processors + 3);
	ck_assert_ptr_null(parse_workers("+0", &n));
	ck_assert_uint_eq(n, processors);
	ck_assert_ptr_null(parse_workers("-0", &n));
	ck_assert_uint_eq(n, processors);
	ck_assert_ptr_null(parse_workers("-4096", &n));
	ck_assert_uint_eq(n, processors > 4096 ? processors - 4096 : 1);
	ck_assert_ptr_null(parse_workers("100%", &n));
	ck_assert_uint_eq(n, processors);
	ck_assert_ptr_null(parse_workers("200%", &n));
	ck_assert_uint_eq(n, 2 * processors);
	/* Rounded up, as GNU parallel does. */
	ck_assert_ptr_null(parse_workers("0.1%", &n));
	ck_assert_uint_eq(n, (processors + 999) / 1000);
	ck_assert_ptr_null(parse_workers("50%", &n));
	ck_assert_uint_eq(n, (processors + 1) / 2);
	for (size_t i = 0; i < COUNT(wrong_workers); i++) {
		n = 77;
		ck_assert_msg(parse_workers(wrong_workers[i], &n) != NULL, "\"%s\"",
		    wrong_workers[i]);
		ck_assert_uint_eq(n, 77);
	}
}
END_TEST

/* The load is the machine's, and so are the processors. */
START_TEST(loads)
{
	double value = -77, all = (double)sysconf(_SC_NPROCESSORS_ONLN);
	static const char *const wrong[] = { "", "0", "0%", "0.0", "-1", "+1", "x", "1x", "1%%",
		"%", ".", "1.1.1", "nan", "inf", "1e3", " 1" };

	ck_assert_ptr_null(parse_load("1.5", &value));
	ck_assert_double_eq_tol(value, 1.5, 1e-9);
	ck_assert_ptr_null(parse_load("50%", &value));
	ck_assert_double_eq_tol(value, all / 2, 1e-9);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		value = -77;
		ck_assert_msg(parse_load(wrong[i], &value) != NULL, "\"%s\"", wrong[i]);
		ck_assert(value <= -77);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool_parse_units");
	TCase *tc = support_case("parse_units", 10);

	tcase_add_test(tc, counts);
	tcase_add_test(tc, sizes);
	tcase_add_test(tc, durations);
	tcase_add_test(tc, workers);
	tcase_add_test(tc, loads);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Jobs that are run again: each of their results has a place of its own, which never changes. */
#include "config.h"
#include "tests/support/support.h"

#include "tool/journal/rounds.h"

START_TEST(without_rounds)
{
	struct rounds none = { 0 };

	ck_assert_uint_eq(rounds_jobs(&none), 0);
	for (uint64_t seq = 1; seq < 10; seq++)
		ck_assert_uint_eq(rounds_place(&none, seq, seq), seq - 1);
	rounds_free(&none);
}
END_TEST

/* Seven jobs; 2 and 5 again; 8 and 9; 5 and 8 again; 10. */
START_TEST(places)
{
	static const struct {
		uint64_t seq, entry, place;
	} results[] = {
		{ 1, 0, 0 }, { 2, 2, 1 }, { 5, 1, 4 }, { 7, 6, 6 },
		{ 5, 7, 8 }, { 2, 8, 7 },
		{ 9, 9, 10 }, { 8, 10, 9 },
		{ 8, 12, 12 }, { 5, 11, 11 },
		{ 10, 13, 13 }, { 12, UINT64_MAX, 15 }, { 5, UINT64_MAX, 11 },
	};
	struct rounds r = { 0 };

	rounds_begin(&r, 7, 7);
	rounds_add(&r, 2);
	rounds_add(&r, 5);
	rounds_begin(&r, 11, 9);
	rounds_add(&r, 5);
	rounds_add(&r, 8);
	ck_assert_uint_eq(rounds_jobs(&r), 4);
	for (size_t i = 0; i < sizeof results / sizeof results[0]; i++)
		ck_assert_uint_eq(rounds_place(&r, results[i].seq, results[i].entry),
		    results[i].place);
	rounds_free(&r);
}
END_TEST

/* Many rounds, each of every n-th job: all places from 0 on are taken, each by one result. */
START_TEST(each_place_once)
{
	enum { ROUNDS = 6, GROWS = 50, MOST = 5000 };
	static unsigned char taken[MOST];
	struct rounds r = { 0 };
	uint64_t known = 0, entry = 0, total = 0;

	for (uint64_t round = 0; round < ROUNDS; round++) {
		for (uint64_t i = 0; i < GROWS; i++, known++, total++)
			taken[rounds_place(&r, known + 1, entry++)]++;
		rounds_begin(&r, entry, known);
		for (uint64_t seq = 1; seq <= known; seq += round + 1)
			rounds_add(&r, seq);
		for (uint64_t seq = 1; seq <= known; seq += round + 1, total++)
			taken[rounds_place(&r, seq, entry++)]++;
	}
	ck_assert_uint_eq(total, known + rounds_jobs(&r));
	for (uint64_t place = 0; place < MOST; place++)
		ck_assert_int_eq(taken[place], place < total);
	rounds_free(&r);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rounds");
	TCase *tc = support_case("rounds", 10);

	tcase_add_test(tc, without_rounds);
	tcase_add_test(tc, places);
	tcase_add_test(tc, each_place_once);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

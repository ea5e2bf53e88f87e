/* SPDX-License-Identifier: BSD-2-Clause */
/* Units without a table of addresses: each of them is asked once, and so many at most. */
#include "config.h"
#include "tests/support/support.h"

#ifdef HAVE_LIBDW
#include "lib/symbols/unit_map.h"

#define UNITS 1000
#define BIAS  0x10000u
#define SIZE  16u

/* Unit n has n * SIZE and what follows, and none has what is odd. */
static Dwarf_Die units[UNITS];
static unsigned asked;

static Dwarf_Die *
no_table(Dwfl_Module *module, Dwarf_Addr address, Dwarf_Addr *bias)
{
	(void)module;
	(void)address;
	(void)bias;
	return NULL;
}

static Dwarf_Die *
next_unit(Dwfl_Module *module, Dwarf_Die *last, Dwarf_Addr *bias)
{
	(void)module;
	*bias = BIAS;
	if (last == &units[UNITS - 1])
		return NULL;
	asked++;
	return last == NULL ? &units[0] : last + 1;
}

static ptrdiff_t
ranges(Dwarf_Die *unit, ptrdiff_t offset, Dwarf_Addr *base, Dwarf_Addr *start, Dwarf_Addr *end)
{
	*base = 0;
	*start = (Dwarf_Addr)(unit - units) * SIZE + (Dwarf_Addr)offset;
	*end = *start + 1;
	return offset < (ptrdiff_t)SIZE ? offset + 2 : 0;
}

static const struct libdw fake = {
	.dwfl_module_addrdie = no_table, .dwfl_module_nextcu = next_unit, .dwarf_ranges = ranges,
};
static struct unit_map map;

/* Look for an address in unit n. */
static void
look(size_t n, size_t units_max)
{
	Dwarf_Addr bias = 0, address = BIAS + n * SIZE;
	Dwarf_Die *unit = unit_map_find(&map, &fake, NULL, address + 4, units_max, &bias);

	if (n < UNITS && n < units_max) {
		ck_assert_ptr_eq(unit, &units[n]);
		ck_assert_uint_eq(bias, BIAS);
	} else {
		ck_assert_ptr_null(unit);
	}
	ck_assert_ptr_null(unit_map_find(&map, &fake, NULL, address + 1, units_max, &bias));
}

START_TEST(each_unit_is_asked_once)
{
	look(UNITS / 2, SIZE_MAX);
	ck_assert_uint_eq(asked, UNITS);
	for (size_t n = 0; n <= UNITS; n++)
		look(n, SIZE_MAX);
	ck_assert_uint_eq(asked, UNITS);
	unit_map_release(&map);
}
END_TEST

START_TEST(no_more_than_that)
{
	for (int i = 0; i < 3; i++) {
		look(5, 10);
		look(9, 10);
		look(10, 10);
		ck_assert_uint_eq(asked, 10);
	}
	look(10, SIZE_MAX);
	/* Also not where somebody else has asked more of them. */
	look(10, 10);
	ck_assert_uint_eq(asked, UNITS);
	unit_map_release(&map);
}
END_TEST

START_TEST(the_first_are_found_without_the_others)
{
	Dwarf_Addr bias = 0;

	ck_assert_ptr_eq(unit_map_find(&map, &fake, NULL, BIAS, SIZE_MAX, &bias), &units[0]);
	ck_assert_uint_eq(asked, 1);
	unit_map_release(&map);
}
END_TEST
#endif

int
main(void)
{
	Suite *suite = suite_create("unit_map");
	TCase *tc = support_case("unit_map", 30);

#ifdef HAVE_LIBDW
	tcase_add_test(tc, each_unit_is_asked_once);
	tcase_add_test(tc, no_more_than_that);
	tcase_add_test(tc, the_first_are_found_without_the_others);
#endif
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

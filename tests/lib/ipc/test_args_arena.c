/* SPDX-License-Identifier: BSD-2-Clause */
/* The arena: extents are used again, have bounds, and respect the limit on file sizes. */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/ipc/args_arena.h"
#include "tests/support/storage.h"

static struct arena_extent *
put(struct arena *a, size_t len, unsigned seed)
{
	unsigned char *data = malloc(len);

	ck_assert_ptr_nonnull(data);
	storage_fill(data, len, seed);
	struct arena_extent *extent = arena_put(a, data, len);
	free(data);
	return extent;
}

START_TEST(arena_keeps_each_apart)
{
	static const size_t sizes[] = { 1, 65, 4095, 4096, 4097, 8192, 8193, 100000, 1 << 20, 3 };
	enum { N = sizeof sizes / sizeof sizes[0] };
	struct arena_extent *extents[N];
	struct arena a;
	size_t sum = 0;

	ck_assert_int_eq(arena_open(&a), 0);
	for (unsigned i = 0; i < N; i++) {
		extents[i] = put(&a, sizes[i], i);
		ck_assert_ptr_nonnull(extents[i]);
		ck_assert_uint_eq(extents[i]->len, sizes[i]);
		sum += sizes[i];
	}
	ck_assert_uint_eq(a.held, sum);
	for (unsigned i = 0; i < N; i++)
		ck_assert(storage_holds(a.fd, extents[i]->offset, sizes[i], i));
	for (unsigned i = 0; i < N; i += 2)
		arena_free(&a, extents[i]);
	for (unsigned i = 1; i < N; i += 2)
		ck_assert(storage_holds(a.fd, extents[i]->offset, sizes[i], i));
	for (unsigned i = 1; i < N; i += 2)
		arena_free(&a, extents[i]);
	ck_assert_uint_eq(a.held, 0);
	arena_free(&a, NULL);
	arena_close(&a);
	ck_assert_int_eq(a.fd, -1);
}
END_TEST

START_TEST(arena_uses_what_was_freed_last_first)
{
	struct arena a;

	ck_assert_int_eq(arena_open(&a), 0);
	struct arena_extent *stays = put(&a, 5000, 1), *first = put(&a, 5000, 2),
			    *second = put(&a, 5000, 3);
	uint64_t first_at = first->offset, second_at = second->offset, end = a.end;
	arena_free(&a, second);
	arena_free(&a, first);
	/* Extents of the freed one's size class, and of another. */
	struct arena_extent *small = put(&a, 4000, 4), *again = put(&a, 8192, 5),
			    *more = put(&a, 4097, 6);
	ck_assert_uint_eq(again->offset, first_at);
	ck_assert_uint_eq(more->offset, second_at);
	ck_assert_uint_eq(small->offset, end);
	ck_assert(storage_holds(a.fd, again->offset, 8192, 5));
	ck_assert(storage_holds(a.fd, stays->offset, 5000, 1));
	arena_free(&a, stays);
	arena_free(&a, small);
	arena_free(&a, again);
	arena_free(&a, more);
	arena_close(&a);
}
END_TEST

START_TEST(arena_does_not_grow_by_use)
{
	struct arena a;

	ck_assert_int_eq(arena_open(&a), 0);
	for (unsigned i = 0; i < 3000; i++) {
		struct arena_extent *one = put(&a, 4096 + i % 4096, i),
				    *other = put(&a, 1 + i % 4096, i + 1);
		ck_assert(storage_holds(a.fd, one->offset, 4096 + i % 4096, i));
		arena_free(&a, i % 2 ? one : other);
		arena_free(&a, i % 2 ? other : one);
	}
	ck_assert_uint_le(a.end, 3 * 8192);
	arena_close(&a);
}
END_TEST

START_TEST(arena_gives_memory_back_when_it_is_empty)
{
	struct arena a;

	ck_assert_int_eq(arena_open(&a), 0);
	struct arena_extent *large = put(&a, 65 * MIB, 1), *small = put(&a, 70, 2);
	arena_free(&a, large);
	ck_assert_uint_gt(storage_size(a.fd), 64 * MIB);
	ck_assert(storage_holds(a.fd, small->offset, 70, 2));
	arena_free(&a, small);
	/* Where nobody can make the file shorter, it keeps its size, and not its pages. */
	ck_assert_uint_eq(storage_blocks(a.fd), 0);
	ck_assert_uint_eq(a.end, 0);
	small = put(&a, 70, 3);
	ck_assert_uint_eq(small->offset, 0);
	ck_assert(storage_holds(a.fd, 0, 70, 3));
	arena_free(&a, small);
	arena_close(&a);
}
END_TEST

START_TEST(arena_has_bounds_but_for_one)
{
	struct arena a = { .held = 0 };

	ck_assert(arena_has_room(&a, SIZE_MAX));
	a.held = 1;
	ck_assert(arena_has_room(&a, ARENA_BYTES_MAX - 1));
	ck_assert(!arena_has_room(&a, ARENA_BYTES_MAX));
	ck_assert(!arena_has_room(&a, SIZE_MAX));
	a.held = ARENA_BYTES_MAX;
	ck_assert(arena_has_room(&a, 0));
	ck_assert(!arena_has_room(&a, 1));
	a.held = ARENA_BYTES_MAX * 4; /* as of one job that alone is larger than the bound */
	ck_assert(!arena_has_room(&a, 1));
}
END_TEST

START_TEST(arena_refuses_what_no_file_has)
{
	struct arena a;
	char byte = 0;

	ck_assert_int_eq(arena_open(&a), 0);
	ck_assert_ptr_null(arena_put(&a, &byte, SIZE_MAX));
	/* A file may well have 4 GiB, which are read from where nothing is. */
	ck_assert_int_eq(errno, SIZE_MAX > UINT32_MAX ? ENOMEM : EFAULT);
	ck_assert_uint_eq(a.held, 0);
	ck_assert_uint_eq(a.end, 0);
	arena_close(&a);
}
END_TEST

static int
put_is_refused(struct arena *a, const void *data, size_t len)
{
	uint64_t held = a->held;

	return arena_put(a, data, len) == NULL && errno == EFBIG && a->held == held;
}

static int
arena_below_limit(void)
{
	static unsigned char data[8192];
	struct arena a;

	storage_fill(data, sizeof data, 1);
	if (arena_open(&a) == -1 || storage_limit(14000, RLIM_INFINITY) == -1)
		return 1;
	struct arena_extent *first = arena_put(&a, data, 8000), *second = arena_put(&a, data, 5000);
	if (first == NULL || second == NULL || !put_is_refused(&a, data, 100))
		return 2;
	/* There is a free extent, but the limit allows only a part of it. */
	arena_free(&a, second);
	if (!put_is_refused(&a, data, 8000))
		return 3;
	if ((second = arena_put(&a, data, 5500)) == NULL)
		return 4;
	arena_free(&a, second);
	/* The limit is set after the extent was made. */
	if (storage_limit(100, RLIM_INFINITY) == -1 || !put_is_refused(&a, data, 5000))
		return 5;
	/* The limit is lifted. */
	if (storage_limit(RLIM_INFINITY, RLIM_INFINITY) == -1 ||
	    (second = arena_put(&a, data, 8000)) == NULL)
		return 6;
	return second->offset == 8192 ? 0 : 7;
}

/* What is wiped behind the new bytes counts as well. */
static int
arena_wipes_below_limit(void)
{
	static unsigned char data[8192];
	struct arena a;

	if (arena_open(&a) == -1)
		return 1;
	a.wipes = 1;
	struct arena_extent *extent = arena_put(&a, data, 4000);
	if (extent == NULL)
		return 2;
	arena_free(&a, extent);
	/* No multiple of a page: its whole rest would be too much, what was written is not. */
	if (storage_limit(4050, RLIM_INFINITY) == -1 || (extent = arena_put(&a, data, 100)) == NULL)
		return 3;
	arena_free(&a, extent);
	return storage_limit(3000, RLIM_INFINITY) == 0 && put_is_refused(&a, data, 100) ? 0 : 4;
}

START_TEST(arena_stays_below_the_limit_on_files)
{
	storage_in_child(arena_below_limit);
	storage_in_child(arena_wipes_below_limit);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("storage");
	TCase *tc = support_case("arena", 30);

	tcase_add_test(tc, arena_keeps_each_apart);
	tcase_add_test(tc, arena_uses_what_was_freed_last_first);
	tcase_add_test(tc, arena_does_not_grow_by_use);
	tcase_add_test(tc, arena_gives_memory_back_when_it_is_empty);
	tcase_add_test(tc, arena_has_bounds_but_for_one);
	tcase_add_test(tc, arena_refuses_what_no_file_has);
	tcase_add_test(tc, arena_stays_below_the_limit_on_files);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

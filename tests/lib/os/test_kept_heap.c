/* SPDX-License-Identifier: BSD-2-Clause */
/* The heap that forks do not copy: blocks apart, used again, given back, and not in a child. */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/os/kept_heap.h"

static struct kept_heap heap;

static int
is_mapped(const void *at)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	return msync((void *)((uintptr_t)at / page * page), page, MS_ASYNC) == 0 || errno != ENOMEM;
}

START_TEST(blocks_are_apart)
{
	static unsigned char *blocks[400];
	const size_t n = sizeof blocks / sizeof blocks[0];

	kept_heap_init(&heap);
	for (size_t i = 0; i < n; i++) {
		size_t size = i * i * 3 % 200000;
		ck_assert_ptr_nonnull(blocks[i] = kept_alloc(&heap, size));
		ck_assert_uint_eq((uintptr_t)blocks[i] % 16, 0);
		memset(blocks[i], (int)i, size);
	}
	for (size_t i = 0; i < n; i++) {
		size_t size = i * i * 3 % 200000;
		size_t same = 0;
		while (same < size && blocks[i][same] == (unsigned char)i)
			same++;
		ck_assert_uint_eq(same, size);
		kept_free(blocks[i]);
	}
	kept_free(NULL);
	kept_heap_release(&heap);
	for (size_t i = 0; i < n; i++)
		ck_assert(!is_mapped(blocks[i]));
}
END_TEST

START_TEST(what_was_freed_last_is_used_first)
{
	kept_heap_init(&heap);
	for (size_t size = 1; size < (size_t)8 << 20; size *= 3) {
		void *first = kept_alloc(&heap, size), *second = kept_alloc(&heap, size);
		ck_assert(first != NULL && second != NULL && first != second);
		kept_free(first);
		ck_assert_ptr_eq(kept_alloc(&heap, size), first);
		kept_free(second);
		kept_free(first);
	}
	/* What is very large is given back at once. */
	void *large = kept_alloc(&heap, (size_t)200 << 20);
	ck_assert_ptr_nonnull(large);
	kept_free(large);
	ck_assert(!is_mapped(large));
	kept_heap_release(&heap);
}
END_TEST

START_TEST(too_much_is_refused)
{
	kept_heap_init(&heap);
	errno = 0;
	ck_assert_ptr_null(kept_alloc(&heap, SIZE_MAX));
	ck_assert_int_eq(errno, ENOMEM);
	ck_assert_ptr_null(kept_alloc(&heap, SIZE_MAX / 2));
	kept_heap_release(&heap);
}
END_TEST

START_TEST(a_child_has_none_of_it)
{
	int status;

	kept_heap_init(&heap);
	void *small = kept_alloc(&heap, 100), *large = kept_alloc(&heap, 1 << 20);
	ck_assert(small != NULL && large != NULL);
	pid_t pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0)
		_exit(is_mapped(small) || is_mapped(large));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	kept_free(small);
	kept_free(large);
	kept_heap_release(&heap);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("kept_heap");
	TCase *all = support_case("kept_heap", 10);

	tcase_add_test(all, blocks_are_apart);
	tcase_add_test(all, what_was_freed_last_is_used_first);
	tcase_add_test(all, too_much_is_refused);
	tcase_add_test(all, a_child_has_none_of_it);
	suite_add_tcase(suite, all);
	return support_run(suite);
}

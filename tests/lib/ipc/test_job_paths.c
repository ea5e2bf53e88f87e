/* SPDX-License-Identifier: BSD-2-Clause */
/* A job's paths in one block with its arguments: what goes in comes out, and no block is
   believed. */
#include "config.h"
#include "lib/ipc/job_paths.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/support.h"

static const char *const two[] = { "/usr/lib", "", NULL };
static const char *const one[] = { "a b\nc", NULL };

START_TEST(what_goes_in_comes_out)
{
	struct kept_heap heap;
	static const struct forkpool_job jobs[] = {
		{ .args = "args", .args_len = 5, .readable = two, .writable = one },
		{ .readable = two, .writable = one },
		{ .args = "args", .args_len = 5 },
		{ .args = NULL },
	};
	struct job_paths paths;
	bool writable;

	kept_heap_init(&heap);
	for (size_t i = 0; i < sizeof jobs / sizeof jobs[0]; i++) {
		size_t len = job_paths_block_size(&jobs[i]);
		ck_assert_uint_gt(len, 0);
		char *block = job_paths_block(&heap, &jobs[i], len);
		ck_assert_ptr_nonnull(block);
		ck_assert_int_eq(job_paths_find(&paths, block, &len), 0);
		ck_assert_uint_eq(len, jobs[i].args_len);
		ck_assert_int_eq(memcmp(block, len > 0 ? jobs[i].args : "", len), 0);
		for (int j = 0; jobs[i].readable != NULL && j < 3; j++) {
			const char *path = job_paths_next(&paths, &writable);
			ck_assert_str_eq(path, j < 2 ? two[j] : one[0]);
			ck_assert_int_eq(writable, j == 2);
		}
		ck_assert_ptr_null(job_paths_next(&paths, &writable));
		kept_free(block);
	}
	kept_heap_release(&heap);
}
END_TEST

START_TEST(bounds)
{
	const char *many[JOB_PATHS_MAX + 2], *const *const list = many;
	char *long_one = malloc(JOB_PATHS_SIZE_MAX);
	struct forkpool_job job = { .readable = list };

	ck_assert_ptr_nonnull(long_one);
	for (size_t i = 0; i < JOB_PATHS_MAX + 1; i++)
		many[i] = "/";
	many[JOB_PATHS_MAX + 1] = NULL;
	ck_assert_uint_eq(job_paths_block_size(&job), 0);
	job.readable = list + 1;
	ck_assert_uint_gt(job_paths_block_size(&job), 0);
	job.writable = one;
	ck_assert_uint_eq(job_paths_block_size(&job), 0);
	memset(long_one, 'x', JOB_PATHS_SIZE_MAX - 2);
	long_one[JOB_PATHS_SIZE_MAX - 2] = '\0';
	many[0] = long_one;
	many[1] = NULL;
	job = (struct forkpool_job){ .writable = list };
	ck_assert_uint_gt(job_paths_block_size(&job), 0);
	job.readable = two;
	ck_assert_uint_eq(job_paths_block_size(&job), 0);
	job = (struct forkpool_job){ .args_len = SIZE_MAX - 10 };
	ck_assert_uint_eq(job_paths_block_size(&job), 0);
	free(long_one);
}
END_TEST

/* Blocks with one byte changed, and cut: nothing outside of the block is read (ASan sees it). */
START_TEST(no_block_is_believed)
{
	const struct forkpool_job job = {
		.args = "args", .args_len = 5, .readable = two, .writable = one,
	};
	const size_t whole = job_paths_block_size(&job);
	struct kept_heap heap;
	struct job_paths paths;
	bool writable;

	kept_heap_init(&heap);
	char *block = job_paths_block(&heap, &job, whole);
	for (size_t cut = 0; cut <= whole; cut++)
		for (size_t at = 0; at < whole - cut; at++)
			for (int bit = 0; bit < 8; bit++) {
				size_t len = whole - cut;
				char *copy = malloc(len);
				ck_assert_ptr_nonnull(copy);
				memcpy(copy, block, len);
				copy[at] = (char)(copy[at] ^ 1 << bit);
				if (job_paths_find(&paths, copy, &len) == -1)
					ck_assert_int_eq(errno, EBADMSG);
				else
					ck_assert_uint_le(len, whole);
				while (job_paths_next(&paths, &writable) != NULL)
					continue;
				free(copy);
			}
	kept_free(block);
	kept_heap_release(&heap);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("a job's paths");
	TCase *tc = support_case("job paths", 60);

	tcase_add_test(tc, what_goes_in_comes_out);
	tcase_add_test(tc, bounds);
	tcase_add_test(tc, no_block_is_believed);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

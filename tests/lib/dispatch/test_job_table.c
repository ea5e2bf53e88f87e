/* SPDX-License-Identifier: BSD-2-Clause */
/* Accepted jobs: their records, the order in which they go out, what they own. */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dispatch/job_table.h"
#include "lib/ipc/wire_job.h"
#include "lib/os/fd.h"

static struct job_table table;
static struct arena arena;

static void
table_begin(uint32_t limit)
{
	ck_assert_int_eq(arena_open(&arena), 0);
	ck_assert_int_eq(job_table_init(&table, limit), 0);
}

static void
table_end(void)
{
	job_table_release(&table, &arena);
	ck_assert_uint_eq(arena.held, 0);
	arena_close(&arena);
}

static int
a_function(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)args;
	(void)args_len;
	return 0;
}

static struct job *
add(uint64_t seq, int priority, const char *id, const void *args, size_t args_len)
{
	struct forkpool_job job = {
		.fn = a_function,
		.id = id,
		.args = args,
		.args_len = args_len,
		.priority = priority,
	};

	return job_table_add(&table, &arena, &job, seq);
}

static struct job *
queue(uint64_t seq, int priority)
{
	struct job *job = add(seq, priority, NULL, NULL, 0);

	ck_assert_ptr_nonnull(job);
	job_table_enqueue(&table, job);
	return job;
}

static void
pops(uint64_t seq)
{
	struct job *job = job_table_pop(&table);

	ck_assert_ptr_nonnull(job);
	ck_assert_uint_eq(job->seq, seq);
}

START_TEST(first_in_first_out_within_a_priority)
{
	table_begin(64);
	ck_assert_ptr_null(job_table_pop(&table));
	for (uint64_t seq = 1; seq <= 30; seq++)
		(void)queue(seq, seq % 3 == 0 ? 7 : seq % 3 == 1 ? -7 : 0);
	ck_assert_uint_eq(table.queued, 30);
	for (uint64_t seq = 3; seq <= 30; seq += 3)
		pops(seq);
	for (uint64_t seq = 2; seq <= 30; seq += 3)
		pops(seq);
	for (uint64_t seq = 1; seq <= 30; seq += 3)
		pops(seq);
	ck_assert_ptr_null(job_table_pop(&table));
	ck_assert_uint_eq(table.queued, 0);
	ck_assert_uint_eq(table.pending, 30);
	table_end();
}
END_TEST

START_TEST(priorities_at_their_ends)
{
	table_begin(8);
	(void)queue(1, INT_MIN);
	(void)queue(2, INT_MAX);
	(void)queue(3, 0);
	(void)queue(4, INT_MAX);
	(void)queue(5, INT_MIN + 1);
	pops(2);
	pops(4);
	pops(3);
	pops(5);
	pops(1);
	table_end();
}
END_TEST

START_TEST(one_tried_again_goes_before_later_ones)
{
	struct job *jobs[8];

	table_begin(16);
	for (uint64_t seq = 0; seq < 8; seq++)
		jobs[seq] = queue(seq, seq == 7 ? 1 : 0);
	pops(7);
	for (uint64_t seq = 0; seq < 6; seq++)
		pops(seq);
	job_table_requeue(&table, jobs[4]);
	job_table_requeue(&table, jobs[0]);
	job_table_requeue(&table, jobs[2]);
	(void)queue(8, 0);
	job_table_requeue(&table, jobs[7]); /* its priority comes before that */
	pops(7);
	pops(0);
	pops(2);
	pops(4);
	pops(6);
	pops(8);
	ck_assert_ptr_null(job_table_pop(&table));
	job_table_requeue(&table, jobs[5]);
	pops(5);
	table_end();
}
END_TEST

START_TEST(one_taken_out_is_not_popped)
{
	struct job *jobs[5];

	table_begin(16);
	for (uint64_t seq = 0; seq < 5; seq++)
		jobs[seq] = queue(seq, 0);
	job_table_unqueue(&table, jobs[0]);
	job_table_remove(&table, &arena, jobs[2]); /* from the queue, too */
	job_table_unqueue(&table, jobs[4]);
	ck_assert_uint_eq(table.queued, 2);
	pops(1);
	pops(3);
	ck_assert_ptr_null(job_table_pop(&table));
	table_end();
}
END_TEST

/* Numbers rise, and are as far apart as old jobs and new ones may be. */
START_TEST(found_by_number)
{
	enum { N = 2000 };
	static const uint64_t strides[] = { 1, 977, 8192 };
	struct job *jobs[N];

	for (size_t s = 0; s < 3; s++) {
		uint64_t stride = strides[s];
		table_begin(N);
		for (uint64_t i = 0; i < N; i++)
			jobs[i] = add(1 + i * stride, 0, NULL, NULL, 0);
		for (uint64_t i = 0; i < N; i++)
			ck_assert_ptr_eq(job_table_find(&table, 1 + i * stride), jobs[i]);
		ck_assert_ptr_null(job_table_find(&table, 0));
		ck_assert_ptr_null(job_table_find(&table, 1 + N * stride));
		ck_assert_ptr_null(job_table_find(&table, UINT64_MAX));
		for (uint64_t i = 0; i < N; i += 2) {
			job_table_remove(&table, &arena, jobs[i]);
			ck_assert_ptr_null(job_table_find(&table, 1 + i * stride));
		}
		/* Others in their records, while the old ones between stay. */
		for (uint64_t i = 0; i < N; i += 2)
			jobs[i] = add(1 + (N + i) * stride, 0, NULL, NULL, 0);
		for (uint64_t i = 0; i < N; i++) {
			ck_assert_ptr_eq(job_table_find(&table, 1 + (i % 2 ? i : N + i) * stride),
			    jobs[i]);
			ck_assert_ptr_null(
			    job_table_find(&table, 1 + (i % 2 ? N + i : i) * stride));
		}
		table_end();
	}
}
END_TEST

START_TEST(records_up_to_the_limit_and_used_again)
{
	enum { N = 1000 };
	struct job *jobs[N];

	table_begin(N);
	ck_assert_ptr_null(job_table_at(&table, 0));
	for (uint32_t i = 0; i < N; i++) {
		jobs[i] = add(i, 0, NULL, NULL, 0);
		ck_assert_ptr_nonnull(jobs[i]);
		ck_assert_uint_lt(jobs[i]->entry, N);
		ck_assert_uint_eq((uintptr_t)jobs[i] % alignof(struct job), 0);
		ck_assert_uint_eq((uintptr_t)jobs[i]->room % WIRE_ALIGN, 0);
	}
	ck_assert_ptr_null(add(N, 0, NULL, NULL, 0));
	ck_assert_ptr_null(job_table_find(&table, N));
	for (uint32_t i = 0; i < N; i++)
		ck_assert_ptr_eq(job_table_at(&table, jobs[i]->entry), jobs[i]);
	ck_assert_ptr_null(job_table_at(&table, N));
	ck_assert_ptr_null(job_table_at(&table, UINT32_MAX));
	job_table_remove(&table, &arena, jobs[10]);
	job_table_remove(&table, &arena, jobs[700]);
	ck_assert_ptr_eq(add(N + 1, 0, NULL, NULL, 0), jobs[700]);
	ck_assert_ptr_eq(add(N + 2, 0, NULL, NULL, 0), jobs[10]);
	table_end();
}
END_TEST

START_TEST(table_of_one)
{
	table_begin(1);
	for (uint64_t seq = 0; seq < 100; seq++) {
		struct job *job = queue(seq, (int)seq % 3);
		ck_assert_uint_eq(job->entry, 0);
		ck_assert_ptr_null(add(seq + 1, 0, NULL, NULL, 0));
		pops(seq);
		job_table_remove(&table, &arena, job);
	}
	table_end();
}
END_TEST

START_TEST(many_priorities_one_after_another)
{
	struct job *last = NULL;

	table_begin(16);
	for (int i = 0; i < 10000; i++) {
		struct job *job = queue((uint64_t)i, i);
		if (last != NULL)
			job_table_remove(&table, &arena, last);
		pops((uint64_t)i);
		last = job;
		ck_assert_uint_le(table.level_count, 3);
	}
	/* The one used last again, after nobody has used it for a while. */
	job_table_remove(&table, &arena, last);
	(void)queue(20000, 9999);
	(void)queue(20001, -1);
	(void)queue(20002, 9999);
	pops(20000);
	pops(20002);
	pops(20001);
	table_end();
}
END_TEST

START_TEST(arguments_are_copied_wherever_they_lie)
{
	static unsigned char args[20000], expected[20000], found[20000];
	char id[WIRE_ID_MAX + 1];

	memset(id, 'x', sizeof id);
	id[WIRE_ID_MAX] = '\0';
	table_begin(16);
	for (size_t i = 0; i < sizeof args; i++)
		expected[i] = (unsigned char)(i * 3 + i / 256);
	for (int named = 0; named < 2; named++)
		for (size_t len = 0; len <= sizeof args; len += len < 130 ? 1 : 331) {
			memcpy(args, expected, sizeof args);
			struct job *job = add(len, 0, named ? id : NULL, args, len);
			ck_assert_ptr_nonnull(job);
			memset(args, 0, sizeof args);
			ck_assert_uint_eq(job->args_len, len);
			if (len <= JOB_ROOM) {
				ck_assert_ptr_eq(job->args, job->room);
				ck_assert_mem_eq(job->args, expected, len);
			} else if (wire_args_fit(len, named ? WIRE_ID_MAX : 0)) {
				ck_assert(job->owns & JOB_OWNS_ARGS);
				ck_assert_mem_eq(job->args, expected, len);
			} else {
				ck_assert(job->owns & JOB_OWNS_EXTENT);
				ck_assert_ptr_null(job->args);
				ck_assert_int_eq(fd_pread_all(arena.fd, found, len,
						     (off_t)job->extent->offset),
				    0);
				ck_assert_mem_eq(found, expected, len);
			}
			ck_assert_int_eq((job->owns & JOB_OWNS_ID) != 0, named);
			if (named) {
				ck_assert_str_eq(job->id, id);
				ck_assert_uint_eq(job->id_len, WIRE_ID_MAX);
			}
			if (len % 2 == 0) {
				job_drop_args(&arena, job);
				job_drop_args(&arena, job);
				ck_assert_uint_eq(arena.held, 0);
			}
			job_table_remove(&table, &arena, job);
		}
	/* The table's end lets go of all. */
	for (size_t len = 1; len < sizeof args; len *= 2)
		ck_assert_ptr_nonnull(add(len, 0, "name", args, len));
	table_end();
}
END_TEST

/* What a failed add leaves behind is nothing, also where the record was another job's before. */
START_TEST(job_that_is_refused_leaves_nothing)
{
	static unsigned char args[10000];
	int good;

	table_begin(4);
	job_table_remove(&table, &arena, add(1, 0, "of the job before", args, 100));
	good = arena.fd;
	arena.fd = -1;
	ck_assert_ptr_null(add(2, 5, NULL, args, sizeof args));
	ck_assert_int_eq(errno, EBADF);
	ck_assert_ptr_null(add(3, 6, "a name of its own", args, sizeof args));
	ck_assert_ptr_null(add(4, 7, NULL, args, sizeof args));
	arena.fd = good;
	ck_assert_ptr_null(job_table_find(&table, 2));
	ck_assert_uint_eq(table.pending, 1); /* the caller counts what was taken */
	ck_assert_uint_eq(table.queued, 0);
	ck_assert_uint_eq(arena.held, 0);
	for (uint64_t seq = 5; seq < 9; seq++)
		ck_assert_ptr_nonnull(add(seq, 0, "name", args, sizeof args));
	ck_assert_ptr_null(add(9, 0, NULL, NULL, 0));
	table_end();
}
END_TEST

START_TEST(message_is_one_line_that_fits)
{
	char text[400];

	table_begin(4);
	struct job *job = add(1, 0, NULL, NULL, 0);
	job_message(&table, job, "", 0);
	ck_assert(!(job->owns & JOB_OWNS_DETAILS));
	job_message(&table, job, "one\ntwo\t\033[1m\177 \303\244", 16);
	ck_assert_str_eq(job_details(&table, job)->message, "one two  [1m  \303\244");
	memset(text, 'm', sizeof text);
	job_message(&table, job, text, sizeof text);
	ck_assert_uint_eq(strlen(job_details(&table, job)->message),
	    sizeof job_details(&table, job)->message - 1);
	job_message(&table, job, "a\0b", 3);
	ck_assert_str_eq(job_details(&table, job)->message, "a b");
	job_details(&table, job)->output = kept_alloc(&table.heap, 7);
	static const uint64_t address[3] = { 1, UINT64_MAX, 0 };
	struct job_details *details = job_details(&table, job);
	job_frames(details, &table, address, 0, 1);
	ck_assert_uint_eq(details->frames, 0);
	ck_assert_uint_eq(details->place, 0);
	job_frames(details, &table, address, 3, 1);
	ck_assert_uint_eq(details->frames, 3);
	ck_assert_uint_eq(details->place, 1);
	ck_assert_int_eq(memcmp(details->address, address, sizeof address), 0);
	job_drop_details(job);
	job_drop_details(job);
	ck_assert_str_eq(job_details(&table, job)->message, "");
	job_table_remove(&table, &arena, job);
	table_end();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("job_table");
	TCase *tc = support_case("job_table", 30);

	tcase_add_test(tc, first_in_first_out_within_a_priority);
	tcase_add_test(tc, priorities_at_their_ends);
	tcase_add_test(tc, one_tried_again_goes_before_later_ones);
	tcase_add_test(tc, one_taken_out_is_not_popped);
	tcase_add_test(tc, found_by_number);
	tcase_add_test(tc, records_up_to_the_limit_and_used_again);
	tcase_add_test(tc, table_of_one);
	tcase_add_test(tc, many_priorities_one_after_another);
	tcase_add_test(tc, arguments_are_copied_wherever_they_lie);
	tcase_add_test(tc, job_that_is_refused_leaves_nothing);
	tcase_add_test(tc, message_is_one_line_that_fits);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

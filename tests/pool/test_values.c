/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arguments and values of every size that makes a difference arrive whole, in order and under load.
 */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <limits.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/dispatch/job_table.h"
#include "lib/ipc/wire_job.h"
#include "lib/ipc/wire_result.h"

#define KIB ((size_t)1024)
#define MIB ((size_t)1024 * 1024)

static struct board {
	_Atomic uint32_t finished, go;
} *board;

static void
board_begin(void)
{
	board = support_shared(sizeof *board);
}

/* Bytes that depend on their place and on the seed. */
static unsigned char *
pattern(size_t len, uint32_t seed)
{
	unsigned char *data = malloc(len + 4);
	uint32_t word = seed * 2654435761u + 1;

	if (data == NULL)
		abort();
	for (size_t i = 0; i < len; i += 4, word += 0x9e3779b9u)
		memcpy(data + i, &word, 4);
	return data;
}

static int
is_pattern(const void *data, size_t len, uint32_t seed)
{
	unsigned char *right = pattern(len, seed);
	int same = len == 0 || memcmp(data, right, len) == 0;

	free(right);
	return same;
}

/* The sizes around each bound that the code knows. */
static size_t sizes[64];
static size_t size_count;

static void
sizes_add(size_t bound)
{
	for (size_t i = 0; i < 3; i++)
		sizes[size_count++] = bound + i - 1;
}

static void
sizes_find(void)
{
	size_t inline_args = 0;

	size_count = 0;
	sizes[size_count++] = 0;
	sizes[size_count++] = 1;
	sizes_add(8);
	sizes_add(JOB_ROOM);
	while (wire_args_fit(inline_args + 1, 0))
		inline_args++;
	sizes_add(inline_args);
	while (!wire_args_fit(inline_args, WIRE_ID_MAX))
		inline_args--;
	sizes_add(inline_args);
	sizes_add(WIRE_VALUE_MAX);
	sizes_add(PIPE_BUF);
	sizes_add(64 * KIB);
	sizes[size_count++] = MIB;
}

struct order {
	size_t   len;
	size_t   piece; /* 0: all at once */
	uint32_t seed;
	int      waits; /* until board->go is set */
};

/* Reply a pattern as ordered. */
static int
reply_pattern(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct order o;
	int r = 0;

	if (args_len != sizeof o)
		return EBADMSG;
	memcpy(&o, args, sizeof o);
	if (o.waits)
		support_await(&board->go, 1);
	unsigned char *data = pattern(o.len, o.seed);
	for (size_t at = 0, n; at < o.len && r == 0; at += n) {
		n = o.piece != 0 && o.piece < o.len - at ? o.piece : o.len - at;
		r = forkpool_reply(context, data + at, n);
	}
	free(data);
	support_post(&board->finished);
	return r;
}

/* Reply the arguments, which must be aligned for any type. */
static int
echo(struct forkpool_context *context, const void *args, size_t args_len)
{
	if ((uintptr_t)args % alignof(max_align_t) != 0)
		return EFAULT;
	return forkpool_reply(context, args, args_len);
}

static void
submit_order(struct forkpool *pool, size_t len, size_t piece, uint32_t seed)
{
	struct order o = { .len = len, .piece = piece, .seed = seed };
	struct forkpool_job job = { .fn = reply_pattern, .args = &o, .args_len = sizeof o,
		.user = (void *)(uintptr_t)seed };

	ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
}

static void
assert_value(const struct forkpool_result *result, size_t len, uint32_t seed)
{
	ck_assert_msg(result->outcome == FORKPOOL_OK, "%zu bytes: %s: %s", len,
	    forkpool_outcome_name(result->outcome), result->message);
	ck_assert_uint_eq(result->value_len, len);
	ck_assert_ptr_nonnull(result->value);
	ck_assert_msg(is_pattern(result->value, len, seed), "%zu bytes differ", len);
}

/* _i: in pieces of which size the value is replied. */
START_TEST(value_comes_back_whole_at_each_bound)
{
	static const size_t pieces[] = { 0, 7, WIRE_VALUE_MAX };
	struct forkpool *pool = support_open(NULL);

	sizes_find();
	/* One at a time, then all at once. */
	for (size_t i = 0; i < size_count; i++) {
		submit_order(pool, sizes[i], pieces[_i], (uint32_t)i);
		assert_value(support_wait(pool), sizes[i], (uint32_t)i);
	}
	for (size_t i = 0; i < size_count; i++)
		submit_order(pool, sizes[i], pieces[_i], (uint32_t)i);
	for (size_t i = 0; i < size_count; i++) {
		const struct forkpool_result *result = support_wait(pool);
		uint32_t seed = (uint32_t)(uintptr_t)result->user;
		assert_value(result, sizes[seed], seed);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* _i: length of the job's id. */
START_TEST(args_arrive_whole_and_aligned_at_each_bound)
{
	struct forkpool *pool = support_open(NULL);
	char id[WIRE_ID_MAX + 1];

	memset(id, 'i', sizeof id);
	id[_i] = '\0';
	sizes_find();
	for (int together = 0; together < 2; together++) {
		for (size_t i = 0; i < size_count; i++) {
			unsigned char *args = pattern(sizes[i], (uint32_t)i);
			struct forkpool_job job = { .fn = echo, .id = id, .user = (void *)i,
				.args = args, .args_len = sizes[i] };
			ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
			memset(args, 0xff, sizes[i]); /* the pool has its copy */
			free(args);
			if (!together)
				assert_value(support_wait(pool), sizes[i], (uint32_t)i);
		}
		for (size_t i = 0; together && i < size_count; i++) {
			const struct forkpool_result *result = support_wait(pool);
			size_t n = (size_t)(uintptr_t)result->user;
			assert_value(result, sizes[n], (uint32_t)n);
		}
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(hundred_megabytes_go_there_and_back)
{
	struct forkpool_options options = support_options(1);
	size_t len = 100 * MIB;
	unsigned char *args = pattern(len, 7);

	options.max_value_len = len;
	struct forkpool *pool = support_open(&options);
	(void)support_submit(pool, echo, args, len);
	free(args);
	assert_value(support_wait(pool), len, 7);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(args_past_what_is_held_at_a_time_are_refused_until_there_is_room)
{
	struct forkpool_options options = support_options(1);
	size_t len = ARENA_BYTES_MAX / 2;
	unsigned char *args = pattern(len, 9);
	struct forkpool_job job = { .fn = reply_pattern, .args = args, .args_len = len };
	uint64_t seq = 5;

	struct forkpool *pool = support_open(&options);
	for (int round = 0; round < 2; round++) {
		ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
		ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
		ck_assert_int_eq(forkpool_submit(pool, &job, &seq), 0);
		ck_assert_uint_eq(seq, 5);
		for (int i = 0; i < 2; i++)
			ck_assert_int_eq(support_wait(pool)->error, EBADMSG);
	}
	free(args);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* Fill the value to its cap, which is in args, and try to go past it in each way that there is. */
static int
go_past_the_cap(struct forkpool_context *context, const void *args, size_t args_len)
{
	size_t cap;

	(void)args_len;
	memcpy(&cap, args, sizeof cap);
	unsigned char *data = pattern(cap + 1, 3);
	int right = 1;
	errno = 0;
	right &= forkpool_reply(context, data, cap + 1) != 0 && errno == EMSGSIZE;
	right &= forkpool_reply(context, data, cap - 1) == 0;
	right &= forkpool_reply(context, data + cap - 1, 2) != 0 && errno == EMSGSIZE;
	right &= forkpool_reply(context, data + cap - 1, SIZE_MAX) != 0 && errno == EMSGSIZE;
	right &= forkpool_reply(context, data + cap - 1, 1) == 0;
	right &= forkpool_reply(context, data, 1) != 0 && errno == EMSGSIZE;
	right &= forkpool_reply(context, data, 0) == 0 && forkpool_reply(context, NULL, 0) == 0;
	errno = 0;
	right &= forkpool_reply(context, NULL, 1) != 0 && errno == EINVAL;
	free(data);
	return right ? 0 : EBADMSG;
}

START_TEST(reply_past_the_cap_is_refused_and_leaves_the_value)
{
	const size_t caps[] = { 1, 100, WIRE_VALUE_MAX, WIRE_VALUE_MAX + 1, 64 * KIB, MIB };

	for (size_t i = 0; i < sizeof caps / sizeof caps[0]; i++) {
		struct forkpool_options options = support_options(1);
		options.max_value_len = caps[i];
		struct forkpool *pool = support_open(&options);
		(void)support_submit(pool, go_past_the_cap, &caps[i], sizeof caps[i]);
		assert_value(support_wait(pool), caps[i], 3);
		/* A job that returns the error of the refusal. */
		submit_order(pool, caps[i] + 1, 0, 1);
		const struct forkpool_result *result = support_wait(pool);
		ck_assert_int_eq(result->outcome, FORKPOOL_FAILED);
		ck_assert_int_eq(result->error, EMSGSIZE);
		ck_assert_ptr_null(result->value);
		ck_assert_int_eq(forkpool_close(pool), 0);
	}
}
END_TEST

START_TEST(large_values_wait_for_a_slow_reader)
{
	struct forkpool_options options = support_options(2);
	uint32_t jobs = 40;

	options.max_value_len = MIB;
	struct forkpool *pool = support_open(&options);
	for (uint32_t i = 0; i < jobs; i++)
		submit_order(pool, MIB - i, 0, i);
	support_await(&board->finished, 2);
	for (uint32_t i = 0; i < jobs; i++) {
		const struct forkpool_result *result = support_wait(pool);
		uint32_t seed = (uint32_t)(uintptr_t)result->user;
		assert_value(result, MIB - seed, seed);
		/*
		 * Whatever the workers do now, the value stays until the caller takes the next
		 * result.
		 */
		(void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
		assert_value(result, MIB - seed, seed);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(ordered_large_values_wait_for_the_first)
{
	struct forkpool_options options = support_options(2);
	struct order first = { .len = MIB, .waits = 1 };
	const struct forkpool_result *result;
	uint32_t jobs = 20;

	options.max_value_len = MIB;
	options.ordered = 1;
	struct forkpool *pool = support_open(&options);
	(void)support_submit(pool, reply_pattern, &first, sizeof first);
	for (uint32_t i = 1; i < jobs; i++)
		submit_order(pool, i % 2 ? MIB : i, 0, i);
	while (atomic_load(&board->finished) < jobs - 1)
		ck_assert_int_eq(forkpool_wait(pool, &result, 1), 0);
	support_post(&board->go);
	for (uint32_t i = 0; i < jobs; i++)
		assert_value(support_wait(pool), i == 0 || i % 2 ? MIB : i, i);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* Fail twice, each time after changing this worker's copy of the arguments; then reply them. */
static int
third_time_lucky(struct forkpool_context *context, const void *args, size_t args_len)
{
	unsigned attempt = forkpool_attempt(context);

	if (attempt < 3) {
		memset((void *)(uintptr_t)args, 0xee, args_len);
		(void)forkpool_reply(context, args, args_len);
		if (attempt == 1)
			return EAGAIN;
		abort();
	}
	return forkpool_reply(context, args, args_len);
}

START_TEST(each_attempt_gets_the_args_as_submitted)
{
	struct forkpool_options options = support_options(2);

	options.max_attempts = 3;
	options.retry_on = 1u << FORKPOOL_FAILED | 1u << FORKPOOL_CRASHED;
	struct forkpool *pool = support_open(&options);
	sizes_find();
	for (size_t i = 0; i < size_count; i++) {
		unsigned char *args = pattern(sizes[i], (uint32_t)i);
		struct forkpool_job job = { .fn = third_time_lucky, .args = args,
			.args_len = sizes[i], .user = (void *)i };
		ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
		free(args);
	}
	for (size_t i = 0; i < size_count; i++) {
		const struct forkpool_result *result = support_wait(pool);
		size_t n = (size_t)(uintptr_t)result->user;
		assert_value(result, sizes[n], (uint32_t)n);
		ck_assert_uint_eq(result->attempts, 3);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* Reply the pattern, then fail (odd seed) or die (even seed). */
static int
reply_and_go_wrong(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct order o;

	memcpy(&o, args, sizeof o);
	int r = reply_pattern(context, args, args_len);
	if (r != 0 || o.seed % 2 == 1)
		return EIO;
	abort();
}

START_TEST(value_of_a_job_that_goes_wrong_is_dropped_and_the_next_is_right)
{
	struct forkpool *pool = support_open(NULL);

	sizes_find();
	for (uint32_t i = 0; i < size_count; i++) {
		struct order o = { .len = sizes[i], .seed = i };
		(void)support_submit(pool, reply_and_go_wrong, &o, sizeof o);
		submit_order(pool, sizes[i], 0, i);
		for (int j = 0; j < 2; j++) {
			const struct forkpool_result *result = support_wait(pool);
			if (result->outcome == FORKPOOL_OK) {
				assert_value(result, sizes[i], i);
				continue;
			}
			ck_assert_int_eq(result->outcome,
			    i % 2 ? FORKPOOL_FAILED : FORKPOOL_CRASHED);
			ck_assert_ptr_null(result->value);
			ck_assert_uint_eq(result->value_len, 0);
		}
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static int
reply_with_message(struct forkpool_context *context, const void *args, size_t args_len)
{
	char longest[400];

	memset(longest, 'm', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	(void)forkpool_fail(context, EIO, "%s", longest);
	return reply_pattern(context, args, args_len);
}

START_TEST(largest_inline_value_goes_with_the_longest_message)
{
	struct forkpool *pool = support_open(NULL);

	for (uint32_t i = 0; i < 3; i++) {
		struct order o = { .len = WIRE_VALUE_MAX - 1 + i, .seed = i };
		(void)support_submit(pool, reply_with_message, &o, sizeof o);
		const struct forkpool_result *result = support_wait(pool);
		assert_value(result, o.len, i);
		ck_assert_uint_eq(strspn(result->message, "m"), WIRE_MESSAGE_MAX);
		ck_assert_uint_eq(strlen(result->message), WIRE_MESSAGE_MAX);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("values");
	TCase *tc = support_case("values", 60);

	tcase_add_checked_fixture(tc, board_begin, NULL);
	tcase_add_loop_test(tc, value_comes_back_whole_at_each_bound, 0, 3);
	tcase_add_loop_test(tc, args_arrive_whole_and_aligned_at_each_bound, 0, 2);
	tcase_add_loop_test(tc, args_arrive_whole_and_aligned_at_each_bound, WIRE_ID_MAX,
	    WIRE_ID_MAX + 1);
	tcase_add_test(tc, hundred_megabytes_go_there_and_back);
	tcase_add_test(tc, args_past_what_is_held_at_a_time_are_refused_until_there_is_room);
	tcase_add_test(tc, reply_past_the_cap_is_refused_and_leaves_the_value);
	tcase_add_test(tc, large_values_wait_for_a_slow_reader);
	tcase_add_test(tc, ordered_large_values_wait_for_the_first);
	tcase_add_test(tc, each_attempt_gets_the_args_as_submitted);
	tcase_add_test(tc, value_of_a_job_that_goes_wrong_is_dropped_and_the_next_is_right);
	tcase_add_test(tc, largest_inline_value_goes_with_the_longest_message);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The pipes of a job's command: what is drained when the job is over. */
#include "config.h"
#include "tests/support/support.h"

#include <unistd.h>

#include "tool/exec/channels.h"

enum { FIRST = 2000, CALLS_MAX = 20 };

static struct channel *drained;
static size_t taken;
static unsigned calls;

/* Stands for a process that has the job's pipe and is none of its descendants. */
static void
write_more(void *owner, int is_err, const char *data, size_t len)
{
	(void)data;
	ck_assert_ptr_eq(owner, &drained);
	ck_assert_uint_lt(++calls, CALLS_MAX);
	taken += len;
	ck_assert_int_eq(write(is_err ? drained->job.err : drained->job.out, "more", 4), 4);
}

START_TEST(drained_of_what_is_there)
{
	static const char text[FIRST];

	channels_open(1, CHANNEL_TWO_PIPES, CHANNEL_NO_INPUT, 3);
	ck_assert_uint_eq(channels_count(), 1);
	drained = channel_take(&drained);
	ck_assert_ptr_nonnull(drained);
	ck_assert_int_eq(write(drained->job.out, text, FIRST), FIRST);
	ck_assert_int_eq(write(drained->job.err, text, FIRST), FIRST);
	channel_drain(drained, write_more);
	ck_assert_uint_eq(taken, 2 * FIRST);
	taken = 0;
	channel_drain(drained, write_more);
	ck_assert_uint_eq(taken, 2 * 4);
	channel_release(drained);
	channels_close();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("channels");
	TCase *tc = support_case("channels", 10);

	tcase_add_test(tc, drained_of_what_is_there);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

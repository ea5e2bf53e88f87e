/* SPDX-License-Identifier: BSD-2-Clause */
/* The shortest way through the pool: the first test to fail where something basic is broken. */
#include "config.h"
#include "tests/support/support.h"

#include <stdlib.h>
#include <string.h>

static int
twice(struct forkpool_context *context, const void *args, size_t args_len)
{
	int n;

	ck_assert_uint_eq(args_len, sizeof n);
	memcpy(&n, args, sizeof n);
	n *= 2;
	return forkpool_reply(context, &n, sizeof n);
}

START_TEST(doubles)
{
	struct forkpool *pool = support_open(NULL);
	int sum = 0;

	for (int i = 0; i < 10; i++)
		(void)support_submit(pool, twice, &i, sizeof i);
	for (int i = 0; i < 10; i++) {
		const struct forkpool_result *result = support_wait(pool);
		int value;
		ck_assert_msg(result->outcome == FORKPOOL_OK, "%s: %s",
		    forkpool_outcome_name(result->outcome), result->message);
		ck_assert_uint_eq(result->value_len, sizeof value);
		memcpy(&value, result->value, sizeof value);
		sum += value;
	}
	ck_assert_int_eq(sum, 90);
	ck_assert_uint_eq(forkpool_pending(pool), 0);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("smoke");
	TCase *tc = support_case("smoke", 20);

	tcase_add_test(tc, doubles);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * More workers than processors: with short jobs only some workers read, and the others must join in
 * later.
 */
#include "config.h"
#include "tests/support/support.h"

#include <poll.h>
#include <string.h>

#define WORKERS 40u

/* Waits until so many of these jobs run at a time, each in a worker of its own. */
static int
meets_the_others(struct forkpool_context *context, const void *args, size_t args_len)
{
	_Atomic uint32_t *here;

	(void)context;
	memcpy(&here, args, args_len);
	support_post(here);
	support_await(here, WORKERS);
	return 0;
}

/* _i: 0 the caller waits in the library, 1 it is elsewhere until some jobs have started. */
START_TEST(all_workers_join_in_when_jobs_become_long)
{
	struct forkpool_options options = support_options(WORKERS);
	_Atomic uint32_t *here = support_shared(sizeof *here);
	struct forkpool *pool = support_open(&options);

	for (int i = 0; i < (support_own_process() ? 500 : 20000); i++) {
		struct forkpool_job job = { .fn = support_job_nothing };
		while (forkpool_submit(pool, &job, NULL) == 0)
			ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
	}
	while (forkpool_pending(pool) > 0)
		ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
	for (unsigned i = 0; i < WORKERS; i++)
		(void)support_submit(pool, meets_the_others, &here, sizeof here);
	(void)forkpool_pollfds(pool, NULL, 0); /* sends all jobs */
	if (_i == 1) {
		/*
		 * Jobs that share a packet wait for the caller, who distributes them again.  But
		 * more packets are started without the caller than there are workers that read.
		 */
		support_await(here, 6);
	}
	for (unsigned i = 0; i < WORKERS; i++) {
		const struct forkpool_result *result = support_wait(pool);
		ck_assert_msg(result->outcome == FORKPOOL_OK, "%s", result->message);
		ck_assert_uint_eq(result->attempts, 1);
	}
	ck_assert_uint_eq(*here, WORKERS);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("many workers");
	TCase *tc = support_case("many workers", 15);

	tcase_add_loop_test(tc, all_workers_join_in_when_jobs_become_long, 0, 2);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The watch for damaged claims: an end that the caller has not read yet is no damage. */
#include "config.h"
#include "tests/support/support.h"

#include <poll.h>
#include <signal.h>
#include <string.h>

#include "lib/dispatch/damage_watch.h"
#include "lib/pool/pool.h"

#define LOOKS_APART (3 * CLOCK_S)

/* The worker of the one job, once it runs. */
static pid_t
worker_of_run(struct forkpool *pool)
{
	struct forkpool_worker_info info;

	do {
		ck_assert_int_ge(poll(NULL, 0, 1), 0);
		ck_assert_int_eq(forkpool_worker_info(pool, 0, &info), 0);
	} while (!info.busy);
	return info.pid;
}

/* Wait until the worker's obituary is there, and the slot has its next process. */
static void
obituary_await(struct forkpool *pool)
{
	struct control_slot *slot = &pool->d.control->slot[0];

	while (!atomic_load(&slot->obituary[0].full) && !atomic_load(&slot->obituary[1].full))
		ck_assert_int_ge(poll(NULL, 0, 1), 0);
	while (!atomic_load(&slot->pid))
		ck_assert_int_ge(poll(NULL, 0, 1), 0);
}

START_TEST(an_end_that_is_not_read_yet)
{
	struct forkpool_options options = support_options(1);
	struct forkpool *pool = support_open(&options);

	(void)support_submit(pool, support_job_hangs, NULL, 0);
	const struct forkpool_result *result;
	ck_assert_int_eq(forkpool_next(pool, &result), 0); /* it is offered */
	pid_t worker = worker_of_run(pool);
	int64_t now = clock_after(clock_now(), LOOKS_APART);
	damage_look(&pool->d, now);
	ck_assert_int_eq(kill(worker, SIGKILL), 0);
	obituary_await(pool);
	/* The caller was elsewhere for so long. */
	damage_look(&pool->d, clock_after(now, LOOKS_APART));
	result = support_wait(pool);
	ck_assert_msg(strstr(result->message, "written over") == NULL, "%s", result->message);
	ck_assert_int_eq(result->outcome, support_own_process() ? FORKPOOL_LOST : FORKPOOL_CRASHED);
	ck_assert_int_eq(result->signal, support_own_process() ? 0 : SIGKILL);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("damage_watch");
	TCase *tc = support_case("damage_watch", 30);

	tcase_add_test(tc, an_end_that_is_not_read_yet);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

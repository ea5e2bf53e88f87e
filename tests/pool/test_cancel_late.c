/* SPDX-License-Identifier: BSD-2-Clause */
/* A run ends by itself just before it is killed: the next job in that worker is not hit. */
#include "config.h"
#include "tests/support/support.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/types.h>

/* Visible: see tests/support/dying.c. */
#pragma GCC visibility push(default)
int __real_kill(pid_t, int);
int __wrap_kill(pid_t, int);
#pragma GCC visibility pop

/* What the test, its jobs and the supervisor share. */
static struct board {
	struct support_gate gate; /* of support_job_waits() */
	_Atomic uint32_t armed, next, struck, end;
} *board;

static void
board_begin(void)
{
	board = support_shared(sizeof *board);
	support_gate_use(&board->gate);
}

/* The supervisor has checked and kills: by now the worker is at its next job. */
int
__wrap_kill(pid_t pid, int signo)
{
	uint32_t armed = 1;

	if (board == NULL || (signo != SIGSTOP && signo != SIGKILL) ||
	    !atomic_compare_exchange_strong(&board->armed, &armed, 0))
		return __real_kill(pid, signo);
	support_post(&board->gate.go);
	support_await(&board->next, 1);
	int r = __real_kill(pid, signo);
	support_post(&board->struck);
	return r;
}

static int
to_be_killed(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)signal(SIGTERM, SIG_IGN);
	return support_job_waits(context, args, args_len);
}

static int
to_be_spared(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)args;
	(void)args_len;
	support_post(&board->next);
	support_await(&board->end, 1);
	return 0;
}

/* _i: 0 killed at once, 1 after a grace. */
START_TEST(the_next_job_is_spared)
{
	struct forkpool_options options = support_options(1);

	options.grace_ns = 1000000;
	options.max_attempts = 2;
	struct forkpool *pool = support_open(&options);
	uint64_t first = support_submit(pool, to_be_killed, NULL, 0),
		 second = support_submit(pool, to_be_spared, NULL, 0);
	support_await(&board->gate.started, 1);
	atomic_store(&board->armed, 1);
	enum forkpool_cancel what = _i ? FORKPOOL_CANCEL_RUNNING : FORKPOOL_CANCEL_KILL;
	ck_assert_int_eq(forkpool_cancel_job(pool, first, what), 1);
	while (atomic_load(&board->struck) == 0) {
		const struct forkpool_result *result = NULL;
		ck_assert_int_ge(forkpool_wait(pool, &result, 1), 0);
		if (result == NULL)
			continue;
		ck_assert_uint_eq(result->seq, first);
		ck_assert_int_eq(result->outcome, FORKPOOL_CANCELLED);
		first = 0;
	}
	support_post(&board->end);
	for (int i = first == 0; i < 2; i++) {
		const struct forkpool_result *result = support_wait(pool);
		ck_assert_int_eq(result->outcome,
		    result->seq == second ? FORKPOOL_OK : FORKPOOL_CANCELLED);
		ck_assert_uint_eq(result->attempts, 1);
	}
	ck_assert_uint_eq(atomic_load(&board->next), 1);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("cancel too late");
	TCase *tc = support_case("late", 30);

	tcase_add_checked_fixture(tc, board_begin, NULL);
	tcase_add_loop_test(tc, the_next_job_is_spared, 0, 2);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jobs that make it hard to suspend a pool: they have stopped themselves, or run away.
 */
#include "config.h"
#include "tests/support/support.h"

#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How long is watched whether something moves that must not. */
#define WATCH_MS 30

static struct board {
	_Atomic uint32_t started;
	_Atomic uint32_t stays;     /* raised when what stopped itself goes on */
	_Atomic uint32_t ticks;
} *board;

static void
begin(void)
{
	board = support_shared(sizeof *board);
}

static int
stops_itself(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)args;
	(void)args_len;
	support_post(&board->started);
	(void)raise(SIGSTOP);
	support_post(&board->stays);
	return 0;
}

/* Whether the process, or a child of its, is stopped. */
static int
is_stopped(pid_t pid)
{
	char path[64], text[256] = "";
	int stopped = support_state(pid) == 'T';

	(void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
	FILE *children = fopen(path, "re");
	ck_assert_ptr_nonnull(children);
	(void)fgets(text, sizeof text, children);
	(void)fclose(children);
	char *rest = text;
	for (char *one; (one = strtok_r(rest, " ", &rest)) != NULL;)
		stopped |= support_state((pid_t)strtol(one, NULL, 10)) == 'T';
	return stopped;
}

START_TEST(what_stopped_itself_stays_so)
{
	struct forkpool_options options = support_options(1);
	struct forkpool_worker_info info;

	struct forkpool *pool = support_open(&options);
	(void)support_submit(pool, stops_itself, NULL, 0);
	ck_assert_int_eq(forkpool_dispatch(pool, NULL, 0), 0);
	support_await(&board->started, 1);
	ck_assert_int_eq(forkpool_worker_info(pool, 0, &info), 0);
	while (!is_stopped(info.pid))
		(void)poll(NULL, 0, 1);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(forkpool_suspend(pool), 0);
		ck_assert_int_eq(forkpool_resume(pool), 0);
		(void)poll(NULL, 0, WATCH_MS);
		ck_assert(is_stopped(info.pid));
		ck_assert_uint_eq(atomic_load(&board->stays), 0);
	}
	/* It does not keep the run from being ended, in a suspended pool or not. */
	ck_assert_int_eq(forkpool_suspend(pool), 0);
	ck_assert_int_eq(forkpool_cancel(pool, FORKPOOL_CANCEL_RUNNING), 1);
	ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_CANCELLED);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* So many, and not without end: other programs need processes too. */
#define GENERATIONS 1500u

/* Forks again and again, each generation in a session of its own.  Where that cannot be stopped,
   its time is not to be stopped either. */
static int
runs_away(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)args;
	(void)args_len;
	if (fork() == 0)
		for (unsigned n = 0; n < GENERATIONS; n++) {
			support_post(&board->ticks);
			if (fork() != 0)
				_exit(0);
			(void)setsid();
		}
	for (;;)
		(void)pause();
}

START_TEST(job_that_runs_away_gains_no_time)
{
	struct forkpool_options options = support_options(1);
	struct forkpool_job job = { .fn = runs_away, .timeout_ns = 2000000000 };

	if (!support_own_process() || support_sandboxed())
		return; /* at WORKER nobody keeps such a job, and a sandbox denies fork() */
	struct forkpool *pool = support_open(&options);
	ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
	ck_assert_int_eq(forkpool_dispatch(pool, NULL, 0), 0);
	support_await(&board->ticks, 10);
	ck_assert_int_eq(forkpool_suspend(pool), 0);
	const uint32_t before = atomic_load(&board->ticks);
	(void)poll(NULL, 0, WATCH_MS);
	if (atomic_load(&board->ticks) == before)
		ck_assert_int_eq(forkpool_resume(pool), 0);
	ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_TIMED_OUT);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("suspend_jobs");
	TCase *tc = support_case("suspend_jobs", 30);

	tcase_add_checked_fixture(tc, begin, NULL);
	tcase_add_test(tc, what_stopped_itself_stays_so);
	tcase_add_test(tc, job_that_runs_away_gains_no_time);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* A loop that waits for forkpool_fd() alone gets every result, whatever dies. */
#include "config.h"
#include "tests/support/support.h"
#include "tests/support/turns.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/epoll.h>
#endif

#include "lib/os/clock.h"

/* ------------------------------------------------------------------------------- each result */

/* _i: how many are submitted at a time; 0: until the queue is full. */
START_TEST(every_result_comes)
{
	struct forkpool_options options = support_options(2);

	options.queue_limit = 40;
	struct forkpool *pool = support_open(&options);
	while (turns_tally.submitted < 400) {
		for (int i = 0; (_i == 0 || i < _i) && turns_submit(pool, REPLY) == 1; i++)
			continue;
		if (_i != 0)
			turns_take_all(pool);
		else
			turns_take(pool);
	}
	turns_take_all(pool);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(crashes_hangs_and_retries_come)
{
	struct forkpool *pool = support_open(NULL);

	for (int round = 0; round < 4; round++) {
		for (int i = 0; i < 60; i++)
			(void)turns_submit(pool, i % 20 == 7 ? CRASH : i % 20 == 13 ? CRASH_TWICE :
				    i == 31 ? HANG : REPLY);
		turns_take_all(pool);
	}
	for (int i = 0; i < 8; i++) { /* alone, with nothing else to wake the loop */
		(void)turns_submit(pool, (enum deed)(i % 4));
		turns_take_all(pool);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* The loop goes back to sleep after each result that it takes. */
START_TEST(one_result_a_turn_is_enough)
{
	struct forkpool *pool = support_open(NULL);
	const struct forkpool_result *result;

	for (int i = 0; i < 200; i++)
		(void)turns_submit(pool, i % 50 == 7 ? CRASH : REPLY);
	while (turns_tally.taken < turns_tally.submitted) {
		turns_await(pool);
		ck_assert_int_ge(forkpool_dispatch(pool, NULL, 0), 0);
		if (forkpool_next(pool, &result) == 1)
			turns_check(result);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static int
generate(struct forkpool_job *job, void *arg)
{
	uint32_t *left = arg;
	static struct work w;

	if (*left == 0)
		return 0;
	(*left)--;
	w = (struct work){ .number = turns_tally.submitted++, .deed = REPLY };
	job->fn = turns_work;
	job->args = &w;
	job->args_len = sizeof w;
	return 1;
}

static int
consume(const struct forkpool_result *result, void *arg)
{
	(void)arg;
	turns_check(result);
	return 0;
}

START_TEST(other_ways_to_wait_can_be_mixed_in)
{
	struct forkpool *pool = support_open(NULL);

	ck_assert_int_ge(forkpool_fd(pool), 0);
	for (uint32_t round = 0; round < support_times(50); round++) {
		uint32_t more = 20;
		for (int i = 0; i < 30; i++)
			(void)turns_submit(pool, REPLY);
		/* Most results are there when one is taken: the others are told of as well. */
		while (round % 2 == 0 && atomic_load(&turns_board->runs) < turns_tally.submitted)
			ck_assert_int_ge(forkpool_dispatch(pool, NULL, 0), 0);
		for (int i = 0; i < 3; i++)
			turns_check(support_wait(pool));
		for (int i = 0; i < 30; i++)
			(void)turns_submit(pool, REPLY);
		turns_check(support_wait(pool));
		turns_take_all(pool);
		ck_assert_int_eq(forkpool_run(pool, generate, &more, consume, NULL), 0);
		ck_assert_uint_eq(turns_tally.taken, turns_tally.submitted);
	}
	turns_settle(pool);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

#ifdef __linux__
/* In a set of the caller's own, which tells of changes alone.  _i: workers; more than are asked
   for at a time. */
START_TEST(edges_are_enough)
{
	struct forkpool_options options = support_options((unsigned)_i);
	struct forkpool *pool = support_open(&options);
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int set = epoll_create1(EPOLL_CLOEXEC);

	ck_assert_int_eq(epoll_ctl(set, EPOLL_CTL_ADD, forkpool_fd(pool), &event), 0);
	for (unsigned round = 0; round < support_times(20); round++) {
		for (int i = 0; i < 150; i++)
			(void)turns_submit(pool, i == 7 && round % 5 == 0 ? CRASH : REPLY);
		while (turns_tally.taken < turns_tally.submitted) {
			ck_assert_int_eq(epoll_wait(set, &event, 1, -1), 1);
			turns_dispatch(pool);
		}
		ck_assert_int_eq(forkpool_wakeup(pool), 0);
		ck_assert_int_eq(epoll_wait(set, &event, 1, -1), 1);
		turns_dispatch(pool);
	}
	(void)close(set);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST
#endif

/* -------------------------------------------------------------------------------- supervisor */

/* Leave a process behind that keeps this one's descriptors, and hang. */
static int
leaves_one_behind(struct forkpool_context *context, const void *args, size_t args_len)
{
	int which = *(const int *)args;
	pid_t pid = support_level() == FORKPOOL_ISOLATE_WORKER ? fork() : -1;

	if (pid == 0) {
		(void)setsid();
		atomic_store(&turns_board->stayer[which].pid, (int32_t)getpid());
		support_post(&turns_board->gate.started);
		support_await(&turns_board->stayer[which].go, 1);
		_exit(0);
	}
	if (pid == -1)
		support_post(&turns_board->gate.started);
	return support_job_hangs(context, args, args_len);
}

/* Take turns until all jobs are lost. */
static void
lost_come(struct forkpool *pool, int jobs)
{
	const struct forkpool_result *result;

	for (uint32_t turns = 1; jobs > 0; turns++) {
		turns_await(pool);
		ck_assert_int_ge(forkpool_dispatch(pool, NULL, 0), 0);
		for (; forkpool_next(pool, &result) == 1; jobs--)
			ck_assert_int_eq(result->outcome, FORKPOOL_LOST);
		if (turns == 5)
			support_post(&turns_board->stayer[0].go);
	}
}

/*
 * A child of the caller's has copies of all descriptors, so that none that the pool closes is gone.
 * The results pipes of both workers stay open when these are dead, since processes that jobs have
 * left have them.  One is closed while the pool waits for the other.
 */
START_TEST(supervisor_is_killed_beside_a_child_with_copies)
{
	struct forkpool *pool = support_open(NULL);
	pid_t supervisor = support_supervisor(pool), child;

	ck_assert_int_ge(forkpool_fd(pool), 0);
	for (int i = 0; i < 2; i++)
		(void)support_submit(pool, leaves_one_behind, &i, sizeof i);
	while (atomic_load(&turns_board->gate.started) < 2)
		ck_assert_int_ge(forkpool_dispatch(pool, NULL, 0), 0);
	turns_settle(pool);
	child = fork();
	ck_assert_int_ne(child, -1);
	if (child == 0)
		support_wait_for_sigkill();
	ck_assert_int_eq(kill(supervisor, SIGKILL), 0);
	uint32_t before = turns_tally.turns;
	int64_t began = clock_now();
	lost_come(pool, 2);
	/* In steps of 5 ms, however long it took: no loop that spins. */
	ck_assert_int_lt(turns_tally.turns - before, 50 + (clock_now() - began) / (4 * CLOCK_MS));
	turns_tally.submitted = turns_tally.taken = 2;
	for (int i = 0; i < 50; i++)
		(void)turns_submit(pool, i == 30 ? CRASH : REPLY);
	turns_take_all(pool);
	turns_settle(pool);
	for (int i = 0; i < 2; i++) {
		pid_t pid = (pid_t)atomic_load(&turns_board->stayer[i].pid);
		support_post(&turns_board->stayer[i].go);
		if (pid != 0)
			ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
}
END_TEST

/* Jobs run and wait when it is killed, again and again. */
START_TEST(supervisors_are_killed_under_load)
{
	struct forkpool_options options = support_options(4);
	struct forkpool *pool = support_open(&options);
	const struct forkpool_result *result;
	uint32_t taken = 0, lost = 0;

	for (unsigned kills = 1; kills <= 3; kills++) {
		for (int i = 0; i < 300; i++)
			(void)turns_submit(pool, REPLY);
		while (taken < turns_tally.submitted) {
			turns_await(pool);
			ck_assert_int_ge(forkpool_dispatch(pool, NULL, 0), 0);
			while (forkpool_next(pool, &result) == 1) {
				ck_assert(result->outcome == FORKPOOL_OK ||
				    result->outcome == FORKPOOL_LOST);
				lost += result->outcome == FORKPOOL_LOST;
				if (++taken == kills * 300 - 200)
					(void)kill(support_supervisor(pool), SIGKILL);
			}
		}
		ck_assert_uint_le(lost, 4 * kills); /* those that ran */
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

int
main(void)
{
	static const int at_a_time[] = { 1, 7, 39, 0 };
	Suite *suite = suite_create("loop_fd");
	TCase *results = support_case("results", 60), *supervisor = support_case("supervisor", 60);

	tcase_add_checked_fixture(results, turns_begin, NULL);
	tcase_add_checked_fixture(supervisor, turns_begin, NULL);
	for (size_t i = 0; i < sizeof at_a_time / sizeof at_a_time[0]; i++)
		tcase_add_loop_test(results, every_result_comes, at_a_time[i], at_a_time[i] + 1);
	tcase_add_test(results, crashes_hangs_and_retries_come);
	tcase_add_test(results, one_result_a_turn_is_enough);
	tcase_add_test(results, other_ways_to_wait_can_be_mixed_in);
#ifdef __linux__
	tcase_add_loop_test(results, edges_are_enough, 2, 3);
	tcase_add_loop_test(results, edges_are_enough, 100, 101);
#endif
	tcase_add_test(supervisor, supervisor_is_killed_beside_a_child_with_copies);
	tcase_add_test(supervisor, supervisors_are_killed_under_load);
	suite_add_tcase(suite, results);
	suite_add_tcase(suite, supervisor);
	return support_run(suite);
}

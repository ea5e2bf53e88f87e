/* SPDX-License-Identifier: BSD-2-Clause */
/* forkpool_fd() tells of what is no result as well, and of nothing else; and whose it is. */
#include "config.h"
#include "tests/support/support.h"
#include "tests/support/turns.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/os/clock.h"

/* ---------------------------------------------------------- without results, and other events */

/* Of two pools one works: the other one's descriptor tells nothing in all that time, but for a
   worker that is started or a last look. */
START_TEST(idle_pool_is_silent)
{
	struct forkpool *busy = support_open(NULL), *pool = support_open(NULL);
	struct turns_tally of_pool;

	for (int waiting = 0; waiting < 2; waiting++) {
		struct pollfd fds[2] = { { .fd = forkpool_fd(busy), .events = POLLIN },
			{ .fd = forkpool_fd(pool), .events = POLLIN } };
		unsigned told = 0;
		int64_t began;
		turns_tally = (struct turns_tally){ 0 };
		if (waiting) { /* for a job that runs: a look a second */
			(void)support_submit(pool, support_job_waits, NULL, 0);
			turns_settle(pool);
			support_await(&turns_board->gate.started, 1);
		} else {
			for (int i = 0; i < 20; i++)
				(void)turns_submit(pool, i == 7 ? CRASH : REPLY);
			turns_take_all(pool);
		}
		turns_settle(pool);
		of_pool = turns_tally;
		began = clock_now();
		turns_tally = (struct turns_tally){ 0 };
		for (int i = 0; i < 300; i++) {
			ck_assert_uint_eq(support_submit(busy, support_job_nothing, NULL, 0),
			    (uint64_t)(300 * waiting + i + 1));
			while (forkpool_pending(busy) > 0) {
				const struct forkpool_result *result;
				ck_assert_int_ge(poll(fds, 2, -1), 1);
				if (fds[1].revents != 0) {
					told++;
					turns_dispatch(pool);
				}
				ck_assert_int_ge(forkpool_dispatch(busy, NULL, 0), 0);
				while (forkpool_next(busy, &result) == 1)
					continue;
			}
		}
		/* However long the others take on a busy machine: so many a second. */
		int64_t seconds = (clock_now() - began) / CLOCK_S;
		ck_assert_msg(told <= (waiting ? 30 + 2 * seconds : 3), "%u turns in %d s", told,
		    (int)seconds);
		turns_tally = of_pool;
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
	ck_assert_int_eq(forkpool_close(busy), 0);
}
END_TEST

static void *
wake(void *pool)
{
	ck_assert_int_eq(forkpool_wakeup(pool), 0);
	return NULL;
}

START_TEST(wakeups_are_told)
{
	struct forkpool *pool = support_open(NULL);
	struct pollfd none = { .fd = -1, .revents = POLLIN };

	turns_settle(pool);
	for (int i = 0; i < 100; i++) {
		pthread_t thread;
		ck_assert_int_eq(pthread_create(&thread, NULL, wake, pool), 0);
		turns_await(pool);
		ck_assert_int_eq(pthread_join(thread, NULL), 0);
		for (int j = 0; j < 3; j++) { /* more often than there is something to do */
			ck_assert_int_eq(forkpool_dispatch(pool, NULL, 0), 0);
			ck_assert_int_eq(forkpool_dispatch(pool, &none, 1), 0);
		}
		ck_assert_int_eq(turns_readable(pool), 0);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static void
cancelled_come(struct forkpool *pool, unsigned jobs)
{
	const struct forkpool_result *result;

	while (jobs > 0) {
		turns_await(pool);
		ck_assert_int_ge(forkpool_dispatch(pool, NULL, 0), 0);
		while (forkpool_next(pool, &result) == 1) {
			ck_assert_int_eq(result->outcome, FORKPOOL_CANCELLED);
			jobs--;
		}
	}
}

START_TEST(cancelling_and_the_deadline_are_told)
{
	struct forkpool *pool = support_open(NULL);
	uint64_t seq[6];

	for (int round = 0; round < 4; round++) {
		atomic_store(&turns_board->gate.started, 0);
		for (int i = 0; i < 6; i++)
			seq[i] = support_submit(pool, support_job_waits, NULL, 0);
		while (atomic_load(&turns_board->gate.started) < 2)
			turns_take(pool);
		if (round == 0) { /* two run, the others are queued */
			for (int i = 5; i >= 0; i--) {
				ck_assert_int_eq(forkpool_cancel_job(pool, seq[i],
				    FORKPOOL_CANCEL_RUNNING), 1);
				cancelled_come(pool, 1);
			}
		} else if (round == 1) {
			ck_assert_int_eq(forkpool_cancel(pool, FORKPOOL_CANCEL_QUEUED), 1);
			cancelled_come(pool, 4);
			ck_assert_int_eq(forkpool_cancel(pool, FORKPOOL_CANCEL_KILL), 1);
			cancelled_come(pool, 2);
		} else {
			ck_assert_int_eq(forkpool_set_deadline(pool, round == 2 ? 0 : 20000000), 0);
			cancelled_come(pool, 6);
			ck_assert_int_eq(forkpool_set_deadline(pool, -1), 0);
		}
		turns_settle(pool);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(resizing_is_told)
{
	static const unsigned sizes[] = { 5, 1, 80, 2, 3 };
	struct forkpool *pool = support_open(NULL);

	ck_assert_int_ge(forkpool_fd(pool), 0);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		const struct forkpool_result *result;
		ck_assert_int_eq(forkpool_resize(pool, sizes[i]), 0);
		atomic_store(&turns_board->gate.started, 0);
		atomic_store(&turns_board->gate.go, 0);
		for (unsigned j = 0; j < sizes[i]; j++)
			(void)support_submit(pool, support_job_waits, NULL, 0);
		while (atomic_load(&turns_board->gate.started) < sizes[i])
			turns_take(pool);
		support_post(&turns_board->gate.go);
		for (unsigned taken = 0; taken < sizes[i];) {
			turns_await(pool);
			ck_assert_int_ge(forkpool_dispatch(pool, NULL, 0), 0);
			for (; forkpool_next(pool, &result) == 1; taken++)
				ck_assert_int_eq(result->outcome, FORKPOOL_OK);
		}
		turns_tally.submitted = turns_tally.taken += sizes[i];
		(void)turns_submit(pool, CRASH);
		(void)turns_submit(pool, REPLY);
		turns_take_all(pool);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* Before the supervisor has done anything, and where it has nothing to do. */
START_TEST(resizing_alone_is_told)
{
	struct forkpool *pool = support_open(NULL);

	turns_settle(pool);
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(turns_readable(pool), 0);
		ck_assert_int_eq(forkpool_resize(pool, 2), 0);
		turns_take(pool);
		turns_settle(pool);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* ---------------------------------------------------------------------------- the descriptor */

START_TEST(it_is_one_and_the_pools_own)
{
	struct forkpool *pool = support_open(NULL);
	int fd = forkpool_fd(pool), status;

	ck_assert_int_gt(fd, 2);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	for (int i = 0; i < 20; i++) {
		(void)turns_submit(pool, i == 10 ? CRASH : REPLY);
		turns_take_all(pool);
		ck_assert_int_eq(forkpool_fd(pool), fd);
	}
	pid_t child = fork();
	if (child == 0)
		_exit(forkpool_fd(pool) == -1 && errno == ECHILD ? 0 : 1);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	errno = 0;
	ck_assert_int_eq(forkpool_fd(NULL), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(forkpool_close(pool), 0);
	ck_assert(!support_fd_is_open(fd));
}
END_TEST

START_TEST(it_can_be_had_when_there_is_room_for_it)
{
	struct forkpool *pool = support_open(NULL);
	struct rlimit limit;
	int taken[256], n = 0;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = 256;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	while ((taken[n] = dup(0)) != -1)
		n++;
	for (int room = 0;; room++) {
		errno = 0;
		if (forkpool_fd(pool) != -1)
			break;
		ck_assert_int_eq(errno, EMFILE);
		ck_assert_int_lt(room, 4);
		(void)turns_submit(pool, REPLY);
		turns_check(support_wait(pool));
		(void)close(taken[--n]);
	}
	for (int i = 0; i < 30; i++)
		(void)turns_submit(pool, i == 20 ? CRASH : REPLY);
	turns_take_all(pool);
	while (n > 0)
		(void)close(taken[--n]);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("loop_fd_events");
	TCase *events = support_case("events", 60), *fd = support_case("fd", 30);

	tcase_add_checked_fixture(events, turns_begin, NULL);
	tcase_add_checked_fixture(fd, turns_begin, NULL);
	tcase_add_test(events, idle_pool_is_silent);
	tcase_add_test(events, wakeups_are_told);
	tcase_add_test(events, cancelling_and_the_deadline_are_told);
	tcase_add_test(events, resizing_is_told);
	tcase_add_test(events, resizing_alone_is_told);
	tcase_add_test(fd, it_is_one_and_the_pools_own);
	tcase_add_test(fd, it_can_be_had_when_there_is_room_for_it);
	suite_add_tcase(suite, events);
	suite_add_tcase(suite, fd);
	return support_run(suite);
}

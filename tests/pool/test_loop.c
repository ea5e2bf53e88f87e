/* SPDX-License-Identifier: BSD-2-Clause */
/* The caller's own event loop, wakeups, resizing, and what the pool reports about itself. */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define FDS 64

/* What the test and its jobs share. */
static struct board {
	struct support_gate gate; /* for support_job_waits() too */
	_Atomic uint32_t step;
} *board;

static void
board_begin(void)
{
	board = support_shared(sizeof *board);
	support_gate_use(&board->gate);
}

static int
crash_or_not(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)args;
	(void)args_len;
	if (forkpool_job_seq(context) % 20 == 7)
		(void)raise(SIGKILL);
	return 0;
}

/* One turn of a caller's loop: wait as told, dispatch, take the results; how many they are. */
static int
turn(struct forkpool *pool, unsigned *crashed)
{
	struct pollfd fds[FDS];
	const struct forkpool_result *result;
	size_t n = forkpool_pollfds(pool, fds, FDS);
	int taken = 0, r;

	ck_assert_uint_le(n, FDS);
	ck_assert_int_ge(poll(fds, (nfds_t)n, forkpool_timeout(pool)), 0);
	ck_assert_int_ge(forkpool_dispatch(pool, fds, n), 0);
	while ((r = forkpool_next(pool, &result)) == 1) {
		ck_assert_int_eq(result->outcome,
		    result->seq % 20 == 7 ? FORKPOOL_CRASHED : FORKPOOL_OK);
		*crashed += result->outcome == FORKPOOL_CRASHED;
		taken++;
	}
	ck_assert_int_eq(r, 0);
	return taken;
}

/* _i: in order or not. */
START_TEST(callers_loop_gets_every_result)
{
	struct forkpool_options options = support_options(2);
	unsigned crashed = 0;
	int taken = 0;

	options.ordered = _i;
	struct forkpool *pool = support_open(&options);
	for (int i = 0; i < 200; i++)
		(void)support_submit(pool, crash_or_not, NULL, 0);
	while (taken < 200)
		taken += turn(pool, &crashed);
	ck_assert_int_eq(taken, 200);
	ck_assert_uint_eq(crashed, 10);
	ck_assert_uint_eq(forkpool_pending(pool), 0);
	ck_assert_int_eq(forkpool_timeout(pool), -1); /* nothing to wait for */
	/* One job at a time: the loop sleeps between them. */
	for (int i = 0; i < 60; i++) {
		(void)support_submit(pool, crash_or_not, NULL, 0);
		for (taken = 0; taken == 0;)
			taken = turn(pool, &crashed);
	}
	ck_assert_uint_eq(crashed, 13);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(pollfds_tells_how_many_and_fills_what_fits)
{
	struct forkpool *pool = support_open(NULL);
	struct pollfd fds[FDS];
	size_t n = forkpool_pollfds(pool, NULL, 0);

	ck_assert_uint_ge(n, 2);
	ck_assert_uint_le(n, FDS);
	for (size_t capacity = 0; capacity <= n + 1; capacity++) {
		memset(fds, 0x55, sizeof fds);
		ck_assert_uint_eq(forkpool_pollfds(pool, fds, capacity), n);
		for (size_t i = 0; i < FDS; i++)
			ck_assert_int_eq(fds[i].fd == 0x55555555,
			    i >= (capacity < n ? capacity : n));
	}
	ck_assert_int_eq(forkpool_resize(pool, 5), 0);
	ck_assert_uint_gt(forkpool_pollfds(pool, NULL, 0), n);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(spurious_dispatch_is_harmless)
{
	struct forkpool *pool = support_open(NULL);
	const struct forkpool_result *result;
	struct pollfd fds[FDS];
	size_t n = forkpool_pollfds(pool, fds, FDS);

	/* All events of all descriptors, none of which has happened. */
	for (size_t i = 0; i < n; i++)
		fds[i].revents = POLLIN | POLLOUT | POLLHUP | POLLERR;
	for (int i = 0; i < 50; i++) {
		ck_assert_int_eq(forkpool_dispatch(pool, NULL, 0), 0);
		ck_assert_int_eq(forkpool_dispatch(pool, fds, n), 0);
		ck_assert_int_eq(forkpool_next(pool, &result), 0);
	}
	/* The caller's own order, and descriptors that do not belong to the pool. */
	struct pollfd mixed[FDS];
	for (size_t i = 0; i < n; i++)
		mixed[i] = fds[n - 1 - i];
	mixed[n] = (struct pollfd){ .fd = -1, .revents = POLLIN };
	mixed[n + 1] = (struct pollfd){ .fd = INT_MAX, .revents = POLLNVAL };
	(void)support_submit(pool, support_job_waits, NULL, 0);
	for (int i = 0; i < 50; i++)
		ck_assert_int_eq(forkpool_dispatch(pool, mixed, n + 2), 0);
	support_post(&board->gate.go);
	while (forkpool_dispatch(pool, mixed, n + 2) == 0)
		continue;
	/* forkpool_dispatch() says that there is a result, and takes none. */
	ck_assert_int_eq(forkpool_dispatch(pool, NULL, 0), 1);
	ck_assert_int_eq(forkpool_timeout(pool), 0);
	ck_assert_int_eq(forkpool_next(pool, &result), 1);
	ck_assert_int_eq(result->outcome, FORKPOOL_OK);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(pool_deadline_wakes_the_callers_loop)
{
	struct forkpool *pool = support_open(NULL);
	const struct forkpool_result *result;
	struct pollfd fds[FDS];

	(void)support_submit(pool, support_job_waits, NULL, 0);
	support_await(&board->gate.started, 1);
	ck_assert_int_eq(forkpool_set_deadline(pool, 20000000), 0);
	ck_assert_int_ge(forkpool_timeout(pool), 0);
	ck_assert_int_le(forkpool_timeout(pool), 20);
	while (forkpool_next(pool, &result) == 0) {
		size_t n = forkpool_pollfds(pool, fds, FDS);
		ck_assert_int_ge(poll(fds, (nfds_t)n, forkpool_timeout(pool)), 0);
		ck_assert_int_ge(forkpool_dispatch(pool, fds, n), 0);
	}
	ck_assert_int_eq(result->outcome, FORKPOOL_CANCELLED);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static void *
wake(void *pool)
{
	support_await(&board->gate.started, 1);
	ck_assert_int_eq(forkpool_wakeup(pool), 0);
	return NULL;
}

START_TEST(wakeup_from_a_thread_ends_a_wait)
{
	struct forkpool *pool = support_open(NULL);
	const struct forkpool_result *result;
	pthread_t thread;

	(void)support_submit(pool, support_job_waits, NULL, 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, wake, pool), 0);
	ck_assert_int_eq(forkpool_wait(pool, &result, -1), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	/* A wakeup ends one wait: the next one waits for the result. */
	support_post(&board->gate.go);
	ck_assert_int_eq(forkpool_wait(pool, &result, -1), 1);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static struct forkpool *woken_pool;

static void
on_alarm(int signo)
{
	(void)signo;
	errno = EDOM;
	if (forkpool_wakeup(woken_pool) == -1 || errno != EDOM)
		abort();
}

START_TEST(wakeup_from_a_signal_handler_ends_a_wait)
{
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	struct itimerval soon = { .it_value = { .tv_usec = 20000 } };
	const struct forkpool_result *result;

	woken_pool = support_open(NULL);
	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	(void)support_submit(woken_pool, support_job_waits, NULL, 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &soon, NULL), 0);
	ck_assert_int_eq(forkpool_wait(woken_pool, &result, -1), 0);
	support_post(&board->gate.go);
	ck_assert_int_eq(forkpool_wait(woken_pool, &result, -1), 1);
	ck_assert_int_eq(forkpool_close(woken_pool), 0);
}
END_TEST

START_TEST(wakeup_before_the_wait_is_not_lost)
{
	struct forkpool *pool = support_open(NULL);
	const struct forkpool_result *result;

	(void)support_submit(pool, support_job_waits, NULL, 0);
	support_await(&board->gate.started, 1);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < (round == 2 ? 200000 : 1); i++) /* more than a pipe holds */
			ck_assert_int_eq(forkpool_wakeup(pool), 0);
		if (round == 1)
			ck_assert_int_eq(forkpool_next(pool, &result), 0); /* ignores it */
		ck_assert_int_eq(forkpool_wait(pool, &result, -1), 0);
	}
	/* However many wakeups there were, they end one wait. */
	support_post(&board->gate.go);
	ck_assert_int_eq(forkpool_wait(pool, &result, -1), 1);
	/* A wakeup ends the poll() of the caller's own loop. */
	struct pollfd fds[FDS];
	size_t n = forkpool_pollfds(pool, fds, FDS);
	ck_assert_int_eq(forkpool_wakeup(pool), 0);
	ck_assert_int_gt(poll(fds, (nfds_t)n, -1), 0);
	ck_assert_int_ge(forkpool_dispatch(pool, fds, n), 0);
	n = forkpool_pollfds(pool, fds, FDS);
	ck_assert_int_eq(poll(fds, (nfds_t)n, 0), 0);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static struct forkpool_stats
stats_of(struct forkpool *pool)
{
	struct forkpool_stats stats;

	ck_assert_int_eq(forkpool_get_stats(pool, &stats), 0);
	return stats;
}

/* Wait until so many workers are alive; the test case's timeout is the bound. */
static void
await_workers(struct forkpool *pool, size_t workers)
{
	const struct forkpool_result *result;

	while (stats_of(pool).workers_alive != workers) {
		ck_assert_int_eq(forkpool_dispatch(pool, NULL, 0), 0);
		ck_assert_int_eq(forkpool_next(pool, &result), 0);
		(void)usleep(500);
	}
}

START_TEST(resized_pool_has_as_many_workers)
{
	static const unsigned sizes[] = { 5, 1, 16, 3, 2, 20, 1 };
	struct forkpool *pool = support_open(NULL);

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		ck_assert_int_eq(forkpool_resize(pool, sizes[i]), 0);
		await_workers(pool, sizes[i]);
		/* So many jobs run at a time. */
		atomic_store(&board->gate.started, 0);
		atomic_store(&board->gate.go, 0);
		for (unsigned j = 0; j < sizes[i]; j++)
			(void)support_submit(pool, support_job_waits, NULL, 0);
		(void)forkpool_dispatch(pool, NULL, 0);
		const struct forkpool_result *result;
		while (atomic_load(&board->gate.started) < sizes[i])
			ck_assert_int_eq(forkpool_wait(pool, &result, 1), 0);
		support_post(&board->gate.go);
		for (unsigned j = 0; j < sizes[i]; j++)
			ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
	}
	ck_assert_uint_eq(stats_of(pool).workers_died, 0);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(resize_under_load_costs_no_job)
{
	static const unsigned sizes[] = { 4, 1, 8, 2, 6, 3 };
	struct forkpool *pool = support_open(NULL);
	const uint64_t all = support_times(3000);
	uint64_t submitted = 0, taken = 0;
	const struct forkpool_result *result;

	for (unsigned i = 0; taken < all;) {
		while (submitted < all && submitted < taken + 300)
			submitted = support_submit(pool, crash_or_not, NULL, 0);
		if (taken % 50 == 0)
			ck_assert_int_eq(forkpool_resize(pool, sizes[i++ % 6]), 0);
		ck_assert_int_eq(forkpool_wait(pool, &result, -1), 1);
		ck_assert_int_eq(result->outcome,
		    result->seq % 20 == 7 ? FORKPOOL_CRASHED : FORKPOOL_OK);
		taken++;
	}
	struct forkpool_stats stats = stats_of(pool);
	ck_assert_uint_eq(stats.submitted, all);
	ck_assert_uint_eq(stats.delivered, all);
	ck_assert_uint_eq(stats.by_outcome[FORKPOOL_OK], all - all / 20);
	ck_assert_uint_eq(stats.by_outcome[FORKPOOL_CRASHED], all / 20);
	if (support_own_process())
		ck_assert_uint_eq(stats.workers_died, 0);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static int
make_progress(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)args;
	(void)args_len;
	for (uint32_t i = 1; i <= 5; i++) {
		(void)forkpool_progress(context, i, UINT64_MAX);
		support_post(&board->step);
		support_await(&board->gate.go, i);
	}
	return 0;
}

START_TEST(worker_info_shows_the_run_and_its_progress)
{
	struct forkpool_options options = support_options(1);
	struct forkpool_worker_info info;
	pid_t worker = 0;
	char id[101];

	memset(id, 'i', 100);
	id[100] = '\0';
	struct forkpool *pool = support_open(&options);
	for (unsigned round = 0; round < 2; round++) {
		struct forkpool_job job = { .fn = make_progress, .id = round == 0 ? id : NULL };
		uint64_t seq;
		atomic_store(&board->step, 0);
		atomic_store(&board->gate.go, 0);
		ck_assert_int_eq(forkpool_submit(pool, &job, &seq), 1);
		for (uint32_t i = 1; i <= 5; i++) {
			support_await(&board->step, i);
			ck_assert_int_eq(forkpool_worker_info(pool, 0, &info), 0);
			ck_assert_int_gt(info.pid, 0);
			ck_assert_int_eq(kill(info.pid, 0), 0);
			ck_assert_int_eq(info.busy, 1);
			ck_assert_uint_eq(info.seq, seq);
			ck_assert_uint_eq(strlen(info.id), round == 0 ? 63 : 0);
			ck_assert_int_ge(info.run_ns, 0);
			ck_assert_uint_eq(info.progress_done, i);
			ck_assert_uint_eq(info.progress_total, UINT64_MAX);
			ck_assert_uint_eq(info.jobs_done, round);
			struct forkpool_stats stats = stats_of(pool);
			ck_assert_uint_eq(stats.running, 1);
			ck_assert_uint_eq(stats.queued, 0);
			ck_assert_uint_eq(stats.workers_alive, 1);
			support_post(&board->gate.go);
		}
		const struct forkpool_result *result = support_wait(pool);
		if (support_own_process())
			ck_assert(result->pid > 0 && result->pid != info.pid &&
			    (round == 0 || worker == info.pid));
		else
			ck_assert_int_eq(result->pid, info.pid);
		worker = info.pid;
		ck_assert_int_eq(forkpool_worker_info(pool, 0, &info), 0);
		ck_assert_int_eq(info.busy, 0);
		ck_assert_uint_eq(info.jobs_done, round + 1);
	}
	/* A run does not show the progress of an earlier one. */
	atomic_store(&board->gate.started, 0);
	atomic_store(&board->gate.go, 0);
	(void)support_submit(pool, support_job_waits, NULL, 0);
	(void)support_submit(pool, support_job_nothing, NULL, 0);
	support_await(&board->gate.started, 1);
	ck_assert_int_eq(forkpool_worker_info(pool, 0, &info), 0);
	ck_assert_int_eq(info.busy, 1);
	ck_assert_uint_eq(info.progress_done | info.progress_total, 0);
	ck_assert_uint_eq(stats_of(pool).queued, 1);
	support_post(&board->gate.go);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("loop");
	TCase *tc = support_case("loop", 60);

	tcase_add_checked_fixture(tc, board_begin, NULL);
	tcase_add_loop_test(tc, callers_loop_gets_every_result, 0, 2);
	tcase_add_test(tc, pollfds_tells_how_many_and_fills_what_fits);
	tcase_add_test(tc, spurious_dispatch_is_harmless);
	tcase_add_test(tc, pool_deadline_wakes_the_callers_loop);
	tcase_add_test(tc, wakeup_from_a_thread_ends_a_wait);
	tcase_add_test(tc, wakeup_from_a_signal_handler_ends_a_wait);
	tcase_add_test(tc, wakeup_before_the_wait_is_not_lost);
	tcase_add_test(tc, resized_pool_has_as_many_workers);
	tcase_add_test(tc, resize_under_load_costs_no_job);
	tcase_add_test(tc, worker_info_shows_the_run_and_its_progress);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

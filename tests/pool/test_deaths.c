/* SPDX-License-Identifier: BSD-2-Clause */
/* Many deaths: workers together, workers by each other, workers in crash loops, and supervisors. */
#include "config.h"
#include "tests/support/lives.h"
#include "tests/support/support.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define JOBS_MAX 4000u
#define WORKERS  8u
#define VICTIM   1u /* index of a job that job 0 kills for certain */

static struct shared_words {
	_Atomic uint32_t runs[JOBS_MAX];
	_Atomic uint32_t waiting, starts;
	_Atomic int32_t  pid[WORKERS], victim;
	_Atomic uint32_t term_blocked, exits;
} *words;

enum deed { DO_REPLY, DO_DIE_TOGETHER, DO_KILL_ANOTHER, DO_KILL_SUPERVISOR, DO_LOOP };

struct work {
	uint32_t index;
	enum deed deed;
};

/*
 * Another worker of this pool, or the job's process that it runs: one that has noted its pid, if
 * that pid still belongs to a process of this pool.
 */
static pid_t
another(unsigned self)
{
	for (unsigned i = 1; i < WORKERS; i++) {
		pid_t other = (pid_t)atomic_load(&words->pid[(self + i) % WORKERS]);
		if (other <= 0 || other == getpid())
			continue;
		pid_t parent = support_parent(other);
		if (parent > 0 &&
		    (support_own_process() ? support_parent(parent) : parent) ==
			support_own_supervisor())
			return i % 2 == 1 && support_own_process() ? parent : other;
	}
	return 0;
}

static int
work(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct work w;

	if (args_len != sizeof w)
		return EINVAL;
	memcpy(&w, args, sizeof w);
	(void)atomic_fetch_add(&words->runs[w.index], 1);
	unsigned self = forkpool_worker_index(context);
	pid_t other;
	switch (w.deed) {
	case DO_DIE_TOGETHER:
		support_post(&words->waiting);
		support_await(&words->waiting, WORKERS);
		(void)raise(w.index % 2 == 0 ? SIGKILL : SIGSEGV);
		break;
	case DO_KILL_ANOTHER:
		/* Nobody is to kill the job that is to kill the victim, which waits for it. */
		if (w.index != 0)
			atomic_store(&words->pid[self % WORKERS], (int32_t)getpid());
		if (w.index == VICTIM && !support_sandboxed()) {
			atomic_store(&words->victim, (int32_t)getpid());
			support_post(&words->waiting);
			for (;;)
				(void)pause();
		}
		if (w.index == 0 && !support_sandboxed()) {
			support_await(&words->waiting, 1);
			(void)kill((pid_t)atomic_load(&words->victim), SIGKILL);
		} else if (w.index % 4 == 0 && (other = another(self)) != 0) {
			(void)kill(other, SIGKILL);
		}
		break;
	case DO_KILL_SUPERVISOR:
		return lives_kills_supervisor(context, NULL, 0); /* dies with it */
	case DO_LOOP:
		for (;;)
			(void)pause();
	case DO_REPLY:
		break;
	}
	uint64_t value = (uint64_t)w.index * w.index;
	return forkpool_reply(context, &value, sizeof value);
}

static void
submit(struct forkpool *pool, uint32_t index, enum deed deed)
{
	struct work w = { .index = index, .deed = deed };

	ck_assert_uint_eq(support_submit(pool, work, &w, sizeof w), index + 1);
}

/* Check a result of work(): the value where it is OK, at most one run, and true attempts. */
static uint32_t
check(const struct forkpool_result *result)
{
	uint32_t index = (uint32_t)result->seq - 1;
	uint32_t ran = atomic_load(&words->runs[index]);

	ck_assert_msg(ran <= result->attempts && result->attempts <= 1,
	    "job %u: ran %u times, %u attempts", index, ran, result->attempts);
	if (result->outcome == FORKPOOL_OK) {
		uint64_t value;
		ck_assert_uint_eq(result->value_len, sizeof value);
		memcpy(&value, result->value, sizeof value);
		ck_assert_uint_eq(value, (uint64_t)index * index);
		ck_assert_uint_eq(ran, 1);
	}
	return index;
}

static void
all_ok(struct forkpool *pool, uint32_t first, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		submit(pool, first + i, DO_REPLY);
	for (uint32_t i = 0; i < n; i++) {
		const struct forkpool_result *result = support_wait(pool);
		(void)check(result);
		ck_assert_msg(result->outcome == FORKPOOL_OK, "seq %u: %s", (unsigned)result->seq,
		    result->message);
	}
}

START_TEST(several_workers_die_at_once)
{
	struct forkpool_options options = support_options(WORKERS);
	struct forkpool_stats stats;
	unsigned killed = 0, faulted = 0;

	words = support_shared(sizeof *words);
	struct forkpool *pool = support_open(&options);
	for (uint32_t i = 0; i < 400; i++)
		submit(pool, i, i < 200 && i % 50 < 2 ? DO_DIE_TOGETHER : DO_REPLY);
	for (uint32_t i = 0; i < 400; i++) {
		const struct forkpool_result *result = support_wait(pool);
		uint32_t index = check(result);
		ck_assert_uint_eq(result->attempts, 1);
		if (result->outcome == FORKPOOL_OK)
			continue;
		ck_assert_int_eq(result->outcome, FORKPOOL_CRASHED);
		ck_assert(index < 200 && index % 50 < 2);
		ck_assert_int_eq(result->signal, index % 2 == 0 ? SIGKILL : SIGSEGV);
		killed += result->signal == SIGKILL;
		faulted += result->signal == SIGSEGV;
	}
	ck_assert_uint_eq(killed, WORKERS / 2);
	ck_assert_uint_eq(faulted, WORKERS / 2);
	ck_assert_int_eq(forkpool_get_stats(pool, &stats), 0);
	ck_assert_uint_eq(stats.workers_died, support_own_process() ? 0 : WORKERS);
	all_ok(pool, 400, 100);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(workers_kill_each_other)
{
	struct forkpool_options options = support_options(WORKERS);
	unsigned ok = 0;

	words = support_shared(sizeof *words);
	options.queue_limit = JOBS_MAX;
	struct forkpool *pool = support_open(&options);
	for (uint32_t i = 0; i < 1000; i++)
		submit(pool, i, DO_KILL_ANOTHER);
	for (uint32_t i = 0; i < 1000; i++) {
		const struct forkpool_result *result = support_wait(pool);
		(void)check(result);
		if (result->outcome == FORKPOOL_OK) {
			ok++;
			continue;
		}
		/* Where jobs have processes of their own the victim may be the worker too. */
		ck_assert_msg(result->attempts == 1 &&
			((result->outcome == FORKPOOL_CRASHED && result->signal == SIGKILL) ||
			    (support_own_process() && result->outcome == FORKPOOL_LOST &&
				strstr(result->message, "worker was lost") != NULL)),
		    "%s, signal %d: %s", forkpool_outcome_name(result->outcome), result->signal,
		    result->message);
	}
	ck_assert_uint_gt(ok, 0);
	if (support_sandboxed())
		ck_assert_uint_eq(ok, 1000); /* jobs may not even look for each other */
	else
		ck_assert_uint_lt(ok, 1000);
	all_ok(pool, 1000, 100);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* ------------------------------------------------------------------------------- crash loops */

static int
init_aborts(void *arg, void **state)
{
	(void)arg;
	(void)state;
	abort();
}

static int
init_is_killed(void *arg, void **state)
{
	(void)arg;
	(void)state;
	return raise(SIGKILL);
}

static int
init_exits(void *arg, void **state)
{
	(void)arg;
	(void)state;
	exit(3);
}

static int
init_fails(void *arg, void **state)
{
	(void)arg;
	(void)state;
	return EACCES;
}

static const struct crash_loop {
	int (*init)(void *, void **);
	const char *reason;
} crash_loops[] = {
	{ init_aborts, "signal 6" },
	{ init_is_killed, "signal 9" },
	{ init_exits, "3" },
	{ init_fails, "Permission denied" },
};

START_TEST(workers_that_never_come_up_lose_the_jobs_with_the_reason)
{
	struct forkpool_options options = support_options(2);

	words = support_shared(sizeof *words);
	options.worker_init = crash_loops[_i].init;
	struct forkpool *pool = support_open(&options);
	for (int round = 0; round < 2; round++) { /* in the second the pool is broken already */
		for (uint32_t i = 0; i < 20; i++)
			submit(pool, (uint32_t)round * 20 + i, DO_REPLY);
		for (uint32_t i = 0; i < 20; i++) {
			const struct forkpool_result *result = support_wait(pool);
			ck_assert_int_eq(result->outcome, FORKPOOL_LOST);
			ck_assert_uint_eq(result->attempts, 0);
			ck_assert_uint_eq(atomic_load(&words->runs[check(result)]), 0);
			ck_assert_msg(strstr(result->message, crash_loops[_i].reason) != NULL, "%s",
			    result->message);
		}
	}
	ck_assert_uint_eq(forkpool_pending(pool), 0);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static int
init_fails_at_first(void *arg, void **state)
{
	(void)arg;
	(void)state;
	uint32_t start = atomic_fetch_add(&words->starts, 1);
	if (start < 3)
		abort();
	return start < 6 ? EAGAIN : 0;
}

START_TEST(workers_that_come_up_late_do_all)
{
	struct forkpool_options options = support_options(2);

	words = support_shared(sizeof *words);
	options.worker_init = init_fails_at_first;
	struct forkpool *pool = support_open(&options);
	all_ok(pool, 0, 100);
	ck_assert_uint_ge(atomic_load(&words->starts), 7);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static int
init_works_once(void *arg, void **state)
{
	(void)arg;
	(void)state;
	return atomic_fetch_add(&words->starts, 1) == 0 ? 0 : EPERM;
}

START_TEST(one_worker_that_works_is_enough)
{
	struct forkpool_options options = support_options(2);

	words = support_shared(sizeof *words);
	options.worker_init = init_works_once;
	struct forkpool *pool = support_open(&options);
	for (uint32_t i = 0; i < 12; i++) {
		all_ok(pool, i * 20, 20);
		/* The other worker is started again and again. */
		while (atomic_load(&words->starts) < i)
			ck_assert_int_ne(forkpool_dispatch(pool, NULL, 0), -1);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* -------------------------------------------------------------------------------- supervisor */

START_TEST(idle_supervisor_is_replaced)
{
	words = support_shared(sizeof *words);
	struct forkpool *pool = support_open(NULL);
	pid_t first = support_supervisor(pool);

	ck_assert_int_eq(kill(first, SIGKILL), 0);
	/* Its workers end with it, which could still have run a job. */
	ck_assert(support_gone(first, SUPPORT_HANGS_MS));
	all_ok(pool, 0, 1);
	pid_t second = support_supervisor(pool);
	ck_assert_int_ne(first, second);
	/* Once more, with nothing done since; then the pool is closed without a supervisor. */
	ck_assert_int_eq(kill(second, SIGKILL), 0);
	ck_assert(support_gone(second, SUPPORT_HANGS_MS));
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* The caller has not noticed the death yet: the next supervisor starts the new workers. */
START_TEST(resize_finds_the_supervisor_dead)
{
	struct forkpool_worker_info info[2];
	struct forkpool_stats stats;

	words = support_shared(sizeof *words);
	struct forkpool *pool = support_open(NULL);
	pid_t supervisor = support_supervisor(pool);
	for (unsigned i = 0; i < 2; i++)
		ck_assert_int_eq(forkpool_worker_info(pool, i, &info[i]), 0);
	ck_assert_int_eq(kill(supervisor, SIGKILL), 0);
	ck_assert(support_gone(supervisor, SUPPORT_HANGS_MS));
	/* A young worker still has the supervisor's end of the socket. */
	for (unsigned i = 0; i < 2; i++)
		ck_assert(info[i].pid > 0 && support_gone(info[i].pid, SUPPORT_HANGS_MS));
	ck_assert_int_eq(forkpool_resize(pool, 4), 0);
	all_ok(pool, 0, 50);
	do {
		ck_assert_int_ne(forkpool_dispatch(pool, NULL, 0), -1);
		ck_assert_int_eq(forkpool_get_stats(pool, &stats), 0);
	} while (stats.workers_alive < 4);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(supervisor_is_killed_under_load)
{
	struct forkpool_options options = support_options(4);
	unsigned lost = 0, all = 1 + support_times(2000);

	words = support_shared(sizeof *words);
	options.queue_limit = JOBS_MAX;
	struct forkpool *pool = support_open(&options);
	pid_t supervisor = support_supervisor(pool);
	submit(pool, 0, DO_REPLY);
	ck_assert_uint_eq(check(support_wait(pool)), 0);
	for (uint32_t i = 1; i < all; i++)
		submit(pool, i, i == 100 || i == 101 ? DO_LOOP : DO_REPLY);
	while (atomic_load(&words->runs[100]) + atomic_load(&words->runs[101]) < 2)
		ck_assert_int_ne(forkpool_dispatch(pool, NULL, 0), -1);
	for (uint32_t i = 1; i < all; i++) {
		if (i == 200)
			ck_assert_int_eq(kill(supervisor, SIGKILL), 0);
		const struct forkpool_result *result = support_wait(pool);
		uint32_t index = check(result);
		if (result->outcome == FORKPOOL_OK)
			continue;
		ck_assert_msg(result->outcome == FORKPOOL_LOST && result->attempts == 1 &&
			result->message[0] != '\0',
		    "job %u: %s: %s", index, forkpool_outcome_name(result->outcome),
		    result->message);
		lost++;
	}
	/* The two jobs that never end are lost, with at most one job on each other worker. */
	ck_assert_uint_ge(lost, 2);
	ck_assert_uint_le(lost, 4);
	ck_assert_uint_eq(atomic_load(&words->runs[100]), 1);
	all_ok(pool, all, 100);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(job_kills_the_supervisor)
{
	words = support_shared(sizeof *words);
	lives_supervisor_begin();
	struct forkpool *pool = support_open(NULL);
	unsigned lost = 0;

	for (uint32_t i = 0; i < 200; i++)
		submit(pool, i, i == 50 ? DO_KILL_SUPERVISOR : DO_REPLY);
	for (uint32_t i = 0; i < 200; i++) {
		const struct forkpool_result *result = lives_wait(pool);
		uint32_t index = check(result);
		ck_assert(result->outcome == FORKPOOL_OK || result->outcome == FORKPOOL_LOST);
		ck_assert(index != 50 || result->outcome == FORKPOOL_LOST);
		lost += result->outcome == FORKPOOL_LOST;
	}
	ck_assert_uint_le(lost, 2); /* it, and the job of the other worker */
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(every_job_kills_the_supervisor)
{
	struct forkpool_options options = support_options(1);

	words = support_shared(sizeof *words);
	lives_supervisor_begin();
	struct forkpool *pool = support_open(&options);
	for (uint32_t i = 0; i < 20; i++)
		submit(pool, i, DO_KILL_SUPERVISOR);
	for (uint32_t i = 0; i < 20; i++) {
		const struct forkpool_result *result = lives_wait(pool);
		(void)check(result);
		ck_assert_int_eq(result->outcome, FORKPOOL_LOST);
		ck_assert_str_ne(result->message, "");
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* ------------------------------------------------------------------------------------- signals */

static void
exit_looks_at_its_mask(void *arg, void *state)
{
	sigset_t mask;

	(void)arg;
	(void)state;
	(void)sigprocmask(SIG_SETMASK, NULL, &mask);
	(void)atomic_fetch_add(&words->term_blocked, (uint32_t)sigismember(&mask, SIGTERM));
	support_post(&words->exits);
}

START_TEST(worker_exit_runs_with_no_signal_blocked)
{
	struct forkpool_options options = support_options(4);

	words = support_shared(sizeof *words);
	options.worker_exit = exit_looks_at_its_mask;
	struct forkpool *pool = support_open(&options);
	all_ok(pool, 0, 100);
	ck_assert_int_eq(forkpool_close(pool), 0);
	ck_assert_uint_eq(atomic_load(&words->exits), 4);
	ck_assert_uint_eq(atomic_load(&words->term_blocked), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("deaths");
	TCase *many = support_case("many", 30), *loops = support_case("crash loops", 60);
	TCase *supervisor = support_case("supervisor", 60), *leaving = support_case("leaving", 30);

	tcase_add_test(many, several_workers_die_at_once);
	tcase_add_test(many, workers_kill_each_other);
	tcase_add_loop_test(loops, workers_that_never_come_up_lose_the_jobs_with_the_reason, 0,
	    sizeof crash_loops / sizeof crash_loops[0]);
	tcase_add_test(loops, workers_that_come_up_late_do_all);
	tcase_add_test(loops, one_worker_that_works_is_enough);
	tcase_add_test(supervisor, idle_supervisor_is_replaced);
	tcase_add_test(supervisor, resize_finds_the_supervisor_dead);
	tcase_add_test(supervisor, supervisor_is_killed_under_load);
	tcase_add_test(supervisor, job_kills_the_supervisor);
	tcase_add_test(supervisor, every_job_kills_the_supervisor);
	tcase_add_test(leaving, worker_exit_runs_with_no_signal_blocked);
	suite_add_tcase(suite, many);
	suite_add_tcase(suite, loops);
	suite_add_tcase(suite, supervisor);
	suite_add_tcase(suite, leaving);
	return support_run(suite);
}

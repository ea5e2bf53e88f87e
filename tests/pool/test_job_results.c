/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The results of jobs with processes of their own: deadlines are kept, figures and output are the
 * job's alone, the environment is what was asked for, and a process that cannot be set up, or
 * that was denied a call, is reported.
 */
#include "config.h"
#include "tests/support/attack.h"
#include "tests/support/debug_info.h"
#include "tests/support/users.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MS  INT64_C(1000000)
#define MIB ((size_t)1 << 20)

static const struct forkpool_result *
run(struct attack_scene *scene, forkpool_fn *fn, int64_t n, int64_t timeout_ns, unsigned flags)
{
	struct attack_knowledge known = scene->known;
	struct forkpool_job job = { .fn = fn, .args = &known, .args_len = sizeof known,
		.timeout_ns = timeout_ns, .flags = flags };

	known.n = n;
	ck_assert_int_eq(forkpool_submit(scene->pool, &job, NULL), 1);
	return support_wait(scene->pool);
}

/* ------------------------------------------------------------------------------------ deadlines */

enum dawdle {
	SPINS,
	STOPS,
	SLEEPS,
	PAUSES_BLOCKED,
	COOPERATES,
	COOPERATES_NOT,
	REPLIES_THEN_SPINS
};

static int
dawdles(struct forkpool_context *context, const void *args, size_t args_len)
{
	sigset_t all;

	sigfillset(&all);
	switch ((enum dawdle)attack_known(args, args_len)->n) {
	case STOPS:
		while (raise(SIGSTOP) == 0)
			continue;
		return 0;
	case SLEEPS:
		(void)nanosleep(&(struct timespec){ .tv_sec = 1000 }, NULL);
		return 0;
	case PAUSES_BLOCKED:
		(void)sigprocmask(SIG_SETMASK, &all, NULL);
		while (pause() == -1)
			continue;
		return 0;
	case COOPERATES:
		while (!forkpool_cancelled(context))
			(void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
		return forkpool_reply(context, "late", 4);
	case REPLIES_THEN_SPINS:
		(void)forkpool_reply(context, "done", 4);
		break;
	case SPINS:
	case COOPERATES_NOT:
	default:
		break;
	}
	for (volatile unsigned n = 1; n != 0; n |= 1)
		n++;
	return 0;
}

static void
deadlines(struct attack_scene *scene, const void *arg)
{
	static const char *const names[] = { "spins", "stops", "sleeps",
		"pauses with signals blocked", "cooperates", "cooperates not",
		"replies, then spins" };

	(void)arg;
	for (int how = SPINS; how <= REPLIES_THEN_SPINS; how++) {
		unsigned flags =
		    how == COOPERATES || how == COOPERATES_NOT ? FORKPOOL_COOPERATIVE : 0;
		const struct forkpool_result *result = run(scene, dawdles, how, 100 * MS, flags);
		ck_assert_msg(result->outcome == FORKPOOL_TIMED_OUT, "%s: %s: %s", names[how],
		    forkpool_outcome_name(result->outcome),
		    result->message);
		ck_assert_int_ge(result->run_ns, 100 * MS);
		/* Timeout and grace are 200 ms. */
		ck_assert_int_lt(result->run_ns, SUPPORT_HANGS_MS * MS);
		ck_assert_ptr_null(result->value);
		result = run(scene, support_job_nothing, 0, SUPPORT_HANGS_MS * MS, 0);
		ck_assert_msg(result->outcome == FORKPOOL_OK, "after one that %s: %s: %s",
		    names[how], forkpool_outcome_name(result->outcome), result->message);
	}
}

START_TEST(deadlines_are_kept)
{
	attack_in((enum attack_mode)_i, NULL, deadlines, NULL);
}
END_TEST

/* -------------------------------------------------------------------------------------- figures */

static int
burns(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)attack_known(args, args_len);
	attack_burn(300 * MS);
	return 0;
}

static int
touches(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)attack_known(args, args_len);
	volatile unsigned char *at = malloc(64 * MIB);
	if (at == NULL)
		return errno;
	for (size_t i = 0; i < 64 * MIB; i += 4096)
		at[i] = 1;
	return at[4096] == 1 ? 0 : EPROTO;
}

/* Large jobs and small ones right after each other, several times on each worker. */
static void
figures(struct attack_scene *scene, const void *arg)
{
	int64_t largest = 0, least = INT64_MAX;

	(void)arg;
	/*
	 * On a busy machine the end of a process may use much time, as the caches are cold: repeat
	 * then.
	 */
	for (int round = 0; round < 6 || (least >= 350 * MS && round < 12); round++) {
		const struct forkpool_result *result = run(scene, burns, 0, 0, 0);
		ck_assert_int_eq(result->outcome, FORKPOOL_OK);
		ck_assert_msg(result->cpu_ns >= 280 * MS, "300 ms took %lld ms",
		    (long long)(result->cpu_ns / MS));
		least = result->cpu_ns < least ? result->cpu_ns : least;
		ck_assert_int_gt(result->max_rss, 0);
		for (int i = 0; i < 3; i++) {
			result = run(scene, support_job_nothing, 0, 0, 0);
			ck_assert_msg(result->cpu_ns >= 0 && result->cpu_ns < 100 * MS,
			    "nothing took %lld ms", (long long)(result->cpu_ns / MS));
			largest = result->max_rss > largest ? result->max_rss : largest;
		}
		result = run(scene, touches, 0, 0, 0);
		ck_assert_int_eq(result->outcome, FORKPOOL_OK);
		ck_assert_int_ge(result->max_rss, (int64_t)(64 * MIB));
		for (int i = 0; i < 3; i++) {
			result = run(scene, support_job_nothing, 0, 0, 0);
			ck_assert_msg(result->max_rss > 0 &&
				result->max_rss < (int64_t)(32 * MIB) + largest,
			    "nothing took %lld MiB", (long long)result->max_rss / (long long)MIB);
		}
	}
	ck_assert_msg(least < 350 * MS, "300 ms took %lld ms at least", (long long)(least / MS));
}

START_TEST(figures_are_its_own)
{
	attack_in((enum attack_mode)_i, NULL, figures, NULL);
}
END_TEST

/* --------------------------------------------------------------------------------------- output */

static int
prints_and_ends(struct forkpool_context *context, const void *args, size_t args_len)
{
	static char text[5321];

	memset(text, 't', sizeof text);
	if (write(STDOUT_FILENO, text, 4000) != 4000 || write(STDERR_FILENO, text, 1321) != 1321)
		return EPROTO;
	switch (attack_known(args, args_len)->n) {
	case 0:
		return forkpool_reply(context, "x", 1);
	case 1:
		return EIO;
	case 2:
		abort();
	case 3:
		_exit(7);
	default:
		for (;;)
			(void)pause();
	}
}

static void
outputs(struct attack_scene *scene, const void *arg)
{
	static const enum forkpool_outcome outcomes[] = { FORKPOOL_OK, FORKPOOL_FAILED,
		FORKPOOL_CRASHED, FORKPOOL_EXITED, FORKPOOL_TIMED_OUT };

	(void)arg;
	for (int how = 0; how < 5; how++) {
		const struct forkpool_result *result =
		    run(scene, prints_and_ends, how, how == 4 ? 100 * MS : 0, 0);
		ck_assert_msg(result->outcome == outcomes[how], "%d: %s: %s", how,
		    forkpool_outcome_name(result->outcome), result->message);
		ck_assert_uint_eq(result->output_len, 1000);
		ck_assert_uint_eq(strspn(result->output, "t"), 1000);
		ck_assert_msg(strstr(result->message, "4321") != NULL,
		    "%d: what was lost is not counted in: %s", how, result->message);
		result = run(scene, support_job_nothing, 0, 0, 0);
		ck_assert(result->outcome == FORKPOOL_OK && result->output_len == 0 &&
		    result->message[0] == '\0');
	}
}

START_TEST(output_is_kept_up_to_its_cap)
{
	struct forkpool_options options = support_options(2);

	options.output = FORKPOOL_OUTPUT_CAPTURE;
	options.limits.output = 1000;
	attack_in((enum attack_mode)_i, &options, outputs, NULL);
}
END_TEST

/* ---------------------------------------------------------------------------------- environment */

/* worker_init() sees the environment that the jobs see. */
static int
init_looks(void *arg, void **state)
{
	(void)arg;
	*state = NULL;
	return getenv("FORKPOOL_TEST_OTHER") != NULL || getenv("PATH") != NULL ? EPROTO : 0;
}

static void
environment(struct attack_scene *scene, const void *arg)
{
	const char *wanted = arg;
	const struct forkpool_result *result = run(scene, support_job_environment, 0, 0, 0);
	char path[64], text[4096];

	ck_assert_msg(result->outcome == FORKPOOL_OK && result->value_len == strlen(wanted) &&
		memcmp(result->value, wanted, result->value_len) == 0,
	    "the environment is %.*s, not %s", (int)result->value_len, (const char *)result->value,
	    wanted);
	/* Other processes cannot read the worker's old environment either. */
	for (unsigned i = 0; i < ATTACK_WORKERS && getuid() == 0; i++) {
		(void)snprintf(path, sizeof path, "/proc/%d/environ", (int)scene->known.worker[i]);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd == -1 ? 0 : read(fd, text, sizeof text);
		(void)close(fd);
		for (ssize_t at = 0; at < n; at++)
			ck_assert_msg(text[at] == '\0', "%s still has %.20s", path, text + at);
	}
	ck_assert_str_eq(getenv("FORKPOOL_TEST_OTHER"), "other"); /* the caller's own */
}

START_TEST(environment_is_what_was_asked_for)
{
	static const char *const asked[] = { "LANG=C.UTF-8", "FORKPOOL_TEST_MINE",
		"FORKPOOL_TEST_MISSING", "EMPTY=", "A=B=C", NULL };
	struct forkpool_options options = support_options(2);
	int asks = _i / ATTACK_MODES;

	(void)setenv("FORKPOOL_TEST_MINE", "mine", 1);
	(void)setenv("FORKPOOL_TEST_OTHER", "other", 1);
	options.environment = asks ? asked : NULL;
	options.worker_init = init_looks;
	attack_in((enum attack_mode)(_i % ATTACK_MODES), &options, environment,
	    asks ? "LANG=C.UTF-8\nFORKPOOL_TEST_MINE=mine\nEMPTY=\nA=B=C\n" : "");
}
END_TEST

/* ----------------------------------------------------------------------------- not to be set up */

/* The limit is less than what is mapped: nothing more can be mapped, and what is stays.  So first
   have room in the heap, of which the other jobs take 64 KiB. */
static int
init_narrows(void *arg, void **state)
{
	struct rlimit limit = { .rlim_cur = MIB, .rlim_max = MIB };
	void *volatile room = malloc(100000);

	(void)arg;
	free(room);
	*state = NULL;
	return setrlimit(RLIMIT_AS, &limit) == -1 ? errno : 0;
}

static int
counts_bytes(struct forkpool_context *context, const void *args, size_t args_len)
{
	size_t n = 0;

	for (size_t i = 0; i < args_len; i++)
		n += ((const unsigned char *)args)[i] == 'a';
	return forkpool_reply(context, &n, sizeof n);
}

static void
not_set_up(struct attack_scene *scene, const void *arg)
{
	static char large[MIB];

	(void)arg;
	memset(large, 'a', sizeof large);
	for (int i = 0; i < 3; i++) {
		(void)support_submit(scene->pool, counts_bytes, large, sizeof large);
		const struct forkpool_result *result = support_wait(scene->pool);
		ck_assert_msg(result->outcome == FORKPOOL_SETUP_FAILED && result->error == ENOMEM,
		    "%s (error %d): %s",
		    forkpool_outcome_name(result->outcome), result->error, result->message);
		ck_assert_msg(strstr(result->message, "arguments") != NULL, "%s", result->message);
		ck_assert(result->value == NULL && result->attempts == 1);
		(void)support_submit(scene->pool, counts_bytes, large, 1000);
		result = support_wait(scene->pool);
		ck_assert_msg(result->outcome == FORKPOOL_OK, "%s: %s",
		    forkpool_outcome_name(result->outcome), result->message);
	}
}

START_TEST(setup_that_fails_is_told)
{
	struct forkpool_options options = support_options(2);

	if (SUPPORT_SANITIZED)
		return; /* a sanitizer's address space has no such limit */
#ifndef __GLIBC__
	(void)printf("skipped: the heap of this C library keeps no room\n");
	return;
#endif
	options.worker_init = init_narrows;
	attack_in((enum attack_mode)_i, &options, not_set_up, NULL);
}
END_TEST

/* This user may have no more processes: each result says so, and the pool lives. */
static int
init_forbids(void *arg, void **state)
{
	struct rlimit none = { 0 };

	(void)arg;
	*state = NULL;
	return setrlimit(RLIMIT_NPROC, &none) == -1 ? errno : 0;
}

START_TEST(fork_that_fails_is_told)
{
	struct forkpool_options options = support_options(1);
	pid_t pid = fork();
	int status;

	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		user_become(USER_OTHER);
		options.isolation = _i ? FORKPOOL_ISOLATE_SANDBOX : FORKPOOL_ISOLATE_JOB;
		options.worker_init = init_forbids;
		if (_i &&
		    !attack_mode_possible(getuid() == 0 ? ATTACK_SANDBOX_USER : ATTACK_SANDBOX))
			_exit(0);
		struct forkpool *pool = support_open(&options);
		for (int i = 0; i < 5; i++) {
			(void)support_submit(pool, counts_bytes, "a", 1);
			const struct forkpool_result *result = support_wait(pool);
			ck_assert_msg(result->outcome == FORKPOOL_SETUP_FAILED &&
				result->error == EAGAIN,
			    "%s (error %d): %s", forkpool_outcome_name(result->outcome),
			    result->error, result->message);
		}
		struct forkpool_stats stats;
		ck_assert_int_eq(forkpool_get_stats(pool, &stats), 0);
		ck_assert_uint_eq(stats.workers_died, 0);
		ck_assert_int_eq(forkpool_close(pool), 0);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* -------------------------------------------------------------------------------- denied calls */

/* A frame that is there, and is not left before the call. */
static int __attribute__((noinline))
asks_for_a_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	return fd + 1;
}
enum { ASKS_FOR_A_SOCKET = __LINE__ - 3 };

static int
is_denied(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)args;
	(void)forkpool_fail(context, 0, "own words");
	int r = asks_for_a_socket();
	return r + (int)args_len;
}

/* As that of a crash: what ended it, where that was, and what the job had to say. */
static void
denied(struct attack_scene *scene, const void *arg)
{
	static const char denied_call[] = "denied: socket", own[] = ": own words";
	const struct forkpool_result *result = run(scene, is_denied, 0, 0, 0);
	size_t len = strlen(result->message);
	char place[100];

	(void)arg;
	ck_assert_int_eq(result->outcome, FORKPOOL_DENIED);
	ck_assert_int_eq(strncmp(result->message, denied_call, sizeof denied_call - 1), 0);
	ck_assert_uint_ge(len, sizeof denied_call + sizeof own - 2);
	ck_assert_str_eq(result->message + len - (sizeof own - 1), own);
	/* The first frame is the C library's, of which not every system has the name. */
	(void)snprintf(place, sizeof place, ", called from asks_for_a_socket() at "
	    "test_job_results.c:%d: own words", ASKS_FOR_A_SOCKET);
	if (debug_info_lines())
		ck_assert_msg(strncmp(result->message + sizeof denied_call - 1, " in ", 4) == 0 &&
			strstr(result->message, place) != NULL, "%s", result->message);
	else if (!debug_info_frames() && len != sizeof denied_call + sizeof own - 2)
		/* The innermost frame is had by the registers alone. */
		ck_assert_str_eq(result->message, "denied: socket in socket(): own words");
}

START_TEST(a_denied_call_is_told_with_its_place)
{
	struct forkpool_options options = support_options(1);

	if (!SUPPORT_SANITIZED)
		attack_in((enum attack_mode)_i, &options, denied, NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("results of jobs with processes of their own");
	TCase *tc = support_case("results", 60);

	tcase_add_loop_test(tc, deadlines_are_kept, 0, ATTACK_MODES);
	tcase_add_loop_test(tc, figures_are_its_own, 0, ATTACK_MODES);
	tcase_add_loop_test(tc, output_is_kept_up_to_its_cap, 0, ATTACK_MODES);
	tcase_add_loop_test(tc, environment_is_what_was_asked_for, 0, 2 * ATTACK_MODES);
	tcase_add_loop_test(tc, setup_that_fails_is_told, 0, ATTACK_MODES);
	tcase_add_loop_test(tc, fork_that_fails_is_told, 0, 2);
	tcase_add_loop_test(tc, a_denied_call_is_told_with_its_place, ATTACK_SANDBOX,
	    ATTACK_MODES);
	suite_add_tcase(suite, tc);
	return attack_main(suite);
}

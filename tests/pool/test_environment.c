/* SPDX-License-Identifier: BSD-2-Clause */
/* The pool works in a caller's process however odd, and leaves that process as it was. */
#include "config.h"
#include "tests/support/lives.h"
#include "tests/support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* --------------------------------------------------------------------------------- descriptors */

static int
prints(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)args;
	(void)args_len;
	if (getchar() != EOF || printf("to whatever is open\n") < 0 || fflush(stdout) != 0)
		return EIO;
	return forkpool_reply(context, "ok", 2);
}

START_TEST(standard_descriptors_closed)
{
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);
		for (int fd = 0; fd < 3; fd++)
			ck_assert_int_eq(dup2(null, fd), fd);
		(void)close(null);
		for (int fd = 0; fd < 3; fd++)
			if (_i >> fd & 1)
				(void)close(fd);
		for (int output = FORKPOOL_OUTPUT_INHERIT; output <= FORKPOOL_OUTPUT_CAPTURE;
		     output++) {
			struct forkpool_options options = support_options(2);
			options.output = (enum forkpool_output)output;
			struct forkpool *pool = support_open(&options);
			for (int fd = 0; fd < 3; fd++)
				ck_assert_int_eq(fcntl(fd, F_GETFD) == -1, _i >> fd & 1);
			(void)support_submit(pool, prints, NULL, 0);
			const struct forkpool_result *result = support_wait(pool);
			ck_assert_int_eq(result->outcome, FORKPOOL_OK);
			lives_double(pool, 20);
			lives_crash(pool);
			lives_double(pool, 20);
			ck_assert_int_eq(forkpool_close(pool), 0);
			for (int fd = 0; fd < 3; fd++)
				ck_assert_int_eq(fcntl(fd, F_GETFD) == -1, _i >> fd & 1);
		}
		_exit(0);
	}
	lives_child(pid);
}
END_TEST

static int
spoils_its_process(struct forkpool_context *context, const void *args, size_t args_len)
{
	mode_t before = umask(0);

	(void)args;
	(void)args_len;
	(void)forkpool_reply(context, &before, sizeof before);
	return chdir("/") == -1 ? errno : 0;
}

START_TEST(umask_and_directory_stay)
{
	char before[4096], after[4096];
	mode_t mask = umask(027);
	struct forkpool_options options = support_options(1);
	struct forkpool *pool = support_open(&options);

	ck_assert_ptr_nonnull(getcwd(before, sizeof before));
	for (int i = 0; i < 2; i++) {
		(void)support_submit(pool, spoils_its_process, NULL, 0);
		const struct forkpool_result *result = support_wait(pool);
		ck_assert_int_eq(result->outcome,
		    support_sandboxed() ? FORKPOOL_FAILED : FORKPOOL_OK);
		ck_assert_int_eq(result->error, support_sandboxed() ? EACCES : 0);
		/* At WORKER the second job sees the umask that the first has set. */
		ck_assert_uint_eq(result->value_len, support_sandboxed() ? 0 : sizeof mask);
		if (!support_sandboxed())
			ck_assert_uint_eq(*(const mode_t *)result->value,
			    i == 0 || support_own_process() ? 027u : 0u);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
	ck_assert_ptr_nonnull(getcwd(after, sizeof after));
	ck_assert_str_eq(before, after);
	ck_assert_uint_eq(umask(mask), 027);
}
END_TEST

static void
assert_environment(const char *const *wanted, const char *right)
{
	struct forkpool_options options = support_options(1);
	options.environment = wanted;
	struct forkpool *pool = support_open(&options);
	(void)support_submit(pool, support_job_environment, NULL, 0);
	const struct forkpool_result *result = support_wait(pool);
	ck_assert_int_eq(result->outcome, FORKPOOL_OK);
	if (support_own_process())
		ck_assert_msg(result->value_len == strlen(right) &&
			memcmp(result->value, right, strlen(right)) == 0,
		    "%.*s", (int)result->value_len, (const char *)result->value);
	else
		ck_assert_ptr_nonnull(
		    memmem(result->value, result->value_len, "FORKPOOL_A=1\n", 13));
	ck_assert_int_eq(forkpool_close(pool), 0);
}

START_TEST(jobs_have_the_environment_that_was_asked_for)
{
	static const char *const none[] = { NULL };
	static const char *const some[] = { "FORKPOOL_A", "FORKPOOL_B=of its own", "FORKPOOL_C",
		"FORKPOOL_D=", "FORKPOOL_E", NULL };

	ck_assert_int_eq(setenv("FORKPOOL_A", "1", 1), 0);
	ck_assert_int_eq(setenv("FORKPOOL_B", "the caller's", 1), 0);
	ck_assert_int_eq(setenv("FORKPOOL_E", "", 1), 0);
	ck_assert_int_eq(unsetenv("FORKPOOL_C"), 0);
	assert_environment(NULL, "");
	if (support_own_process()) {
		assert_environment(none, "");
		assert_environment(some,
		    "FORKPOOL_A=1\nFORKPOOL_B=of its own\nFORKPOOL_D=\nFORKPOOL_E=\n");
	}
	ck_assert_str_eq(getenv("FORKPOOL_B"), "the caller's");
}
END_TEST

/* ------------------------------------------------------------------------------------- signals */

#define SIGNALS 65

struct dispositions {
	struct sigaction action[SIGNALS];
	sigset_t mask;
};

static void
dispositions_get(struct dispositions *d, int in_sandbox)
{
	memset(d, 0, sizeof *d);
	/* A sandbox denies sigaction() for SIGSYS, the signal of its own trap. */
	for (int signo = 1; signo < SIGNALS; signo++)
		if (signo != SIGSYS || !in_sandbox)
			(void)sigaction(signo, NULL, &d->action[signo]);
	(void)pthread_sigmask(SIG_SETMASK, NULL, &d->mask);
}

static void
dispositions_equal(const struct dispositions *a, const struct dispositions *b)
{
	for (int signo = 1; signo < SIGNALS; signo++) {
		ck_assert_msg(a->action[signo].sa_handler == b->action[signo].sa_handler &&
			a->action[signo].sa_flags == b->action[signo].sa_flags,
		    "the handler of signal %d changed", signo);
		ck_assert_msg(sigismember(&a->mask, signo) == sigismember(&b->mask, signo),
		    "signal %d: the mask changed", signo);
		for (int other = 1; other < SIGNALS; other++)
			ck_assert_int_eq(sigismember(&a->action[signo].sa_mask, other),
			    sigismember(&b->action[signo].sa_mask, other));
	}
}

static _Atomic uint32_t *handled; /* signals that the caller's handlers got, in any process */

static void
on_signal(int signo)
{
	if (signo != SIGCHLD)
		(void)atomic_fetch_add(handled, 1);
}

static int
sees_clean_signals(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct dispositions own;

	(void)args;
	(void)args_len;
	dispositions_get(&own, support_sandboxed());
	for (int signo = 1; signo < SIGNALS; signo++) {
		if (sigismember(&own.mask, signo) == 1)
			return forkpool_fail(context, EPROTO, "signal %d is blocked", signo);
		if (own.action[signo].sa_handler == on_signal)
			return forkpool_fail(context, EPROTO, "signal %d has the caller's handler",
			    signo);
	}
	return own.action[SIGUSR1].sa_handler == SIG_DFL ? 0 : EPROTO;
}

START_TEST(handlers_and_mask_stay)
{
	static const int handlers[] = { SIGCHLD, SIGTERM, SIGSEGV, SIGABRT, SIGUSR1, SIGALRM };
	struct dispositions before, during, after;
	struct sigaction action;

	handled = support_shared(sizeof *handled);
	memset(&action, 0, sizeof action);
	action.sa_handler = on_signal;
	sigemptyset(&action.sa_mask);
	sigaddset(&action.sa_mask, SIGUSR2);
	action.sa_flags = SA_RESTART;
	for (size_t i = 0; i < sizeof handlers / sizeof handlers[0]; i++)
		ck_assert_int_eq(sigaction(handlers[i], &action, NULL), 0);
	(void)signal(SIGPIPE, SIG_IGN);
	sigemptyset(&action.sa_mask);
	sigaddset(&action.sa_mask, SIGTERM);
	sigaddset(&action.sa_mask, SIGHUP);
	if (_i == 1)
		sigfillset(&action.sa_mask);
	(void)pthread_sigmask(SIG_SETMASK, &action.sa_mask, NULL);

	dispositions_get(&before, 0);
	struct forkpool *pool = support_open(NULL);
	dispositions_get(&during, 0);
	dispositions_equal(&before, &during);
	(void)support_submit(pool, sees_clean_signals, NULL, 0);
	const struct forkpool_result *result = support_wait(pool);
	ck_assert_msg(result->outcome == FORKPOOL_OK, "%s", result->message);
	lives_crash(pool);
	struct forkpool_job job = { .fn = support_job_hangs, .timeout_ns = 20000000 };
	ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
	ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_TIMED_OUT);
	dispositions_get(&during, 0);
	dispositions_equal(&before, &during);
	ck_assert_int_eq(forkpool_close(pool), 0);
	dispositions_get(&after, 0);
	dispositions_equal(&before, &after);
	ck_assert_uint_eq(atomic_load(handled), 0);
}
END_TEST

START_TEST(children_ignored)
{
	struct sigaction action, after;

	memset(&action, 0, sizeof action);
	sigemptyset(&action.sa_mask);
	/* Either way the system reaps the children: nobody gets the supervisor's status. */
	action.sa_handler = _i == 0 ? SIG_IGN : SIG_DFL;
	action.sa_flags = _i == 0 ? 0 : SA_NOCLDWAIT;
	ck_assert_int_eq(sigaction(SIGCHLD, &action, NULL), 0);
	lives_whole(NULL);
	ck_assert_int_eq(sigaction(SIGCHLD, NULL, &after), 0);
	ck_assert(after.sa_handler == action.sa_handler);
	ck_assert_int_eq(after.sa_flags & SA_NOCLDWAIT, action.sa_flags);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("environment");
	TCase *tc = support_case("the caller's process", 60);

	tcase_add_loop_test(tc, standard_descriptors_closed, 0, 8);
	tcase_add_test(tc, umask_and_directory_stay);
	tcase_add_test(tc, jobs_have_the_environment_that_was_asked_for);
	tcase_add_loop_test(tc, handlers_and_mask_stay, 0, 2);
	tcase_add_loop_test(tc, children_ignored, 0, 2);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jobs that start many processes or threads: bombs, daemons.  None is left when the caller has the
 * result.
 */
#include "config.h"
#include "tests/support/attack.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What n of an attack says. */
enum { PLAIN, SESSIONS, FEW_SESSIONS };

/*
 * The bomb has a bound of its own, in case the pool does not stop it.  Where the job's time is over
 * its worker has half a second to end them all, and ends with them if it takes longer: few enough
 * that a busy machine is quick enough.
 */
static int
bombs(struct forkpool_context *context, const void *args, size_t args_len)
{
	int64_t n = attack_known(args, args_len)->n;

	(void)context;
	while (atomic_fetch_add(&attack_words->bomb, 1) < (n == FEW_SESSIONS ? 40 : 300)) {
		pid_t pid = fork();
		if (pid == -1)
			break;
		if (pid == 0) {
			attack_pid_note(getpid());
			if (n != PLAIN)
				(void)setsid();
		}
	}
	/* A process that has not run when the job ends is killed before it can note its pid. */
	support_await(&attack_words->processes, 1);
	/* Each process comes here and returns as if it were the job's. */
	return 0;
}

static int
bombs_and_lingers(struct forkpool_context *context, const void *args, size_t args_len)
{
	pid_t self = getpid();

	(void)bombs(context, args, args_len);
	if (getpid() != self)
		support_wait_for_sigkill();
	return 0;
}

static int
bombs_and_hangs(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)bombs(context, args, args_len);
	support_wait_for_sigkill();
}

/* One signal cannot end it: each process forks the next one and exits. */
static int
hops(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)attack_known(args, args_len);
	(void)signal(SIGTERM, SIG_IGN);
	for (int i = 0; i < 100; i++) {
		if (fork() > 0) {
			if (i == 0) /* wait for the child; the neighbour was the first */
				support_await(&attack_words->started, 2);
			_exit(0); /* the job's own process is the first to go */
		}
		(void)setsid();
		attack_pid_note(getpid());
		if (i == 0)
			support_post(&attack_words->started);
	}
	for (;;)
		(void)pause();
}

static int
leaves_a_daemon(struct forkpool_context *context, const void *args, size_t args_len)
{
	int64_t n = attack_known(args, args_len)->n;
	pid_t child = fork();

	(void)context;
	if (child == 0) {
		(void)setsid();
		if (fork() == 0) {
			(void)setsid();
			attack_pid_note(getpid());
			support_post(&attack_words->started);
			support_wait_for_sigkill();
		}
		_exit(0);
	}
	if (child == -1)
		return 0;
	(void)waitpid(child, NULL, 0);
	support_await(&attack_words->started, 2); /* the neighbour, and the child */
	if (n == 1)
		abort();
	return 0;
}

static void *
thread_hangs(void *arg)
{
	(void)arg;
	while (sched_yield() == 0)
		continue;
	return NULL;
}

static int
leaves_a_thread(struct forkpool_context *context, const void *args, size_t args_len)
{
	pthread_t thread;

	(void)context;
	for (int64_t i = attack_known(args, args_len)->n; i > 0; i--)
		if (pthread_create(&thread, NULL, thread_hangs, NULL) != 0)
			break;
	return 0;
}

/* Where fork() is denied, each other way to make a process is denied too. */
static int
clones(struct forkpool_context *context, const void *args, size_t args_len)
{
	long pid = -1;

	switch (attack_known(args, args_len)->n) {
	case 0:
		pid = syscall(SYS_clone, (long)SIGCHLD, NULL, NULL, NULL, NULL);
		break;
#ifdef SYS_fork
	case 1:
		pid = syscall(SYS_fork);
		break;
#endif
	case 2:
		pid = syscall(SYS_clone, 0x10000000L /* CLONE_NEWUSER */ | SIGCHLD, NULL, NULL,
		    NULL, NULL);
		break;
	case 3: {
		uint64_t clone3_args[11] = { 0, 0, 0, 0, SIGCHLD };
		pid = syscall(435 /* clone3 */, clone3_args, sizeof clone3_args);
		break;
	}
	case 4:
		pid = (system("true") == 0) - 1;
		break;
	default:
		break;
	}
	if (pid == 0)
		_exit(0);
	return pid == -1 ? 0 : attack_through(context, "a new process", pid);
}

static const struct attack multiplying[] = {
	{ "fork bomb", bombs, .job = ENDS(OK), DENIED_BY("clone"),
	    .n = PLAIN, .timeout_ms = SUPPORT_HANGS_MS },
	{ "fork bomb of sessions", bombs, .job = ENDS(OK), DENIED_BY("clone"), .n = SESSIONS,
	    .timeout_ms = SUPPORT_HANGS_MS },
	{ "fork bomb that lingers", bombs_and_lingers, .job = ENDS(OK), DENIED_BY("clone"),
	    .n = SESSIONS, .timeout_ms = SUPPORT_HANGS_MS },
	{ "fork bomb that hangs", bombs_and_hangs, .job = ENDS(TIMED_OUT), DENIED_BY("clone"),
	    .n = FEW_SESSIONS, .timeout_ms = 1000 },
	{ "daemon", leaves_a_daemon, .job = ENDS(OK), DENIED_BY("clone"), .n = 0 },
	{ "daemon, and a crash", leaves_a_daemon, .job = ENDS(CRASHED), DENIED_BY("clone"), .n = 1,
	    .signal = SIGABRT },
	{ "hops from process to process", hops, .job = ENDS(EXITED), DENIED_BY("clone"),
	    .timeout_ms = SUPPORT_HANGS_MS },
	/* pthread_create() calls clone(2) with all signals blocked, SIGSYS too. */
	{ "threads", leaves_a_thread, .job = ENDS(OK), .sandbox = KEPT_OUT, .n = 4 },
	{ "clone", clones, DENIED_BY("clone"), .n = 0 },
	{ "fork, the call", clones, SANDBOX(KEPT_OUT), .denied = "fork", .n = 1 },
	{ "clone, a user namespace", clones, DENIED_BY("clone"), .n = 2 },
	{ "clone3", clones, SANDBOX(ENDS(OK)), .n = 3 },
	{ "system()", clones, SANDBOX(KEPT_OUT), .n = 4 },
};

static void
multiply_and_see(struct attack_scene *scene, const void *arg)
{
	const struct attack *attack = arg;

	attack_run(scene, attack);
	if (scene->is_sandbox)
		ck_assert_uint_eq(atomic_load(&scene->words->processes), 0);
	attack_pids_gone(scene, scene->is_sandbox || attack->fn == leaves_a_thread ? 0 : 1);
}

START_TEST(multiplies)
{
	attack_table_with(multiplying, _i, NULL, multiply_and_see);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("attacks by numbers");
	TCase *tc = support_case("numbers", 60);

	ATTACK_TABLE(tc, multiplies, multiplying);
	suite_add_tcase(suite, tc);
	return attack_main(suite);
}

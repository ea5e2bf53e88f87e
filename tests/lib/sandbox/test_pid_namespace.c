/* SPDX-License-Identifier: BSD-2-Clause */
/* A worker's pid namespace: what jobs see of it, that they cannot hurt init, and how it ends. */
#include "config.h"
#include "tests/support/support.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "tests/support/jail.h"

static struct jail jail;
static pid_t worker;     /* as the system outside knows it */
static int ends[2];      /* of a pipe that all in the namespace have */

/* ---------------------------------------------------------------------------------- in the jobs */

static void
job_is_alone(void)
{
	CHILD_CHECK(getppid() == PID_NAMESPACE_PARENT);
	CHILD_CHECK(getpid() != 1);
	CHILD_DENIED(kill(worker, 0), ESRCH);
	CHILD_DENIED(getpgid(worker), ESRCH);
	CHILD_CHECK(getsid(0) == 0 || getsid(0) == getpid());
}

/* An ordinary user's init has the same user, and the system says that the signal was sent. */
static void
job_attacks_init(void)
{
	struct rlimit limit;

	for (int signo = 1; signo <= SIGRTMAX; signo++)
		if (kill(1, signo) == -1)
			CHILD_CHECK(errno == EPERM || errno == EINVAL);
	(void)kill(-1, SIGSTOP); /* but this process itself, and init */
	CHILD_DENIED(ptrace(PTRACE_ATTACH, 1, NULL, NULL), EPERM);
	CHILD_DENIED(ptrace(PTRACE_SEIZE, 1, NULL, NULL), EPERM);
	CHILD_CHECK(open("/proc/1/mem", O_RDWR) == -1);
	(void)getrlimit(RLIMIT_NOFILE, &limit);
}

/* A process that outlives its parent, and leaves its session. */
static void
job_leaves_daemon(void)
{
	pid_t child = fork();

	CHILD_CHECK(child != -1);
	if (child == 0) {
		(void)setsid();
		CHILD_CHECK(write(ends[1], "", 1) == 1);
		for (;;)
			(void)pause();
	}
}

static void
job_hangs(void)
{
	CHILD_CHECK(write(ends[1], "", 1) == 1);
	for (;;)
		(void)pause();
}

/* -------------------------------------------------------------------------------- in the worker */

static void
worker_sees_little(void)
{
	siginfo_t info;

	worker = getpid();
	jail_enter(&jail, NULL);
	/* init is no child that the worker waits for. */
	CHILD_DENIED(waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT), ECHILD);
	jail_run(&jail, job_is_alone);
	CHILD_CHECK(jail.left.count == 0);
	for (int i = 0; i < 3; i++) {
		jail_run(&jail, job_attacks_init);
		CHILD_CHECK(kill(jail.ns.init, 0) == 0);
	}
	CHILD_CHECK(pipe(ends) == 0);
	for (int i = 0; i < 3; i++) {
		jail_run(&jail, job_leaves_daemon);
		CHILD_CHECK(jail.left.count == 1);
	}
	jail_leave(&jail);
	CHILD_DENIED(waitpid(-1, NULL, __WALL), ECHILD);
}

START_TEST(jobs_are_alone)
{
	if (!user_lacks_namespaces(_i, "pid namespace"))
		user_run(_i, worker_sees_little);
}
END_TEST

static void
worker_loses_init(void)
{
	char byte;
	int status;

	jail_enter(&jail, NULL);
	CHILD_CHECK(pipe(ends) == 0);
	pid_t job = jail_start(&jail, job_hangs);
	CHILD_CHECK(read(ends[0], &byte, 1) == 1);
	/* Only from outside can it be ended; and all in there ends with it. */
	CHILD_CHECK(kill(jail.ns.init, SIGKILL) == 0);
	CHILD_CHECK(waitpid(job, &status, 0) == job);
	CHILD_CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	CHILD_DENIED(pid_namespace_sweep(&jail.ns, &jail.left), EPIPE);
	CHILD_DENIED(fork(), ENOMEM);
	jail_leave(&jail);
}

START_TEST(a_worker_notices_that_init_is_gone)
{
	if (!user_lacks_namespaces(_i, "pid namespace"))
		user_run(_i, worker_loses_init);
}
END_TEST

/* The worker ends with two of the namespace's processes alive. */
static void
worker_dies(void)
{
	jail_enter(&jail, NULL);
	(void)close(ends[0]);
	(void)jail_start(&jail, job_leaves_daemon);
	(void)jail_start(&jail, job_hangs);
	(void)close(ends[1]);
	for (;;)
		(void)pause();
}

/* Starts the worker, and kills it when so many jobs have said that they run: all that have the pipe
   are to end with it. */
static void
worker_killed(int user, void (*body)(void), int jobs)
{
	struct pollfd end = { .events = POLLIN };
	char byte;
	int status;

	ck_assert_int_eq(pipe(ends), 0);
	pid_t pid = user_start(user, body);
	(void)close(ends[1]);
	for (int i = 0; i < jobs; i++)
		ck_assert_int_eq(read(ends[0], &byte, 1), 1);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	/* The pipe is closed when its last writer is dead. */
	end.fd = ends[0];
	ck_assert_int_eq(poll(&end, 1, SUPPORT_HANGS_MS), 1);
	ck_assert_int_eq(read(ends[0], &byte, 1), 0);
	(void)close(ends[0]);
}

/* This process adopts what the worker has left. */
static void
adopted_reap(void)
{
	while (waitpid(-1, NULL, __WALL) > 0)
		continue;
}

START_TEST(all_ends_with_the_worker)
{
	if (user_lacks_namespaces(_i, "pid namespace"))
		return;
	worker_killed(_i, worker_dies, 2);
	adopted_reap();
}
END_TEST

/* A job asks to die with its worker, and does so while init lives. */
static void
worker_that_init_survives(void)
{
	pid_t job;

	CHILD_CHECK(geteuid() == 0 || unshare(CLONE_NEWUSER) == 0);
	CHILD_CHECK(unshare(CLONE_NEWPID) == 0);
	pid_t init = fork();
	if (init == 0) {
		(void)close(ends[1]);
		for (;;)
			(void)pause();
	}
	if ((job = fork()) == 0) {
		CHILD_CHECK(os_die_with_parent(SIGKILL) == 0);
		job_hangs();
	}
	CHILD_CHECK(init > 0 && job > 0);
	(void)close(ends[1]);
	for (;;)
		(void)pause();
}

START_TEST(the_death_signal_reaches_into_a_namespace)
{
	if (user_lacks_namespaces(_i, "pid namespace"))
		return;
	worker_killed(_i, worker_that_init_survives, 1);
	/* init is this process's child by now. */
	pid_t children[8];
	ssize_t n = os_children(children, 8);
	for (ssize_t i = 0; i < n; i++)
		(void)kill(children[i], SIGKILL);
	adopted_reap();
}
END_TEST

static void
init_has_nothing(void)
{
	char path[64];
	int fds = 0;

	CHILD_CHECK(open("/dev/null", O_RDONLY) > 2);
	jail_enter(&jail, NULL);
	CHILD_CHECK(pipe(ends) == 0);
	jail_run(&jail, job_leaves_daemon); /* init has answered, so it is in its loop */
	for (int fd = 0; fd < 64; fd++) {
		(void)snprintf(path, sizeof path, "/proc/%ld/fd/%d", (long)jail.ns.init, fd);
		fds += access(path, F_OK) == 0 || faccessat(AT_FDCWD, path, F_OK,
		    AT_SYMLINK_NOFOLLOW) == 0;
	}
	CHILD_CHECK(fds == 4);
	jail_leave(&jail);
}

START_TEST(init_holds_on_to_nothing)
{
	/* Only root may look. */
	if (!user_missing(USER_ROOT, "descriptors") && !user_lacks_namespaces(USER_ROOT, "init"))
		user_run(USER_ROOT, init_has_nothing);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("pid_namespace");
	TCase *tc = support_case("pid_namespace", 60);

	tcase_add_loop_test(tc, jobs_are_alone, 0, USERS);
	tcase_add_loop_test(tc, a_worker_notices_that_init_is_gone, 0, USERS);
	tcase_add_loop_test(tc, all_ends_with_the_worker, 0, USERS);
	tcase_add_loop_test(tc, the_death_signal_reaches_into_a_namespace, 0, USERS);
	tcase_add_test(tc, init_holds_on_to_nothing);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Heirlooms: a child that is forked while another thread holds their lock is not kept by it. */
#include "config.h"
#include "tests/support/support.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/os/heirloom.h"
#include "tests/support/users.h"

#define SIZE     4096u
#define CHILDREN 200
#define HANGS_S  20

static _Atomic int over;

static void
take_and_leave(void)
{
	void *at = heirloom_private(SIZE);

	CHILD_CHECK(at != NULL && munmap(at, SIZE) == 0);
}

static void *
takes_all_the_time(void *arg)
{
	while (!atomic_load(&over))
		take_and_leave();
	return arg;
}

/* Fork without the C library, which would wait for its own locks; a sanitizer cannot follow. */
static void
forks_meanwhile(long flags)
{
	pthread_t thread;
	int status;

	CHILD_CHECK(pthread_create(&thread, NULL, takes_all_the_time, NULL) == 0);
	for (int i = 0; i < CHILDREN; i++) {
		pid_t pid = (pid_t)syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
		CHILD_CHECK(pid != -1);
		if (pid == 0) {
			take_and_leave();
			_exit(0);
		}
		CHILD_CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	}
	atomic_store(&over, 1);
	CHILD_CHECK(pthread_join(thread, NULL) == 0);
}

static void
in_this_namespace(void)
{
	(void)alarm(HANGS_S);
	forks_meanwhile(0);
}

/* Parent and child are each the first in a namespace: they have the same number. */
static void
with_one_number(void)
{
	int status;

	CHILD_CHECK(unshare(CLONE_NEWPID | (geteuid() != 0 ? CLONE_NEWUSER : 0)) == 0);
	pid_t pid = fork();
	CHILD_CHECK(pid != -1);
	if (pid == 0) {
		CHILD_CHECK(getpid() == 1);
		forks_meanwhile(CLONE_NEWPID);
		_exit(0);
	}
	for (int i = 0; i < 100 * HANGS_S; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			_exit(status == 0 ? 0 : 1);
		(void)usleep(10000);
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	(void)fprintf(stderr, "# as user %ld: a child hangs\n", (long)geteuid());
	_exit(1);
}

START_TEST(a_child_is_not_kept_by_the_lock)
{
	if (!SUPPORT_SANITIZED)
		user_run(USER_OTHER, in_this_namespace);
}
END_TEST

START_TEST(nor_a_child_with_its_parents_number)
{
	if (!SUPPORT_SANITIZED && !user_lacks_namespaces(_i, "numbers"))
		user_run(_i, with_one_number);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("heirloom");
	TCase *tc = support_case("heirloom", 60);

	tcase_add_test(tc, a_child_is_not_kept_by_the_lock);
	tcase_add_loop_test(tc, nor_a_child_with_its_parents_number, 0, USERS);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

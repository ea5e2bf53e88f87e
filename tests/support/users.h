/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * users - run a test as root and as an ordinary user, in a child.
 *
 * A body runs in a forked child that has become that user, and checks with CHILD_CHECK().  A test
 * is a loop test over USERS.  Without root the only user is the ordinary one, who runs the test.
 */
#ifndef FORKPOOL_TESTS_USERS_H
#define FORKPOOL_TESTS_USERS_H

#include <check.h>
#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/lives.h"

#define USERS      2
#define USER_ROOT  0
#define USER_OTHER 1
#define USER_NOBODY 65534

#define CHILD_CHECK(condition) \
	do { \
		if (!(condition)) { \
			(void)fprintf(stderr, "# %s:%d: as user %ld: not so: %s (%s)\n", \
			    __FILE__, __LINE__, (long)geteuid(), #condition, strerror(errno)); \
			_exit(1); \
		} \
	} while (0)

/* A call that must fail, and how. */
#define CHILD_DENIED(call, error) \
	do { \
		errno = 0; \
		CHILD_CHECK((call) == -1); \
		CHILD_CHECK(errno == (error)); \
	} while (0)

/* Say on standard error why a test does nothing; return 1. */
static inline int
skip(const char *test, const char *why)
{
	(void)fprintf(stderr, "# skipped: %s: %s\n", test, why);
	return 1;
}

/* The same where what is tested says so itself: a failure, if the environment has
   FORKPOOL_REQUIRE_SANDBOX. */
static inline int
skip_unless_required(const char *test, const char *why)
{
	ck_assert_msg(getenv("FORKPOOL_REQUIRE_SANDBOX") == NULL, "%s: %s", test, why);
	return skip(test, why);
}

/* Whether this process cannot become that user. */
static inline int
user_missing(int user, const char *test)
{
	return user == USER_ROOT && geteuid() != 0 ? skip(test, "needs root") : 0;
}

static inline void
user_become(int user)
{
	if (user == USER_ROOT || geteuid() != 0)
		return;
	CHILD_CHECK(setgroups(0, NULL) == 0);
	CHILD_CHECK(setresgid(USER_NOBODY, USER_NOBODY, USER_NOBODY) == 0);
	CHILD_CHECK(setresuid(USER_NOBODY, USER_NOBODY, USER_NOBODY) == 0);
	/* As a program is that the user has executed; else /proc/self belongs to root. */
	CHILD_CHECK(prctl(PR_SET_DUMPABLE, 1) == 0);
}

/* 1: this user is not to be had here, or may not make namespaces. */
static inline int
user_lacks_namespaces(int user, const char *test)
{
	int status;

	if (user_missing(user, test))
		return 1;
	pid_t pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		user_become(user);
		_exit(unshare((user == USER_ROOT ? 0 : CLONE_NEWUSER) | CLONE_NEWNET) == -1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status != 0 ? skip(test, "this user may not make namespaces") : 0;
}

/* The user that root's jobs of that worker are. */
static inline long
user_of_worker(pid_t worker)
{
	struct stat st;

	ck_assert_int_eq(stat("/proc/self/ns/pid", &st), 0);
	return 1879048192L + (long)(st.st_ino % 64) * (1L << 22) + (long)worker;
}

/* Fork, become the user, and run body, which may end in _exit(). */
static inline pid_t
user_start(int user, void (*body)(void))
{
	pid_t pid = fork();

	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		user_become(user);
		body();
		_exit(0);
	}
	return pid;
}

static inline void
user_end(pid_t pid)
{
	lives_child(pid);
}

static inline void
user_run(int user, void (*body)(void))
{
	user_end(user_start(user, body));
}

#endif

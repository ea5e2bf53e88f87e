/* SPDX-License-Identifier: BSD-2-Clause */
/* landlocked - tests of Landlock: whether this kernel has a layer, and entering a ruleset. */
#ifndef FORKPOOL_TESTS_LANDLOCKED_H
#define FORKPOOL_TESTS_LANDLOCKED_H

#include <fcntl.h>
#include <sys/prctl.h>

#include "lib/sandbox/landlock.h"
#include "tests/support/users.h"

/* Whether this kernel's Landlock does not give any of these layers; then the test is skipped. */
static inline int
landlock_missing(int layers, const char *test)
{
	struct sandbox_landlock landlock;
	struct landlock_wants wants = { .network = false };

	ck_assert_int_eq(landlock_build(&landlock, &wants, NULL, 0), 0);
	int missing = !(landlock.layers & (unsigned)layers);
	if (missing)
		(void)skip(test,
		    landlock.abi == 0 ? "no Landlock" : "the kernel's Landlock is too old");
	landlock_release(&landlock);
	return missing;
}

/* What this kernel offers, or is to be taken for: landlock_pretend(). */
static inline int
landlock_abi(void)
{
	struct sandbox_landlock landlock;
	struct landlock_wants wants = { .network = false };

	ck_assert_int_eq(landlock_build(&landlock, &wants, NULL, 0), 0);
	int abi = landlock.abi;
	landlock_release(&landlock);
	return abi;
}

/* In a child: build the ruleset, as the child's user, and enter it. */
static inline void
landlocked_enter(const struct landlock_wants *wants)
{
	struct sandbox_landlock landlock;
	char error[256] = "";

	if (landlock_build(&landlock, wants, error, sizeof error) == -1)
		(void)fprintf(stderr, "# %s\n", error);
	CHILD_CHECK(landlock.fd > 2);
	CHILD_CHECK(fcntl(landlock.fd, F_GETFD) & FD_CLOEXEC);
	CHILD_CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHILD_CHECK(landlock_enter(&landlock) == 0);
	landlock_release(&landlock);
	CHILD_CHECK(landlock.fd == -1);
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The fork canary, in a process, its child, and a child of that. */
#include "config.h"
#include "tests/support/support.h"

#include <sys/wait.h>
#include <unistd.h>

#include "lib/os/fork_canary.h"

static void
canary_across_fork(struct canary *c)
{
	int status;

	canary_mark(c, 1);
	ck_assert(canary_holds(c, 1));
	ck_assert(!canary_holds(c, 2));
	canary_mark(c, UINT32_MAX);
	ck_assert(canary_holds(c, UINT32_MAX));
	pid_t pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		if (canary_holds(c, UINT32_MAX) || canary_holds(c, 1))
			_exit(1);
		/* This child marks the page with its own name, as a worker does, and forks. */
		canary_mark(c, 7);
		if (!canary_holds(c, 7) || canary_holds(c, UINT32_MAX))
			_exit(2);
		pid_t second = fork();
		if (second == 0)
			_exit(canary_holds(c, 7) ? 1 : 0);
		if (second == -1 || waitpid(second, &status, 0) != second || status != 0)
			_exit(3);
		_exit(canary_holds(c, 7) ? 0 : 4);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert(canary_holds(c, UINT32_MAX));
}

START_TEST(canary_tells_a_child_from_its_parent)
{
	struct canary c;

	ck_assert_int_eq(canary_create(&c), 0);
	canary_across_fork(&c);
	canary_destroy(&c);
	ck_assert_ptr_null((void *)(uintptr_t)c.page);
	canary_destroy(&c);
}
END_TEST

/* A canary as on a system that cannot wipe a page. */
START_TEST(canary_without_wiping_goes_by_the_process)
{
	static uint64_t page;
	struct canary c = { .page = &page, .wiped = 0 };

	canary_across_fork(&c);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("fork_canary");
	TCase *tc = support_case("fork_canary", 60);

	tcase_add_test(tc, canary_tells_a_child_from_its_parent);
	tcase_add_test(tc, canary_without_wiping_goes_by_the_process);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

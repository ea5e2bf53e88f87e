/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hide [landlock] [seccomp] [userns] [-- command...]: run a command where the kernel seems to have
 * none of these, as in a container; without a command, tell what a process finds there.
 */
#include "config.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/outer_filter.h"

/* A kernel without them answers that; user namespaces are forbidden more often than not there. */
static const struct {
	const char *word;
	struct outer_rule rules[3];
} things[] = {
	{ "landlock", { { 444, OUTER_ANY, 0, ENOSYS }, { 445, OUTER_ANY, 0, ENOSYS },
	    { 446, OUTER_ANY, 0, ENOSYS } } },
	{ "seccomp", { { SYS_seccomp, OUTER_ANY, 0, ENOSYS },
	    { SYS_prctl, PR_SET_SECCOMP, 0, EINVAL }, { SYS_prctl, PR_GET_SECCOMP, 0, EINVAL } } },
	/* clone3() has its flags in memory, where a filter does not see them. */
	{ "userns", { { SYS_unshare, CLONE_NEWUSER, OUTER_BITS, EPERM },
	    { SYS_clone, CLONE_NEWUSER, OUTER_BITS, EPERM }, { 435, OUTER_ANY, 0, ENOSYS } } },
};
#define THINGS (sizeof things / sizeof things[0])
#define EACH   (sizeof things[0].rules / sizeof things[0].rules[0])

/* Whether a process may do that; the answer is its last word. */
static int
child_can(int (*act)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(act() == -1);
	return pid != -1 && waitpid(pid, &status, 0) == pid && status == 0;
}

static int
take_filter(void)
{
	return outer_filter_enter(NULL, 0);
}

static int
take_user_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

static int
tell(void)
{
	long abi = syscall(444, NULL, 0, 1);

	(void)printf("Landlock ABI %ld, seccomp filters: %s, user namespaces: %s\n",
	    abi == -1 ? 0 : abi, child_can(take_filter) ? "yes" : "no",
	    child_can(take_user_namespace) ? "yes" : "no");
	return 0;
}

int
main(int argc, char **argv)
{
	struct outer_rule rules[THINGS * EACH];
	size_t n = 0;
	int at = 1;

	for (; at < argc && strcmp(argv[at], "--") != 0; at++) {
		size_t i = 0;
		while (i < THINGS && strcmp(argv[at], things[i].word) != 0)
			i++;
		if (i == THINGS || n == THINGS * EACH) {
			(void)fprintf(stderr, "hide: %s?\n", argv[at]);
			return 125;
		}
		memcpy(rules + n, things[i].rules, sizeof things[i].rules);
		n += EACH;
	}
	/* All in one: a second filter would find that the first hides seccomp. */
	if (n > 0 && outer_filter_enter(rules, n) == -1) {
		perror("hide: the filter");
		return 125;
	}
	if (at + 1 >= argc)
		return tell();
	(void)execv(argv[at + 1], argv + at + 1);
	perror(argv[at + 1]);
	return 127;
}

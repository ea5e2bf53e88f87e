/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jobs that may execute programs, and so may call setuid() and its kin, try to become somebody
 * else: in each identity that a job can have, they become only who they are.
 */
#include "config.h"
#include "tests/support/attack.h"
#include "tests/support/users.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SAME ((uid_t)-1)

/* EINVAL: an id that this user namespace does not have. */
#define MUST_FAIL(call) ATTACK_MUST((call) == -1 && (errno == EPERM || errno == EINVAL))

/* 0, or what forkpool_fail() returned. */
static int
keeps_itself(struct forkpool_context *context, uid_t uid, gid_t gid)
{
	struct { uint32_t version; int32_t pid; } header = { 0x20080522, 0 };
	struct { uint32_t effective, permitted, inheritable; } sets[2];
	uid_t u[3];
	gid_t g[3];

	ATTACK_MUST(getresuid(&u[0], &u[1], &u[2]) == 0 && getresgid(&g[0], &g[1], &g[2]) == 0);
	ATTACK_MUST(u[0] == uid && u[1] == uid && u[2] == uid);
	ATTACK_MUST(g[0] == gid && g[1] == gid && g[2] == gid);
	ATTACK_MUST(syscall(SYS_capget, &header, sets) == 0);
	for (int i = 0; i < 2; i++)
		ATTACK_MUST((sets[i].effective | sets[i].permitted | sets[i].inheritable) == 0);
	ATTACK_MUST(prctl(PR_GET_DUMPABLE) == 0);
	ATTACK_MUST(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	return 0;
}

static int
becomes_user(struct forkpool_context *context, uid_t id)
{
	MUST_FAIL(setuid(id));
	MUST_FAIL(setreuid(id, SAME));
	MUST_FAIL(setreuid(SAME, id));
	MUST_FAIL(setresuid(id, SAME, SAME));
	MUST_FAIL(setresuid(SAME, id, SAME));
	MUST_FAIL(setresuid(SAME, SAME, id));
	MUST_FAIL(syscall(SYS_setfsuid, id));
	return 0;
}

static int
becomes_group(struct forkpool_context *context, gid_t id)
{
	MUST_FAIL(setgid(id));
	MUST_FAIL(setregid(id, SAME));
	MUST_FAIL(setregid(SAME, id));
	MUST_FAIL(setresgid(id, SAME, SAME));
	MUST_FAIL(setresgid(SAME, id, SAME));
	MUST_FAIL(setresgid(SAME, SAME, id));
	MUST_FAIL(syscall(SYS_setfsgid, id));
	MUST_FAIL(setgroups(1, &id));
	return 0;
}

/* args: its user and group, where they are known. */
static int
becomes(struct forkpool_context *context, const void *args, size_t args_len)
{
	const uid_t uid = getuid(), others[] = { 0, 1, 3001, 3003, USER_NOBODY, uid + 1 };
	const gid_t gid = getgid();
	uid_t expected[2];
	int failed = 0;

	ATTACK_MUST(args_len == sizeof expected);
	memcpy(expected, args, sizeof expected);
	ATTACK_MUST(expected[0] == SAME || expected[0] == uid);
	ATTACK_MUST(expected[1] == SAME || expected[1] == gid);
	if ((failed = keeps_itself(context, uid, gid)) != 0)
		return failed;
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		if (others[i] != uid && (failed = becomes_user(context, others[i])) != 0)
			return failed;
		if (others[i] != gid && (failed = becomes_group(context, others[i])) != 0)
			return failed;
	}
	MUST_FAIL(setgroups(0, NULL));
	MUST_FAIL(prctl(PR_SET_KEEPCAPS, 1));
	MUST_FAIL(prctl(PR_SET_SECUREBITS, 0x10));
	MUST_FAIL(syscall(SYS_clone, SIGCHLD | CLONE_NEWUSER, 0, 0, 0, 0));

	ATTACK_MUST(setgid(gid) == 0 && setregid(gid, gid) == 0 && setresgid(gid, gid, gid) == 0);
	ATTACK_MUST(setuid(uid) == 0 && setreuid(uid, uid) == 0 && setresuid(uid, uid, uid) == 0);
	/* As posix_spawn() does it with POSIX_SPAWN_RESETIDS. */
	ATTACK_MUST(setresuid(SAME, uid, SAME) == 0 && setresgid(SAME, gid, SAME) == 0);
	return keeps_itself(context, uid, gid);
}

/* Who opens the pool, and what for. */
static const struct who {
	const char *name;
	int root;             /* only root can become this caller, or ask for this */
	int user;             /* of users.h */
	uid_t real, saved;    /* of users and groups; else 0: those of the user */
	struct forkpool_sandbox sandbox;
	uid_t uid;            /* that jobs are to have, and the group; SAME: any */
	gid_t gid;
} callers[] = {
	{ "a user for each worker", 1, USER_ROOT, .uid = SAME, .gid = USER_NOBODY },
	{ "a user that root names", 1, USER_ROOT, .sandbox = { .uid = 3001, .gid = 3002 },
	    .uid = 3001, .gid = 3002 },
	{ "root", 1, USER_ROOT, .sandbox = { .uid = SAME, .gid = SAME } },
	{ "an ordinary user", 0, USER_OTHER, .uid = SAME, .gid = SAME },
	{ "an ordinary user, who runs a program of another", 1, USER_OTHER, 3001, 3003,
	    .uid = USER_NOBODY, .gid = USER_NOBODY },
	{ "an ordinary user, who was root", 1, USER_OTHER, USER_NOBODY, 0, .uid = USER_NOBODY,
	    .gid = USER_NOBODY },
	{ "root, who was called by a user", 1, USER_ROOT, 3001, 0,
	    .sandbox = { .uid = SAME, .gid = SAME } },
};
#define CALLERS ((int)(sizeof callers / sizeof callers[0]))
#define SHAPES  3 /* with the system's root, with one of its own, with namespaces */

static void
become_caller(const struct who *who)
{
	if (who->real == 0) {
		user_become(who->user);
		return;
	}
	const uid_t effective = who->user == USER_ROOT ? 0 : USER_NOBODY;
	CHILD_CHECK(setgroups(0, NULL) == 0);
	CHILD_CHECK(setresgid(who->real, effective, who->saved) == 0);
	CHILD_CHECK(setresuid(who->real, effective, who->saved) == 0);
	CHILD_CHECK(prctl(PR_SET_DUMPABLE, 1) == 0);
}

START_TEST(becomes_itself_alone)
{
	static const char *const readable[] = { "/usr", NULL };
	const struct who *who = &callers[_i / SHAPES];
	struct forkpool_options options = support_options(1);
	struct forkpool_sandbox sandbox = who->sandbox;
	const uid_t expected[2] = { who->uid, who->gid };
	char error[512] = "";

	if (who->root && user_missing(USER_ROOT, who->name))
		return;
	if (_i % SHAPES != 0 && user_lacks_namespaces(who->user, who->name))
		return;
	options.isolation = FORKPOOL_ISOLATE_SANDBOX;
	options.sandbox = &sandbox;
	sandbox.exec = 1;
	sandbox.readable = readable;
	sandbox.private_root = _i % SHAPES == 1;
	sandbox.namespaces = _i % SHAPES == 2;
	pid_t pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		become_caller(who);
		struct forkpool *pool = forkpool_open(&options, error, sizeof error);
		if (pool == NULL && errno == ENOTSUP && getenv("FORKPOOL_REQUIRE_SANDBOX") == NULL)
			_exit(skip(who->name, error) - 1);
		ck_assert_msg(pool != NULL, "%s: %s", who->name, error);
		(void)support_submit(pool, becomes, expected, sizeof expected);
		const struct forkpool_result *result = support_wait(pool);
		ck_assert_msg(result->outcome == FORKPOOL_OK, "%s: %s: %s", who->name,
		    forkpool_outcome_name(result->outcome), result->message);
		(void)forkpool_close(pool);
		_exit(0);
	}
	lives_child(pid);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("attacks on who a job is");
	TCase *tc = support_case("user", 60);

	tcase_add_loop_test(tc, becomes_itself_alone, 0, CALLERS * SHAPES);
	suite_add_tcase(suite, tc);
	return attack_main(suite);
}

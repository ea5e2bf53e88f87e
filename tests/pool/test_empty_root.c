/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A caller whose root directory holds nothing: what a pool lacks there is named, and a pool that
 * was opened before goes on.
 */
#include "config.h"
#include "tests/support/lives.h"
#include "tests/support/support.h"
#include "tests/support/users.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64];

static void
put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	CHILD_CHECK(fd != -1 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	(void)close(fd);
}

/* In a child: mount an empty root directory, or one with /dev/null.  An ordinary user is root for
   that, in a user namespace of its own. */
static void
root_make(int with_null)
{
	char map[64];
	uid_t user = geteuid();
	gid_t group = getegid();

	CHILD_CHECK(unshare((user == 0 ? 0 : CLONE_NEWUSER) | CLONE_NEWNS) == 0);
	if (user != 0) {
		put("/proc/self/setgroups", "deny");
		(void)snprintf(map, sizeof map, "0 %u 1", (unsigned)user);
		put("/proc/self/uid_map", map);
		(void)snprintf(map, sizeof map, "0 %u 1", (unsigned)group);
		put("/proc/self/gid_map", map);
	}
	CHILD_CHECK(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	CHILD_CHECK(mount("none", root, "tmpfs", 0, "mode=0755") == 0);
	if (with_null) {
		char path[80];
		(void)snprintf(path, sizeof path, "%s/dev", root);
		CHILD_CHECK(mkdir(path, 0755) == 0);
		(void)snprintf(path, sizeof path, "%s/dev/null", root);
		int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
		CHILD_CHECK(fd != -1 && close(fd) == 0);
		CHILD_CHECK(mount("/dev/null", path, NULL, MS_BIND, NULL) == 0);
	}
}

static void
root_enter(void)
{
	CHILD_CHECK(chroot(root) == 0 && chdir("/") == 0);
}

static void
assert_lacks(struct forkpool_options *options, int error, const char *names)
{
	char text[256] = "";

	errno = 0;
	CHILD_CHECK(forkpool_open(options, text, sizeof text) == NULL);
	if (errno != error || strstr(text, names) == NULL)
		(void)fprintf(stderr, "# %d: %s\n", errno, text);
	CHILD_CHECK(errno == error && strstr(text, names) != NULL);
}

static void
nothing_there(void)
{
	struct forkpool_options options = support_options(2);

	root_make(0);
	root_enter();
	for (int output = FORKPOOL_OUTPUT_INHERIT; output <= FORKPOOL_OUTPUT_CAPTURE; output++) {
		options.output = (enum forkpool_output)output;
		assert_lacks(&options, ENOENT, "/dev/null is missing");
	}
}

static void
null_alone(void)
{
	struct forkpool_options options = support_options(2);

	root_make(1);
	root_enter();
	options.output = FORKPOOL_OUTPUT_CAPTURE;
	if (support_level() == FORKPOOL_ISOLATE_JOB)
		assert_lacks(&options, ENOENT, "/proc");
	else if (support_level() == FORKPOOL_ISOLATE_WORKER)
		lives_whole(&options);
	options.limits.memory = (int64_t)64 << 20;
	assert_lacks(&options, ENOTSUP, "/proc/self/statm");
}

static int
tells_parent(struct forkpool_context *context, const void *args, size_t args_len)
{
	pid_t parent = getppid();

	(void)args;
	(void)args_len;
	return forkpool_reply(context, &parent, sizeof parent);
}

/* A supervisor that takes another's place is a copy of the caller, and in the same directory. */
static void
leaves_later(void)
{
	struct forkpool_options options = support_options(2);

	if (support_own_process())
		return; /* workers of the new supervisor would lack /proc */
	root_make(0);
	struct forkpool *pool = support_open(&options);
	lives_double(pool, 20);
	pid_t supervisor = support_supervisor(pool);
	root_enter();
	lives_crash(pool);
	lives_double(pool, 20);
	CHILD_CHECK(supervisor > 0 && kill(supervisor, SIGKILL) == 0);
	pid_t next = supervisor;
	while (next == supervisor) {
		(void)support_submit(pool, tells_parent, NULL, 0);
		const struct forkpool_result *result = support_wait(pool);
		if (result->outcome == FORKPOOL_OK)
			memcpy(&next, result->value, sizeof next);
		else
			CHILD_CHECK(strstr(result->message, "supervisor was killed") != NULL);
	}
	lives_double(pool, 20);
	CHILD_CHECK(forkpool_close(pool) == 0);
}

static void (*const cases[])(void) = { nothing_there, null_alone, leaves_later };

START_TEST(what_is_missing_is_named)
{
	const int user = _i % USERS;

	if (user_lacks_namespaces(user, "an empty root directory"))
		return;
	(void)snprintf(root, sizeof root, "/tmp/test_empty_root.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	ck_assert_int_eq(chmod(root, 0755), 0);
	user_run(user, cases[_i / USERS]);
	ck_assert_int_eq(rmdir(root), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("empty root");
	TCase *tc = support_case("empty root", 60);

	tcase_add_loop_test(tc, what_is_missing_is_named, 0,
	    USERS * (int)(sizeof cases / sizeof cases[0]));
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jobs with paths of their own: each has its pool's and its own, and none of another job's, with
 * the Landlock of this kernel and with older ones, as root and as an ordinary user.
 */
#include "config.h"
#include "tests/support/attack.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/sandbox/landlock.h"
#include "tests/support/users.h"

#define JOBS 40

/* A directory for everybody: shared/all, of the pool; own/0 .. own/3, of single jobs. */
static char base[] = "/tmp/test_job_paths.XXXXXX";

#define FILES 5
static const char *const files[FILES] = { "shared/all", "own/0", "own/1", "own/2/below", "own/3" };

static const char *
path_of(const char *name)
{
	static char paths[8][PATH_MAX];
	static unsigned next;
	char *path = paths[next++ % 8];

	(void)snprintf(path, PATH_MAX, "%s/%s", base, name);
	return path;
}

static void
tree_make(void)
{
	static const char *const directories[] = { "", "shared", "own", "own/2" };
	ck_assert_ptr_nonnull(mkdtemp(base));
	for (size_t i = 0; i < sizeof directories / sizeof directories[0]; i++) {
		(void)mkdir(path_of(directories[i]), 0777);
		ck_assert_int_eq(chmod(path_of(directories[i]), 0777), 0);
	}
	for (size_t i = 0; i < FILES; i++) {
		int fd = open(path_of(files[i]), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
		ck_assert_int_ne(fd, -1);
		ck_assert_int_eq(write(fd, files[i], strlen(files[i])), (ssize_t)strlen(files[i]));
		ck_assert_int_eq(fchmod(fd, 0666), 0);
		(void)close(fd);
	}
	ck_assert_int_eq(symlink("0", path_of("own/link")), 0);
	ck_assert_int_eq(symlink("2", path_of("own/way")), 0);
}

static void
tree_remove(void)
{
	static const char *const names[] = { "own/2/below", "own/2/made", "own/2", "own/0", "own/1",
		"own/3", "own/link", "own/way", "own", "shared/all", "shared", "" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		(void)remove(path_of(names[i]));
}

/* What a job tries: a letter for each file of what it can do.  'r': read, 'w': write, '-': none. */
static int
tries(struct forkpool_context *context, const void *args, size_t args_len)
{
	const char *expected = args;
	char got[FILES + 1] = "";

	for (size_t i = 0; i < FILES; i++) {
		int reads = open(path_of(files[i]), O_RDONLY | O_CLOEXEC);
		int writes = open(path_of(files[i]), O_WRONLY | O_CLOEXEC);
		got[i] = writes != -1 ? 'w' : reads != -1 ? 'r' : '-';
		if (reads != -1)
			(void)close(reads);
		if (writes != -1)
			(void)close(writes);
	}
	for (int fd = 3; fd < 1024; fd++)
		if (support_fd_is_open(fd))
			return forkpool_fail(context, EBADF, "descriptor %d is open", fd);
	if (expected[FILES] == '+' &&
	    (mkdir(path_of("own/2/made"), 0700) == -1 || rmdir(path_of("own/2/made")) == -1) &&
	    errno != EEXIST && errno != ENOENT) /* by another job, at the same time */
		return forkpool_fail(context, errno, "cannot make a directory");
	if (args_len < sizeof got || strncmp(got, expected, sizeof got - 1) != 0)
		return forkpool_fail(context, EACCES, "%s instead of %.*s, %zu bytes", got,
		    (int)sizeof got - 1, expected, args_len);
	return forkpool_reply(context, args, args_len);
}

/* The paths of a job by what it is to have: expected[1] to [4] are own/0 to own/3. */
static struct forkpool_job
job_with(const char *const *readable, const char *const *writable, const char *args,
    size_t len)
{
	return (struct forkpool_job){ .fn = tries, .args = args, .args_len = len,
		.readable = readable, .writable = writable };
}

static struct forkpool_options
options_with(struct forkpool_sandbox *sandbox, int exec)
{
	static const char *shared[2];
	struct forkpool_options options = support_options(2);

	shared[0] = path_of("shared");
	*sandbox = (struct forkpool_sandbox){ .readable = shared, .exec = exec, .job_paths = 1 };
	options.isolation = FORKPOOL_ISOLATE_SANDBOX;
	options.sandbox = sandbox;
	return options;
}

/* Many jobs, one after the other and at the same time, with these paths and those and none. */
static void
run_all(int exec)
{
	static char large[200000] = "rr---";
	const char *zero[] = { path_of("own/0"), NULL };
	const char *one_and_two[] = { path_of("own/1"), path_of("own/2"), NULL };
	const char *three[] = { path_of("own/3"), NULL }, *nothing[] = { NULL };
	const struct forkpool_job jobs[] = {
		job_with(NULL, NULL, "r----", 6),
		job_with(zero, NULL, "rr---", 6),
		job_with(NULL, one_and_two, "r-ww-+", 7),
		job_with(nothing, three, "r---w", 6),
		job_with(zero, one_and_two, "rrww-", 6),
		job_with(zero, NULL, large, sizeof large),
		job_with(nothing, nothing, "r----", 6),
	};
	const size_t kinds = sizeof jobs / sizeof jobs[0];
	struct forkpool_sandbox sandbox;
	struct forkpool_options options = options_with(&sandbox, exec);
	struct forkpool *pool = support_open(&options);

	for (size_t i = 0; i < JOBS * kinds; i++) {
		struct forkpool_job job = jobs[i * 5 % kinds];
		job.user = (void *)(uintptr_t)&jobs[i * 5 % kinds];
		CHILD_CHECK(forkpool_submit(pool, &job, NULL) == 1);
		const struct forkpool_result *r = i < kinds * 2 ? NULL : support_wait(pool);
		if (r == NULL)
			continue;
		const struct forkpool_job *of = r->user;
		if (r->outcome != FORKPOOL_OK)
			(void)fprintf(stderr, "# %s\n", r->message);
		CHILD_CHECK(r->outcome == FORKPOOL_OK);
		CHILD_CHECK(r->value_len == of->args_len);
		CHILD_CHECK(memcmp(r->value, of->args, of->args_len) == 0);
	}
	CHILD_CHECK(forkpool_close(pool) == 0);
}

/* A path that is not there, or by way of a symbolic link: the job says so, and others run. */
static void
run_wrong(void)
{
	static const struct {
		const char *name;
		int error;
	} rows[] = {
		{ "own/nothing", ENOENT }, { "own/link", ELOOP }, { "own/way/below", ELOOP },
		{ "own/0/below", ENOTDIR },
	};
	struct forkpool_sandbox sandbox;
	struct forkpool_options options = options_with(&sandbox, 0);
	struct forkpool *pool = support_open(&options);

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *wrong[] = { path_of("own/0"), path_of(rows[i].name), NULL };
		struct forkpool_job job = job_with(wrong, NULL, "rr---", 6);
		CHILD_CHECK(forkpool_submit(pool, &job, NULL) == 1);
		const struct forkpool_result *r = support_wait(pool);
		CHILD_CHECK(r->outcome == FORKPOOL_SETUP_FAILED && r->error == rows[i].error);
		CHILD_CHECK(strstr(r->message, wrong[1]) != NULL);
		CHILD_CHECK((strstr(r->message, "symbolic link") != NULL) ==
		    (rows[i].error == ELOOP));
		job = job_with(NULL, NULL, "r----", 6);
		CHILD_CHECK(forkpool_submit(pool, &job, NULL) == 1);
		CHILD_CHECK(support_wait(pool)->outcome == FORKPOOL_OK);
	}
	CHILD_CHECK(forkpool_close(pool) == 0);
}

static void
run_bodies(void)
{
	/* Of this kernel, and before Linux 6.2 and 6.7. */
	static const int abis[] = { INT_MAX, 3, 1 };

	for (size_t i = 0; i < sizeof abis / sizeof abis[0]; i++) {
		landlock_pretend(abis[i]);
		run_all(0);
		run_all(1);
		run_wrong();
	}
}

/* Whether a sandbox without such paths holds files by Landlock here, as it must where the kernel
   says that it has Landlock: then one with them must. */
static int
is_possible(void)
{
	static const char *const readable[] = { "/usr", NULL };
	const struct forkpool_sandbox sandbox = { .readable = readable };
	struct forkpool_options options = support_options(1);

	if (!attack_mode_possible(ATTACK_SANDBOX))
		return 0;
	options.isolation = FORKPOOL_ISOLATE_SANDBOX;
	options.sandbox = &sandbox;
	struct forkpool *pool = support_open(&options);
	const int by_landlock = (forkpool_mechanisms(pool) & FORKPOOL_FILES_BY_LANDLOCK) != 0;
	ck_assert_int_eq(forkpool_close(pool), 0);
	if (syscall(444 /* landlock_create_ruleset */, NULL, 0, 1) > 0)
		ck_assert_int_eq(by_landlock, 1);
	return by_landlock || !skip("job paths", "no Landlock");
}

START_TEST(each_has_its_own)
{
	tree_make();
	if (!user_missing(_i, "job paths") && is_possible())
		user_run(_i, run_bodies);
	tree_remove();
}
END_TEST

START_TEST(what_is_refused)
{
	const char *many[LANDLOCK_HELD_MAX + 2], *own[258];
	struct forkpool_sandbox sandbox = { .job_paths = 1, .private_root = 1 };
	struct forkpool_options options = support_options(1);
	struct forkpool_job job = { .fn = support_job_nothing, .readable = own };
	char error[256];

	options.isolation = FORKPOOL_ISOLATE_SANDBOX;
	options.sandbox = &sandbox;
	ck_assert_ptr_null(forkpool_open(&options, error, sizeof error));
	ck_assert_int_eq(errno, EINVAL);
	sandbox.private_root = 0;
	options.isolation = FORKPOOL_ISOLATE_JOB;
	ck_assert_ptr_null(forkpool_open(&options, error, sizeof error));
	ck_assert_int_eq(errno, EINVAL);
	for (size_t i = 0; i < LANDLOCK_HELD_MAX + 1; i++)
		many[i] = "/";
	many[LANDLOCK_HELD_MAX + 1] = NULL;
	sandbox.readable = many;
	options.isolation = FORKPOOL_ISOLATE_SANDBOX;
	if (!is_possible())
		return;
	ck_assert_ptr_null(forkpool_open(&options, error, sizeof error));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_ptr_nonnull(strstr(error, "no more than 64"));
	sandbox.readable = many + 1;
	struct forkpool *pool = support_open(&options);
	for (size_t i = 0; i < 256; i++)
		own[i] = "/";
	own[256] = NULL;
	ck_assert_int_eq(forkpool_submit(pool, &job, NULL), -1);
	ck_assert_int_eq(errno, EINVAL);
	own[255] = NULL;
	ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
	ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("paths of single jobs");
	TCase *tc = support_case("job paths", 120);

	tcase_add_loop_test(tc, each_has_its_own, 0, USERS);
	tcase_add_test(tc, what_is_refused);
	suite_add_tcase(suite, tc);
	return attack_main(suite);
}

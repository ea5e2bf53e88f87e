/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jobs that attack their descriptors, and the pool's if they had any: the next job has good ones.
 */
#include "config.h"
#include "tests/support/attack.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/sandbox/landlock.h"
#include "tests/support/lives.h"
#include "tests/support/users.h"

static int
looks_for_descriptors(struct forkpool_context *context, const void *args, size_t args_len)
{
	char byte;

	(void)attack_known(args, args_len);
	for (int fd = 3; fd < 4096; fd++)
		if (support_fd_is_open(fd))
			return attack_through(context, "a descriptor that is open", fd);
	if (read(STDIN_FILENO, &byte, 1) != 0)
		return attack_through(context, "read(0)", byte);
	return 0;
}

/* Flags belong to the open file: where other processes share it they would change for those too. */
static int
changes_descriptors(struct forkpool_context *context, const void *args, size_t args_len)
{
	int64_t n = attack_known(args, args_len)->n;
	char path[32], block[8192];

	(void)context;
	for (int fd = 0; fd < 3; fd++) {
		(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		switch (n) {
		case 0:
			(void)fcntl(fd, F_SETFL, O_NONBLOCK | O_APPEND);
			break;
		case 1:
			(void)fcntl(fd, F_SETPIPE_SZ, 4096);
			break;
		case 2:
			(void)fcntl(fd, F_SETOWN, attack_known(args, args_len)->worker[0]);
			(void)fcntl(fd, F_SETFL, O_ASYNC);
			(void)write(STDOUT_FILENO, "x", 1);
			break;
		case 3: { /* read its own output back, so that the worker waits for the output */
			int again = open(path, O_RDWR | O_NONBLOCK);
			while (again != -1 && read(again, block, sizeof block) > 0)
				continue;
			break;
		}
		case 4: /* fill it to its limit and leave it so */
			(void)fcntl(fd, F_SETFL, O_NONBLOCK);
			memset(block, 'c', sizeof block);
			for (int i = 0; i < 100; i++)
				(void)!write(fd, block, sizeof block);
			break;
		default:
			(void)flock(fd, LOCK_EX | LOCK_NB);
			(void)lockf(fd, F_TLOCK, 0);
			(void)ftruncate(fd, 0);
			(void)lseek(fd, 100000, SEEK_SET);
			break;
		}
	}
	return 0;
}

static const struct attack descriptors[] = {
	{ "looks for descriptors", looks_for_descriptors, BOTH(ENDS(OK)) },
	{ "sets flags", changes_descriptors, BOTH(KEPT_OUT), .n = 0 },
	{ "makes a pipe small", changes_descriptors, BOTH(KEPT_OUT), .n = 1 },
	/* At JOB the job could as well send the signals itself. */
	{ "has signals sent", changes_descriptors, SANDBOX(KEPT_OUT), .n = 2 },
	{ "reopens", changes_descriptors, BOTH(KEPT_OUT), .n = 3 },
	{ "fills and does not wait", changes_descriptors, BOTH(KEPT_OUT), .n = 4 },
	{ "locks and seeks", changes_descriptors, BOTH(KEPT_OUT), .n = 5 },
};

static void
descriptors_and_see(struct attack_scene *scene, const void *arg)
{
	static const struct attack prints = { "prints after it", attack_job_prints,
		BOTH(ENDS(OK)) };

	for (int i = 0; i < 3; i++) {
		attack_run(scene, arg);
		attack_run(scene, &prints);
		if (scene->result.output_len > 0) {
			ck_assert_uint_eq(scene->result.output_len, ATTACK_PRINTS);
			ck_assert_uint_eq(strspn(scene->result.output, "p"), ATTACK_PRINTS);
		}
	}
}

START_TEST(spoils_its_descriptors)
{
	for (int output = FORKPOOL_OUTPUT_DISCARD; output <= FORKPOOL_OUTPUT_CAPTURE; output++) {
		struct forkpool_options options = support_options(2);
		options.output = (enum forkpool_output)output;
		attack_table_with(descriptors, _i, &options, descriptors_and_see);
	}
}
END_TEST

/* What a job gets: the numbers of the descriptor of a file, and of its directory (-1: none). */
struct held {
	int file, directory;
};

static char outside[] = "/tmp/attacks-descriptors.XXXXXX";

/* The file behind a descriptor lies outside of a private root, on a mount that may be written. */
static int
opens_anew(struct forkpool_context *context, const void *args, size_t args_len)
{
	char path[40], byte;
	const struct held *held = args;
	int fd = held->file;

	(void)args_len;
	if (read(fd, &byte, 1) != 1)
		return forkpool_fail(context, errno, "its own descriptor");
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (open(path, O_WRONLY | O_TRUNC) != -1 || open(path, O_RDWR) != -1)
		return forkpool_fail(context, EBADMSG, "opened it for writing");
	if (truncate(path, 0) != -1)
		return forkpool_fail(context, EBADMSG, "cut it");
	(void)snprintf(path, sizeof path, "../tmp/%s", strrchr(outside, '/') + 1);
	if (held->directory != -1 && openat(held->directory, path, O_WRONLY) != -1)
		return forkpool_fail(context, EBADMSG, "opened it from its directory");
	return 0;
}

/* Without Landlock nothing holds a directory's descriptor. */
static void
pool_with_a_descriptor(int abi, const char *const *readable)
{
	int fd = open(outside, O_RDONLY), directory = abi == 0 ? -1 : open("/tmp", O_RDONLY);
	int fds[] = { fd, directory, -1 };
	const struct held held = { fd, directory };
	const struct forkpool_sandbox sandbox = { .private_root = 1, .readable = readable };
	struct forkpool_options options = support_options(1);
	struct stat st;

	ck_assert_int_gt(fd, 2);
	options.isolation = FORKPOOL_ISOLATE_SANDBOX;
	options.sandbox = &sandbox;
	options.descriptors = fds;
	landlock_pretend(abi);
	struct forkpool *pool = support_open(&options);
	(void)support_submit(pool, opens_anew, &held, sizeof held);
	const struct forkpool_result *result = support_wait(pool);
	ck_assert_msg(result->outcome == FORKPOOL_OK, "ABI %d, %s: %s: %s", abi,
	    readable[0] != NULL ? readable[0] : "no path",
	    forkpool_outcome_name(result->outcome), result->message);
	ck_assert_int_eq(forkpool_close(pool), 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_size, 4);
	(void)close(fd);
	if (directory != -1)
		(void)close(directory);
}

/* With the Landlock of this kernel; of one before Linux 6.2, which does not see truncation; and
   without any, where the private root has no /proc. */
static void
pools_with_a_descriptor(void)
{
	static const int abis[] = { INT_MAX, 2, 0 };
	static const char *const nothing[] = { NULL }, *const some[] = { "/usr", NULL },
		*const all[] = { "/", NULL };
	static const char *const *const readable[] = { nothing, some, all };

	for (size_t i = 0; i < sizeof abis / sizeof abis[0]; i++)
		for (size_t j = 0; j < sizeof readable / sizeof readable[0]; j++)
			if (abis[i] > 0 || readable[j] != all)
				pool_with_a_descriptor(abis[i], readable[j]);
	landlock_pretend(INT_MAX);
}

/* By an ordinary user, whose file it is, and by root. */
START_TEST(opens_a_descriptor_anew)
{
	if (SUPPORT_SANITIZED || user_lacks_namespaces(_i, "private root"))
		return;
	int fd = mkstemp(outside);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, "data", 4), 4);
	ck_assert_int_eq(fchmod(fd, 0666), 0);
	(void)close(fd);
	user_run(_i, pools_with_a_descriptor);
	ck_assert_int_eq(unlink(outside), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("attacks on descriptors");
	TCase *tc = support_case("descriptors", 60);

	ATTACK_TABLE(tc, spoils_its_descriptors, descriptors);
	tcase_add_loop_test(tc, opens_a_descriptor_anew, 0, USERS);
	suite_add_tcase(suite, tc);
	return attack_main(suite);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jobs that attack their descriptors, and the pool's if they had any: the next job has good ones.
 */
#include "config.h"
#include "tests/support/attack.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

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

int
main(void)
{
	Suite *suite = suite_create("attacks on descriptors");
	TCase *tc = support_case("descriptors", 60);

	ATTACK_TABLE(tc, spoils_its_descriptors, descriptors);
	suite_add_tcase(suite, tc);
	return attack_main(suite);
}

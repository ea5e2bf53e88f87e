/* SPDX-License-Identifier: BSD-2-Clause */
/* Jobs that attack their descriptors, and those of the pool if there were any: the next job has good ones. */
#include "config.h"
#include "tests/support/attack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define BOTH(ends) .job = (ends), .sandbox = (ends)

/* Without fcntl(2), which a sandbox may deny: a descriptor that is open can be read from or written to. */
static int
is_open(int fd)
{
	char byte;

	return read(fd, &byte, 0) != -1 || errno != EBADF || write(fd, &byte, 0) != -1 ||
	    errno != EBADF;
}

static int
looks_for_descriptors(struct forkpool_context *context, const void *args, size_t args_len)
{
	char byte;

	(void)attack_known(args, args_len);
	for (int fd = 3; fd < 4096; fd++)
		if (is_open(fd))
			return attack_through(context, "a descriptor that is open", fd);
	if (read(STDIN_FILENO, &byte, 1) != 0)
		return attack_through(context, "read(0)", byte);
	return 0;
}

/* Flags of a description that others use as well would be changed for them too. */
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
		case 3: { /* its own output, read back, so that the worker waits for it */
			int again = open(path, O_RDWR | O_NONBLOCK);
			while (again != -1 && read(again, block, sizeof block) > 0)
				continue;
			break;
		}
		case 4: /* at its limit, and left so */
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

static int
prints_until_it_ends(struct forkpool_context *context, const void *args, size_t args_len)
{
	static char block[65536];

	(void)attack_known(args, args_len);
	memset(block, 'p', sizeof block);
	for (int i = 0; i < 64; i++)
		if (write(i % 2 ? STDOUT_FILENO : STDERR_FILENO, block, sizeof block) !=
		    sizeof block)
			return errno;
	return forkpool_reply(context, "p", 1) == -1 ? errno : 0;
}

static const struct attack descriptors[] = {
	{ "looks for descriptors", looks_for_descriptors, BOTH(ENDS(OK)) },
	{ "sets flags", changes_descriptors, BOTH(KEPT_OUT), .n = 0 },
	{ "makes a pipe small", changes_descriptors, BOTH(KEPT_OUT), .n = 1 },
	{ "has signals sent", changes_descriptors, .job = 0 /* where it could as well send them itself */, .sandbox = KEPT_OUT, .n = 2 },
	{ "reopens", changes_descriptors, BOTH(KEPT_OUT), .n = 3 },
	{ "fills and does not wait", changes_descriptors, BOTH(KEPT_OUT), .n = 4 },
	{ "locks and seeks", changes_descriptors, BOTH(KEPT_OUT), .n = 5 },
};

static void
descriptors_and_see(struct attack_scene *scene, const void *arg)
{
	static const struct attack prints = { "prints after it", prints_until_it_ends,
		BOTH(ENDS(OK)) };

	for (int i = 0; i < 3; i++) {
		attack_run(scene, arg);
		attack_run(scene, &prints);
		if (scene->result.output_len > 0) {
			ck_assert_uint_eq(scene->result.output_len, 4194304);
			ck_assert_uint_eq(strspn(scene->result.output, "p"),
			    scene->result.output_len);
		}
	}
}

START_TEST(spoils_its_descriptors)
{
	const struct attack *attack = &descriptors[_i / ATTACK_MODES];

	if (attack_ends(attack, (enum attack_mode)(_i % ATTACK_MODES)) == 0)
		return;
	for (int output = FORKPOOL_OUTPUT_DISCARD; output <= FORKPOOL_OUTPUT_CAPTURE; output++) {
		struct forkpool_options options = support_options(2);
		options.output = (enum forkpool_output)output;
		attack_in((enum attack_mode)(_i % ATTACK_MODES), &options, descriptors_and_see,
		    attack);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("attacks on descriptors");
	TCase *tc = support_case("descriptors", 60);

	tcase_add_loop_test(tc, spoils_its_descriptors, 0,
	    (int)(sizeof descriptors / sizeof descriptors[0]) * ATTACK_MODES);
	suite_add_tcase(suite, tc);
	return attack_main(suite);
}

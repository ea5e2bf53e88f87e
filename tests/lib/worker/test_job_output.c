/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a worker takes in of its job's output: at each look what is there, and no more, so that a
 * job that prints as fast as the worker reads cannot keep it from its signals and timers.
 */
#include "config.h"
#include "tests/support/support.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/worker/job_output.h"

#define WRITERS 3
#define LOOKS   300
#define KEPT    10000u

static struct job_output output;
static int caller_out, caller_err;

/* Make 1 and 2 the job's, as in a worker. */
static void
output_open(void)
{
	fflush(NULL);
	caller_out = fcntl(1, F_DUPFD_CLOEXEC, 10);
	caller_err = fcntl(2, F_DUPFD_CLOEXEC, 10);
	ck_assert(signal(SIGIO, SIG_IGN) != SIG_ERR);
	ck_assert_int_eq(job_output_init(&output, FORKPOOL_OUTPUT_CAPTURE, 0, KEPT), 0);
}

static void
output_close(void)
{
	ck_assert(dup2(caller_out, 1) == 1 && dup2(caller_err, 2) == 2);
	(void)close(caller_out);
	(void)close(caller_err);
	(void)close(output.from[0]);
}

static uint64_t
taken(void)
{
	return output.kept_len + output.lost;
}

static pid_t
prints_without_end(void)
{
	static char block[65536];
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	memset(block, 'p', sizeof block);
	while (write(1, block, sizeof block) > 0)
		continue;
	_exit(1);
}

START_TEST(takes_what_is_there)
{
	output_open();
	int room = fcntl(output.from[0], F_GETPIPE_SZ);
	ck_assert_int_gt(room, 0);
	pid_t writer[WRITERS];
	for (int i = 0; i < WRITERS; i++)
		ck_assert_int_gt(writer[i] = prints_without_end(), 0);
	uint64_t most = 0, looks = 0;
	while (looks < LOOKS) {
		uint64_t before = taken();
		ck_assert_int_eq(job_output_drain(&output), 1);
		looks += taken() > before;
		most = taken() - before > most ? taken() - before : most;
	}
	for (int i = 0; i < WRITERS; i++) {
		ck_assert_int_eq(kill(writer[i], SIGKILL), 0);
		ck_assert_int_eq(waitpid(writer[i], NULL, 0), writer[i]);
	}
	output_close();
	ck_assert_uint_le(most, (uint64_t)room);
	ck_assert_uint_eq(output.kept_len, KEPT);
	ck_assert_uint_gt(output.lost, 0);
}
END_TEST

/* All that was written before the last look is taken in at it, and what comes later is not lost. */
START_TEST(loses_nothing)
{
	output_open();
	ck_assert_int_eq(write(1, "one", 3), 3);
	ck_assert_int_eq(write(2, "two", 3), 3);
	ck_assert_int_eq(job_output_drain(&output), 1);
	ck_assert_uint_eq(output.kept_len, 6);
	ck_assert_int_eq(job_output_drain(&output), 1);
	ck_assert_int_eq(write(1, "three", 5), 5);
	ck_assert_int_eq(job_output_drain(&output), 1);
	ck_assert_mem_eq(output.kept, "onetwothree", 11);
	ck_assert_uint_eq(output.kept_len, 11);
	job_output_begin(&output);
	ck_assert_uint_eq(taken(), 0);
	output_close();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("job_output");
	TCase *look = support_case("look", 10);

	tcase_add_test(look, takes_what_is_there);
	tcase_add_test(look, loses_nothing);
	suite_add_tcase(suite, look);
	return support_run(suite);
}

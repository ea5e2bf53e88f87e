/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a worker takes in of its job's output: at each look what is there, and no more, so that a
 * job that prints as fast as the worker reads cannot keep it from its signals and timers.  And how
 * it passes output on to where the caller's goes.
 */
#include "config.h"
#include "tests/support/support.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/os/fd.h"
#include "lib/worker/job_output.h"

#define WRITERS 3
#define LOOKS   40
#define KEPT    10000u

static struct job_output output;
static int caller_out, caller_err;

static void
output_begin(void)
{
	fflush(NULL);
	caller_out = fcntl(1, F_DUPFD_CLOEXEC, 10);
	caller_err = fcntl(2, F_DUPFD_CLOEXEC, 10);
	ck_assert(signal(SIGIO, SIG_IGN) != SIG_ERR);
}

/* Make 1 and 2 the job's, as in a worker. */
static void
output_open(void)
{
	output_begin();
	ck_assert_int_eq(job_output_init(&output, FORKPOOL_OUTPUT_CAPTURE, 0, KEPT), 0);
}

static void
output_close(void)
{
	ck_assert(dup2(caller_out, 1) == 1 && dup2(caller_err, 2) == 2);
	(void)close(caller_out);
	(void)close(caller_err);
	for (int i = 0; i < 2; i++) {
		fd_close(&output.from[i]);
		fd_close(&output.to[i]);
	}
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

/* Where the system does not say how much is there, a look takes a part of bounded size. */
START_TEST(takes_a_part_where_nobody_says_how_much_is_there)
{
	output_open();
	int endless = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	ck_assert(endless >= 0 && dup2(endless, output.from[0]) == output.from[0]);
	(void)close(endless);
	for (unsigned looks = 1; looks <= 5; looks++) {
		ck_assert_int_eq(job_output_drain(&output), 1);
		ck_assert_uint_eq(taken(), looks * PIPE_BUF);
	}
	ck_assert_uint_eq(output.kept_len, KEPT);
	output_close();
}
END_TEST

/* ---------------------------------------------------------------------------------- passed on */

/* The read ends of what the caller has as 1 and 2, and what others share with it. */
static int reader[2], shared[2];

/* What the caller has as 1 and 2: pipes, or sockets, which cannot be opened anew. */
static void
pass_open(int sockets)
{
	sigset_t pipe_only;
	int ends[2];

	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	ck_assert_int_eq(sigprocmask(SIG_BLOCK, &pipe_only, NULL), 0);
	output_begin();
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(sockets ? socketpair(AF_UNIX, SOCK_STREAM, 0, ends) : pipe(ends),
		    0);
		reader[i] = ends[0];
		shared[i] = ends[1];
		ck_assert_int_eq(dup2(ends[1], i + 1), i + 1);
	}
	ck_assert_int_eq(job_output_init(&output, FORKPOOL_OUTPUT_INHERIT, 1, 0), 0);
}

static void
pass_close(void)
{
	output_close();
	for (int i = 0; i < 2; i++) {
		fd_close(&reader[i]);
		fd_close(&shared[i]);
	}
}

static void
assert_reads(int fd, const char *text)
{
	char got[80];

	ck_assert_int_eq(read(fd, got, sizeof got), (ssize_t)strlen(text));
	ck_assert_mem_eq(got, text, strlen(text));
}

/* _i: to pipes, to sockets. */
START_TEST(each_goes_where_the_callers_goes)
{
	pass_open(_i);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(write(1, "printed", 7), 7);
		ck_assert_int_eq(write(2, "complained", 10), 10);
		ck_assert_int_eq(job_output_drain(&output), 1);
		assert_reads(reader[0], "printed");
		assert_reads(reader[1], "complained");
	}
	job_output_finish(&output);
	ck_assert_uint_eq(taken(), 0);
	/* Whoever else writes to these still waits there for room. */
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(fcntl(shared[i], F_GETFL) & O_NONBLOCK, 0);
	pass_close();
}
END_TEST

static unsigned char printed[16 * PIPE_BUF];

static void
print_much(void)
{
	for (size_t i = 0; i < sizeof printed; i++)
		printed[i] = (unsigned char)(i % 251);
	ck_assert_int_eq(write(1, printed, sizeof printed), (ssize_t)sizeof printed);
}

/* Have it hold less than is printed: not everywhere it can. */
static int
pipe_is_small(void)
{
#ifdef F_SETPIPE_SZ
	int room = fcntl(reader[0], F_SETPIPE_SZ, PIPE_BUF);
	return room > 0 && (size_t)room < sizeof printed;
#else
	return 0;
#endif
}

/* Not waited for at a look; and all comes, in its order. */
START_TEST(slow_reader)
{
	unsigned char got[PIPE_BUF];
	size_t passed = 0;
	int looks = 0;

	pass_open(0);
	if (!pipe_is_small()) {
		pass_close();
		return;
	}
	print_much();
	while (passed < sizeof printed) {
		looks += job_output_drain(&output) == 0;
		ssize_t n = read(reader[0], got, sizeof got);
		ck_assert_int_gt(n, 0);
		ck_assert_uint_le((size_t)n, sizeof printed - passed);
		ck_assert_mem_eq(got, printed + passed, (size_t)n);
		passed += (size_t)n;
	}
	ck_assert_int_gt(looks, 0);
	ck_assert_int_eq(job_output_drain(&output), 1);
	pass_close();
}
END_TEST

/* What the last look saw is passed on to its end, with a wait. */
START_TEST(slow_reader_at_the_end)
{
	unsigned char got[PIPE_BUF];
	int status;

	pass_open(0);
	if (!pipe_is_small()) {
		pass_close();
		return;
	}
	print_much();
	ck_assert_int_eq(job_output_drain(&output), 0);
	pid_t pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		size_t passed = 0;
		while (passed < sizeof printed) {
			ssize_t n = read(reader[0], got, sizeof got);
			if (n <= 0 || memcmp(got, printed + passed, (size_t)n) != 0)
				_exit(1);
			passed += (size_t)n;
		}
		_exit(0);
	}
	job_output_finish(&output);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(job_output_drain(&output), 1);
	pass_close();
}
END_TEST

/* What nobody reads is dropped, and ends no worker.  _i: to pipes, to sockets. */
START_TEST(no_reader)
{
	sigset_t waiting;

	pass_open(_i);
	fd_close(&reader[0]);
	print_much();
	ck_assert_int_eq(write(2, "complained", 10), 10);
	ck_assert_int_eq(job_output_drain(&output), 1);
	assert_reads(reader[1], "complained");
	job_output_finish(&output);
	ck_assert_int_eq(sigpending(&waiting), 0);
	ck_assert_int_eq(sigismember(&waiting, SIGPIPE), 0);
	pass_close();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("job_output");
	TCase *look = support_case("look", 10), *pass = support_case("pass", 10);

	tcase_add_test(look, takes_what_is_there);
	tcase_add_test(look, loses_nothing);
	tcase_add_test(look, takes_a_part_where_nobody_says_how_much_is_there);
	tcase_add_loop_test(pass, each_goes_where_the_callers_goes, 0, 2);
	tcase_add_test(pass, slow_reader);
	tcase_add_test(pass, slow_reader_at_the_end);
	tcase_add_loop_test(pass, no_reader, 0, 2);
	suite_add_tcase(suite, look);
	suite_add_tcase(suite, pass);
	return support_run(suite);
}

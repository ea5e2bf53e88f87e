/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors: above the standard ones, closed in bulk, passed along with a ring. */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/os/fd.h"
#include "lib/os/os.h"

/* Run body in a child, since it closes the standard streams.  Its exit status: 0, or which step of
   body failed. */
static int
in_child(int (*body)(void))
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ne(pid, -1);
	if (pid == 0)
		_exit(body());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int
is_open(int fd)
{
	return fcntl(fd, F_GETFD) != -1;
}

static void
close_standard(unsigned set)
{
	for (int fd = 0; fd <= 2; fd++)
		if (set & 1u << fd)
			(void)close(fd);
}

static unsigned closed_set;

static int
raise_with_closed(void)
{
	close_standard(closed_set);
	for (int i = 0; i < 3; i++) {
		int fd = fd_raise(open("/dev/null", O_RDONLY | O_CLOEXEC));
		if (fd <= 2)
			return 1;
		if (!(fcntl(fd, F_GETFD) & FD_CLOEXEC))
			return 2;
	}
	for (int fd = 0; fd <= 2; fd++)
		if (is_open(fd) != !(closed_set & 1u << fd))
			return 3;
	int pair[2];
	if (fd_socketpair(pair) == -1 || pair[0] <= 2 || pair[1] <= 2)
		return 4;
	int null = fd_raise(open("/dev/null", O_RDWR | O_CLOEXEC));
	if (fd_fill_standard(null) == -1)
		return 5;
	for (int fd = 0; fd <= 2; fd++)
		if (!is_open(fd) || fcntl(fd, F_GETFD) & FD_CLOEXEC)
			return 6;
	return 0;
}

START_TEST(closed_standard_streams_are_not_taken)
{
	for (closed_set = 0; closed_set < 8; closed_set++)
		ck_assert_int_eq(in_child(raise_with_closed), 0);
}
END_TEST

static int
raise_without_room(void)
{
	struct rlimit limit = { 3, 3 };

	close_standard(7);
	fd_close_all_but(NULL, 0, NULL, 0);
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		return 1;
	int fd = open("/dev/null", O_RDONLY);
	if (fd != 0 || fd_raise(fd) != -1 || errno == 0)
		return 2;
	if (is_open(0))
		return 3;
	int pair[2] = { -1, -1 };
	if (fd_socketpair(pair) != -1 || is_open(0) || is_open(1) || is_open(2))
		return 4;
	return 0;
}

START_TEST(raise_that_fails_closes)
{
	ck_assert_int_eq(fd_raise(-1), -1);
	ck_assert_int_eq(in_child(raise_without_room), 0);
}
END_TEST

START_TEST(close_keeps_errno_and_forgets)
{
	int fd = open("/dev/null", O_RDONLY);

	errno = EDOM;
	fd_close(&fd);
	ck_assert_int_eq(fd, -1);
	fd_close(&fd);
	ck_assert_int_eq(errno, EDOM);
}
END_TEST

static int
close_all_but_some(void)
{
	int keep[] = { 90, -1, 40, 7, 2, 41, 90, 8 }, again[] = { 150, 3, 31, 60, 41, 30 },
	    none[] = { -1 };
	static const struct fd_span spans[] = { { 5, 5 }, { 20, 29 }, { 40, 50 }, { 60, 60 },
		{ 99, 100 } };

	for (int fd = 3; fd <= 100; fd++)
		if (dup2(2, fd) == -1)
			return 1;
	fd_close_all_but(keep, sizeof keep / sizeof keep[0], NULL, 0);
	for (int fd = 0; fd <= 200; fd++) {
		int kept = fd <= 2 || fd == 7 || fd == 8 || fd == 40 || fd == 41 || fd == 90;
		if (is_open(fd) != kept)
			return 2;
	}
	/* Descriptors before, inside, beside and behind the spans that are kept. */
	for (int fd = 3; fd <= 100; fd++)
		if (dup2(2, fd) == -1)
			return 1;
	fd_close_all_but(again, sizeof again / sizeof again[0], spans,
	    sizeof spans / sizeof spans[0]);
	for (int fd = 3; fd <= 200; fd++) {
		int kept = fd == 3 || fd == 5 || (fd >= 20 && fd <= 31) || (fd >= 40 && fd <= 50) ||
		    fd == 60 || fd == 99 || fd == 100;
		if (is_open(fd) != kept)
			return 4;
	}
	fd_close_all_but(NULL, 0, spans, 1);
	for (int fd = 3; fd <= 200; fd++)
		if (is_open(fd) != (fd == 5))
			return 5;
	fd_close_all_but(none, 1, NULL, 0);
	for (int fd = 0; fd <= 200; fd++)
		if (is_open(fd) != (fd <= 2))
			return 3;
	return 0;
}

START_TEST(all_but_some_are_closed)
{
	ck_assert_int_eq(in_child(close_all_but_some), 0);
}
END_TEST

static int
redirect_standard(void)
{
	struct stat null, st;

	if (stat("/dev/null", &null) == -1 || fd_redirect("/dev/null", O_WRONLY, 1) == -1)
		return 1;
	if (fstat(1, &st) == -1 || st.st_rdev != null.st_rdev || fcntl(1, F_GETFD) & FD_CLOEXEC)
		return 2;
	int before = dup(1);
	(void)close(before);
	/* open() returns the target itself. */
	(void)close(0);
	if (fd_redirect("/dev/null", O_RDONLY, 0) == -1 || !is_open(0))
		return 3;
	if (fd_redirect("/nowhere/at/all", O_RDONLY, 0) != -1 || errno != ENOENT || !is_open(0))
		return 4;
	int after = dup(1);
	return after == before ? 0 : 5;
}

START_TEST(target_refers_to_the_path)
{
	ck_assert_int_eq(in_child(redirect_standard), 0);
}
END_TEST

START_TEST(whole_of_a_file_at_an_offset)
{
	static unsigned char out[300000], in[300000];
	int fd = os_memory_file("test", 0);

	ck_assert_int_ge(fd, 0);
	for (size_t i = 0; i < sizeof out; i++)
		out[i] = (unsigned char)(i * 13 + i / 256);
	ck_assert_int_eq(fd_pwrite_all(fd, out, sizeof out, 5000), 0);
	ck_assert_int_eq(fd_pread_all(fd, in, sizeof in, 5000), 0);
	ck_assert_mem_eq(in, out, sizeof in);
	ck_assert_int_eq(fd_pread_all(fd, in, 0, 10), 0);
	ck_assert_int_eq(fd_pwrite_all(fd, out, 0, 1 << 30), 0);
	errno = 0;
	ck_assert_int_eq(fd_pread_all(fd, in, sizeof in, 5001), -1);
	ck_assert_int_eq(errno, EIO);
	ck_assert_int_eq(fd_pread_all(-1, in, 1, 0), -1);
	ck_assert_int_eq(errno, EBADF);
	fd_close(&fd);
}
END_TEST

START_TEST(ring_is_heard)
{
	int pair[2], passed;

	ck_assert_int_eq(fd_socketpair(pair), 0);
	for (int i = 0; i < 2; i++) {
		ck_assert(fcntl(pair[i], F_GETFD) & FD_CLOEXEC);
		ck_assert(fcntl(pair[i], F_GETFL) & O_NONBLOCK);
		ck_assert_int_eq(fd_heard(pair[i], &passed), 0);
		ck_assert_int_eq(fd_ring(pair[i]), 0);
		ck_assert_int_eq(fd_heard(pair[1 - i], &passed), 1);
		ck_assert_int_eq(passed, -1);
		ck_assert_int_eq(fd_heard(pair[1 - i], &passed), 0);
	}
	fd_close(&pair[0]);
	fd_close(&pair[1]);
}
END_TEST

START_TEST(ring_never_blocks_nor_fails_for_many)
{
	int pair[2], passed, heard = 0;

	ck_assert_int_eq(fd_socketpair(pair), 0);
	for (int i = 0; i < 20000; i++)
		ck_assert_int_eq(fd_ring(pair[0]), 0);
	while (fd_heard(pair[1], &passed) == 1)
		heard++;
	ck_assert_int_gt(heard, 0);
	/* A descriptor that the full socket does not take: the answer is 0, so it can be sent
	   again. */
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), sent = 0, r;
	while (sent < 20000 && (r = fd_ring_with(pair[0], null)) == 1)
		sent++;
	ck_assert(sent == 20000 || r == 0 || errno == ETOOMANYREFS);
	for (; fd_heard(pair[1], &passed) == 1; sent--)
		fd_close(&passed);
	ck_assert_int_eq(sent, 0);
	fd_close(&null);
	fd_close(&pair[0]);
	fd_close(&pair[1]);
}
END_TEST

START_TEST(descriptors_come_with_their_own_ring)
{
	int pair[2], passed, pipes[8][2];
	char byte;

	ck_assert_int_eq(fd_socketpair(pair), 0);
	for (int i = 0; i < 8; i++) {
		ck_assert_int_eq(pipe2(pipes[i], O_CLOEXEC), 0);
		byte = (char)('a' + i);
		ck_assert_int_eq(write(pipes[i][1], &byte, 1), 1);
		ck_assert_int_eq(fd_ring(pair[0]), 0);
		ck_assert_int_eq(fd_ring_with(pair[0], pipes[i][0]), 1);
		ck_assert_int_eq(fd_ring(pair[0]), 0);
	}
	for (int i = 0; i < 24; i++) {
		ck_assert_int_eq(fd_heard(pair[1], &passed), 1);
		if (i % 3 != 1) {
			ck_assert_int_eq(passed, -1);
			continue;
		}
		ck_assert_int_ge(passed, 0);
		ck_assert(fcntl(passed, F_GETFD) & FD_CLOEXEC);
		ck_assert_int_eq(read(passed, &byte, 1), 1);
		ck_assert_int_eq(byte, 'a' + i / 3);
		fd_close(&passed);
	}
	ck_assert_int_eq(fd_heard(pair[1], &passed), 0);
	for (int i = 0; i < 8; i++) {
		fd_close(&pipes[i][0]);
		fd_close(&pipes[i][1]);
	}
	ck_assert_int_eq(fd_ring_with(pair[0], 9999), -1);
	ck_assert_int_eq(errno, EBADF);
	fd_close(&pair[0]);
	fd_close(&pair[1]);
}
END_TEST

START_TEST(hang_up_is_told_after_the_last_ring)
{
	int pair[2], passed;

	/* SIGPIPE has its default action here, and would end the test. */
	(void)signal(SIGPIPE, SIG_DFL);
	ck_assert_int_eq(fd_socketpair(pair), 0);
	ck_assert_int_eq(fd_ring(pair[0]), 0);
	fd_close(&pair[0]);
	ck_assert_int_eq(fd_heard(pair[1], &passed), 1);
	ck_assert_int_eq(fd_heard(pair[1], &passed), -1);
	ck_assert_int_eq(passed, -1);
	ck_assert_int_eq(fd_ring(pair[1]), -1);
	ck_assert_int_eq(fd_ring_with(pair[1], 2), -1);
	fd_close(&pair[1]);
}
END_TEST

/* Whoever writes without end, as /dev/zero does, does not keep the reader. */
START_TEST(drop_has_an_end)
{
	int pair[2];
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(zero, 0);
	ck_assert_uint_eq(fd_drop(zero), 65536);
	fd_close(&zero);
	ck_assert_int_eq(fd_socketpair(pair), 0);
	ck_assert_uint_eq(fd_drop(pair[1]), 0);
	ck_assert_int_eq(write(pair[0], "12345", 5), 5);
	ck_assert_uint_eq(fd_drop(pair[1]), 5);
	ck_assert_uint_eq(fd_drop(pair[1]), 0);
	fd_close(&pair[0]);
	fd_close(&pair[1]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("fd");
	TCase *tc = support_case("fd", 20);

	tcase_add_test(tc, closed_standard_streams_are_not_taken);
	tcase_add_test(tc, raise_that_fails_closes);
	tcase_add_test(tc, close_keeps_errno_and_forgets);
	tcase_add_test(tc, all_but_some_are_closed);
	tcase_add_test(tc, target_refers_to_the_path);
	tcase_add_test(tc, whole_of_a_file_at_an_offset);
	tcase_add_test(tc, ring_is_heard);
	tcase_add_test(tc, ring_never_blocks_nor_fails_for_many);
	tcase_add_test(tc, descriptors_come_with_their_own_ring);
	tcase_add_test(tc, drop_has_an_end);
	tcase_add_test(tc, hang_up_is_told_after_the_last_ring);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

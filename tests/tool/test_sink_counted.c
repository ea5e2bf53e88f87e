/* SPDX-License-Identifier: BSD-2-Clause */
/* A pipe, or a file of several writers: after a kill each entry once, or told to be there twice. */
#include "config.h"
#include "tests/support/sink_support.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

enum { ALL = 16 };

static void
attach(struct sink *s, int fd, int counted, uint64_t known)
{
	sink_attach(s, &sink_checkpoint, fd, counted, known, "the output", sink_surplus);
}

/* A pipe, killed after each byte: the second run writes the rest. */
START_TEST(counted)
{
	struct sink s;
	char wanted[1024], got[1024] = "";
	int fd[2];

	expect(wanted, sizeof wanted, "", ALL);
	for (size_t cut = 0; cut <= strlen(wanted); cut++) {
		char first[1024] = "", second[1024] = "";
		must(pipe(fd) == 0);
		sink_checkpoint_new();
		attach(&s, fd[1], 0, 0);
		queue(&s, ALL, first);
		write_queued(&s, first, cut, SIZE_MAX, 1);
		sink_detach(&s);
		attach(&s, fd[1], 0, ALL);
		queue(&s, ALL, second);
		write_queued(&s, second, strlen(second), SIZE_MAX, SIZE_MAX);
		sink_detach(&s);
		(void)close(fd[1]);
		must(read(fd[0], got, sizeof got) == (ssize_t)strlen(wanted) &&
		    memcmp(got, wanted, strlen(wanted)) == 0);
		(void)close(fd[0]);
	}
}
END_TEST

START_TEST(pieces)
{
	struct sink s = { .fd = -1 };
	int fd[2];

	ck_assert_uint_eq(sink_piece(&s, 1000000), 1000000);
	must(pipe(fd) == 0);
	attach(&s, fd[1], 0, ALL);
	ck_assert_uint_le(sink_piece(&s, 1000000), PIPE_BUF);
	sink_detach(&s);
	(void)close(fd[0]);
	(void)close(fd[1]);
}
END_TEST

/*
 * Killed around a write() of so many bytes, of which some are out, to a file that others write to
 * as well (standard output and error in one): the next run sees in the file how many are out.
 */
static void
doubt_in_file(const char *wanted, size_t before, size_t tried, size_t out)
{
	struct sink s;

	sink_checkpoint_new();
	tool_write(sink_path, "before\n", 7);
	int fd = open(sink_path, O_WRONLY | O_APPEND);
	attach(&s, fd, 1, 0);
	let_out(&s, 0, 3);
	sink_tries(&s, tried);
	must(write(fd, wanted + before, out) == (ssize_t)out);
	sink_detach(&s);
	/* The first life is killed as well, before it has come as far. */
	for (int life = 0; life < 2; life++) {
		char all[1024] = "";
		attach(&s, fd, 1, ALL);
		queue(&s, ALL, all);
		write_queued(&s, all, life == 0 ? out / 2 : strlen(all), SIZE_MAX, 1);
		sink_detach(&s);
	}
	(void)close(fd);
	has(sink_path, wanted);
}

START_TEST(in_doubt_in_a_file)
{
	char wanted[1024], part[1024];

	expect(wanted, sizeof wanted, "before\n", ALL);
	expect(part, sizeof part, "before\n", 3);
	size_t before = strlen(part), rest = strlen(wanted) - before;
	for (size_t out = 0; out <= rest; out++)
		for (size_t tried = out; tried <= out + 9 && tried <= rest; tried++)
			doubt_in_file(wanted, before, tried, out);
}
END_TEST

/* Nobody can see how much of the write() was out: it is repeated, and its entries are told. */
START_TEST(in_doubt_in_a_pipe)
{
	char wanted[1024], part[1024], got[1024] = "";
	struct sink s;
	int fd[2];

	expect(wanted, sizeof wanted, "", ALL);
	expect(part, sizeof part, "", 3);
	for (size_t tried = 0; strlen(part) + tried <= strlen(wanted); tried++) {
		must(pipe(fd) == 0);
		sink_checkpoint_new();
		attach(&s, fd[1], 0, 0);
		let_out(&s, 0, 3);
		sink_tries(&s, tried);
		sink_detach(&s);
		attach(&s, fd[1], 0, ALL);
		size_t begins = 0;
		for (uint64_t i = 3; i < ALL; i++) {
			size_t len = strlen(entry(i));
			must(sink_wants(&s, i));
			must(sink_pass(&s, entry(i), len) == 0);
			sink_tries(&s, len);
			must(write(fd[1], entry(i), len) == (ssize_t)len);
			sink_wrote(&s, len);
			must(sink_end(&s, len) == (len > 0 && begins < tried));
			begins += len;
		}
		sink_detach(&s);
		must(read(fd[0], got, sizeof got) == (ssize_t)strlen(wanted));
		must(memcmp(got, wanted, strlen(wanted)) == 0);
		(void)close(fd[0]);
		(void)close(fd[1]);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("sink");
	TCase *c = support_case("counted", 60);

	tcase_add_checked_fixture(c, sink_setup, journal_teardown);
	tcase_add_test(c, counted);
	tcase_add_test(c, pieces);
	tcase_add_test(c, in_doubt_in_a_file);
	tcase_add_test(c, in_doubt_in_a_pipe);
	suite_add_tcase(s, c);
	return support_run(s);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* A file that a later run appends to has each entry once, however far the killed run had come. */
#include "config.h"
#include "tests/support/sink_support.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
open_out(struct sink *s, int flags, uint64_t known)
{
	int fd = open(sink_path, O_WRONLY | O_CREAT | flags, 0600);

	must(fd != -1);
	sink_attach(s, &sink_checkpoint, fd, 0, known, "the output", sink_surplus);
}

static void
close_out(struct sink *s)
{
	int fd = s->fd;

	sink_detach(s);
	must(close(fd) == 0);
}

START_TEST(without_a_journal)
{
	struct sink s = { .fd = open(sink_path, O_WRONLY | O_CREAT, 0600) };

	ck_assert(sink_wants(&s, 0));
	ck_assert(sink_wants(&s, 77));
	ck_assert_int_eq(sink_pass(&s, "x", 1), 0);
	ck_assert_uint_eq(sink_piece(&s, 1000000), 1000000);
	append(&s, 5, "text\n", 5);
	sink_wrote(&s, 5);
	sink_end(&s, 5);
	(void)close(s.fd);
	sink_detach(&s);
	has(sink_path, "text\n");
}
END_TEST

/*
 * Killed when the checkpoint says that n entries are out, and after any number of further bytes:
 * the next run adds the rest.
 */
START_TEST(killed_at_every_byte)
{
	enum { ALL = 20 };
	static const int flags[] = { O_APPEND, 0 };
	char wanted[1024], part[1024];
	struct sink s;

	for (size_t f = 0; f < 2; f++)
		for (uint64_t n = 0; n < ALL; n++) {
			const char *before = flags[f] == O_APPEND ? "before\n" : "";
			expect(wanted, sizeof wanted, before, ALL);
			expect(part, sizeof part, before, n);
			for (size_t len = strlen(part); len <= strlen(wanted); len++) {
				char all[1024] = "";
				sink_checkpoint_new();
				tool_write(sink_path, before, strlen(before));
				open_out(&s, flags[f], 0);
				let_out(&s, 0, n);
				sink_tries(&s, len - strlen(part));
				must(write(s.fd, wanted + strlen(part), len - strlen(part)) ==
				    (ssize_t)(len - strlen(part)));
				close_out(&s);
				open_out(&s, flags[f], ALL);
				must(s.next == n);
				if (n % 2 == 0) {
					let_out(&s, s.next, ALL);
				} else {
					size_t piece = len % 7 + 1;
					queue(&s, ALL, all);
					write_queued(&s, all, strlen(all), piece, piece);
				}
				must(s.count == ALL);
				close_out(&s);
				has(sink_path, wanted);
			}
		}
	ck_assert_int_eq(access(sink_surplus, F_OK), -1);
}
END_TEST

START_TEST(emptied)
{
	struct sink s;
	char wanted[1024];

	open_out(&s, O_TRUNC, 0);
	let_out(&s, 0, 5);
	close_out(&s);
	/* ">" again. */
	open_out(&s, O_TRUNC, 5);
	ck_assert_uint_eq(s.next, 0);
	let_out(&s, 0, 8);
	close_out(&s);
	expect(wanted, sizeof wanted, "", 8);
	has(sink_path, wanted);
	/* { echo head; forkpool; } >file: the file was emptied, and another text comes first. */
	int fd = open(sink_path, O_WRONLY | O_TRUNC);
	must(write(fd, "head\n", 5) == 5);
	sink_attach(&s, &sink_checkpoint, fd, 0, 8, "the output", sink_surplus);
	ck_assert_uint_eq(s.next, 0);
	let_out(&s, 0, 9);
	close_out(&s);
	expect(wanted, sizeof wanted, "head\n", 9);
	has(sink_path, wanted);
	/* Another file of that name. */
	must(unlink(sink_path) == 0);
	tool_write(sink_path, "new\n", 4);
	open_out(&s, O_APPEND, 9);
	ck_assert_uint_eq(s.next, 0);
	let_out(&s, 0, 9);
	close_out(&s);
	expect(wanted, sizeof wanted, "new\n", 9);
	has(sink_path, wanted);
	/* A crash of the system has lost the end of the file. */
	for (off_t cut = (off_t)strlen(wanted); cut >= 4; cut--) {
		must(truncate(sink_path, cut) == 0);
		open_out(&s, O_APPEND, 9);
		let_out(&s, s.next, 9);
		close_out(&s);
		has(sink_path, wanted);
	}
	ck_assert_int_eq(access(sink_surplus, F_OK), -1);
}
END_TEST

/* Text that others have added stays, and the run goes on behind it. */
START_TEST(of_others)
{
	struct sink s;
	char wanted[1024];

	open_out(&s, O_APPEND, 0);
	let_out(&s, 0, 3);
	close_out(&s);
	int fd = open(sink_path, O_WRONLY | O_APPEND);
	must(write(fd, "two notes of mine\n", 18) == 18);
	(void)close(fd);
	open_out(&s, O_APPEND, 3);
	/* The run adds no entry: the file stays as it is. */
	close_out(&s);
	expect(wanted, sizeof wanted, "", 3);
	(void)strcat(wanted, "two notes of mine\n");
	has(sink_path, wanted);
	open_out(&s, O_APPEND, 3);
	let_out(&s, 3, 8);
	close_out(&s);
	for (uint64_t i = 3; i < 8; i++)
		(void)strcat(wanted, entry(i));
	has(sink_path, wanted);
	/* Others may also add text between two entries of the run. */
	open_out(&s, O_APPEND, 8);
	let_out(&s, 8, 9);
	fd = open(sink_path, O_WRONLY | O_APPEND);
	must(write(fd, "more\n", 5) == 5);
	(void)close(fd);
	let_out(&s, 9, 11);
	close_out(&s);
	open_out(&s, O_APPEND, 11);
	let_out(&s, 11, 12);
	close_out(&s);
	(void)strcat(wanted, entry(8));
	(void)strcat(wanted, "more\n");
	for (uint64_t i = 9; i < 12; i++)
		(void)strcat(wanted, entry(i));
	has(sink_path, wanted);
	ck_assert_int_eq(access(sink_surplus, F_OK), -1);
}
END_TEST

/* The journal has lost its end: it knows fewer entries than had gone out. */
START_TEST(lost)
{
	struct sink s;
	char wanted[1024], was[1024];

	for (uint64_t known = 0; known < 8; known++) {
		sink_checkpoint_new();
		tool_write(sink_path, "", 0);
		open_out(&s, O_APPEND, 0);
		let_out(&s, 0, 8);
		close_out(&s);
		expect(was, sizeof was, "", 8);
		expect(wanted, sizeof wanted, "", known);
		/* A second run is killed on the way. */
		open_out(&s, O_APPEND, known);
		ck_assert_uint_eq(s.next, 0);
		let_out(&s, 0, known / 2);
		close_out(&s);
		open_out(&s, O_APPEND, known);
		let_out(&s, s.next, known);
		ck_assert_int_eq(sink_caught_up(&s), 0);
		has(sink_path, wanted);
		if (strlen(was) > strlen(wanted))
			has(sink_surplus, was + strlen(wanted));
		(void)unlink(sink_surplus);
		/* The lost jobs run again, and end in another order. */
		for (uint64_t i = known; i < 8; i++)
			append(&s, i, entry(7 - i + known), strlen(entry(7 - i + known)));
		close_out(&s);
		for (uint64_t i = known; i < 8; i++)
			(void)strcat(wanted, entry(7 - i + known));
		has(sink_path, wanted);
	}
}
END_TEST

/* A run that was refused before it wrote anything leaves the checkpoint to the file before. */
START_TEST(nothing_tried)
{
	char wanted[1024], other[300];
	struct sink s;

	open_out(&s, O_APPEND, 0);
	let_out(&s, 0, 3);
	close_out(&s);
	(void)snprintf(other, sizeof other, "%s.other", sink_path);
	int fd = open(other, O_WRONLY | O_CREAT | O_APPEND, 0600);
	must(fd != -1);
	sink_attach(&s, &sink_checkpoint, fd, 0, 3, "the output", sink_surplus);
	ck_assert_uint_eq(s.next, 0);
	close_out(&s);
	open_out(&s, O_APPEND, 3);
	ck_assert_uint_eq(s.next, 3);
	let_out(&s, 3, 5);
	close_out(&s);
	expect(wanted, sizeof wanted, "", 5);
	has(sink_path, wanted);
}
END_TEST

START_TEST(large_entries)
{
	enum { SIZE = 300000 };
	static char large[SIZE];
	struct sink s;
	struct stat st;

	for (size_t i = 0; i < SIZE; i++)
		large[i] = (char)('a' + i % 23);
	for (off_t cut = 0; cut <= 2 * SIZE; cut += 29989) {
		sink_checkpoint_new();
		tool_write(sink_path, "", 0);
		open_out(&s, O_APPEND, 0);
		append(&s, 0, large, SIZE);
		struct checkpoint after_one = sink_checkpoint;
		append(&s, 1, large, SIZE);
		close_out(&s);
		sink_checkpoint = after_one;
		must(truncate(sink_path, cut) == 0);
		open_out(&s, O_APPEND, 2);
		for (uint64_t i = s.next; i < 2; i++)
			append(&s, i, large, SIZE);
		close_out(&s);
		must(stat(sink_path, &st) == 0 && st.st_size == 2 * SIZE);
		size_t len;
		char *data = tool_read(sink_path, &len);
		must(memcmp(data, large, SIZE) == 0 && memcmp(data + SIZE, large, SIZE) == 0);
		free(data);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("sink");
	TCase *c = support_case("measured", 60);

	tcase_add_checked_fixture(c, sink_setup, journal_teardown);
	tcase_add_test(c, without_a_journal);
	tcase_add_test(c, killed_at_every_byte);
	tcase_add_test(c, emptied);
	tcase_add_test(c, of_others);
	tcase_add_test(c, lost);
	tcase_add_test(c, nothing_tried);
	tcase_add_test(c, large_entries);
	suite_add_tcase(s, c);
	return support_run(s);
}

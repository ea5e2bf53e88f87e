/* SPDX-License-Identifier: BSD-2-Clause */
/* What a run that goes on adds to a file or a pipe: each entry once, however far the one before had come. */
#include "config.h"
#include "tests/support/journal_support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/journal/sink.h"

static char path[256], surplus[256];
static struct checkpoint mark;

static void
sink_setup(void)
{
	journal_setup();
	(void)snprintf(path, sizeof path, "%s.out", journal_path);
	(void)snprintf(surplus, sizeof surplus, "%s.surplus", journal_path);
	memset(&mark, 0, sizeof mark);
	checkpoint_make(&mark);
}

/* Entry i of a run; some are empty, some begin as others do. */
static const char *
entry(uint64_t i)
{
	static const char *const text[] = { "one\n", "", "two and more\n", "two and less\n", "", "",
		"three\n", "four\n" };

	return text[i % 8];
}

static void
expect(char *to, size_t size, const char *before, uint64_t n)
{
	(void)snprintf(to, size, "%s", before);
	for (uint64_t i = 0; i < n; i++)
		(void)snprintf(to + strlen(to), size - strlen(to), "%s", entry(i));
}

static void
has(const char *file, const char *wanted)
{
	size_t len;
	char *data = file_read(file, &len);

	if (len != strlen(wanted) || memcmp(data, wanted, len) != 0)
		ck_abort_msg("%s has \"%s\", wanted \"%s\"", file, data, wanted);
	free(data);
}

static void
open_out(struct sink *o, int flags, uint64_t known)
{
	int fd = open(path, O_WRONLY | O_CREAT | flags, 0600);

	must(fd != -1);
	sink_attach(o, &mark, fd, 0, known, "the output", surplus);
}

static void
close_out(struct sink *o)
{
	int fd = o->fd;

	sink_detach(o);
	must(close(fd) == 0);
}

/* A whole entry, as records do. */
static int
append(struct sink *o, uint64_t number, const void *data, size_t len)
{
	if (!sink_wants(o, number))
		return 0;
	for (ssize_t at = sink_pass(o, data, len); at < (ssize_t)len;) {
		sink_tries(o, len - (size_t)at);
		ssize_t n = write(o->fd, (const char *)data + at, len - (size_t)at);
		must(at >= 0 && n > 0);
		sink_wrote(o, (size_t)n);
		at += n;
	}
	sink_end(o, len);
	return 0;
}

/* Those that are not out, up to n: as publisher and records do. */
static void
let_out(struct sink *o, uint64_t from, uint64_t n)
{
	for (uint64_t i = from; i < n; i++)
		must(append(o, i, entry(i), strlen(entry(i))) == 0);
}

/* Several entries queued before anything is written, in pieces of that size. */
static void
let_out_in_pieces(struct sink *o, uint64_t n, size_t piece)
{
	char all[1024] = "", *at = all;

	for (uint64_t i = 0; i < n; i++)
		if (sink_wants(o, i)) {
			(void)strcat(all, entry(i));
			sink_end(o, strlen(entry(i)));
		}
	while (*at != '\0') {
		size_t len = strlen(at) < piece ? strlen(at) : piece;
		ssize_t n_passed = sink_pass(o, at, len);
		must(n_passed >= 0);
		at += n_passed;
		if (n_passed > 0)
			continue;
		sink_tries(o, sink_piece(o, len));
		ssize_t wrote = write(o->fd, at, sink_piece(o, len));
		must(wrote > 0);
		sink_wrote(o, (size_t)wrote);
		at += wrote;
	}
}

START_TEST(without_a_journal)
{
	struct sink o = { .fd = open(path, O_WRONLY | O_CREAT, 0600) };

	ck_assert(sink_wants(&o, 0));
	ck_assert(sink_wants(&o, 77));
	ck_assert_int_eq(sink_pass(&o, "x", 1), 0);
	ck_assert_uint_eq(sink_piece(&o, 1000000), 1000000);
	ck_assert_int_eq(append(&o, 5, "text\n", 5), 0);
	sink_wrote(&o, 5);
	sink_end(&o, 5);
	(void)close(o.fd);
	sink_detach(&o);
	has(path, "text\n");
}
END_TEST

/* Killed with n entries told to be out and any number of bytes after them really out; then 20 in all. */
START_TEST(killed_at_every_byte)
{
	enum { ALL = 20 };
	static const int flags[] = { O_APPEND, 0 };
	char before[16] = "before\n", wanted[1024], part[1024];
	struct sink o;

	for (size_t f = 0; f < 2; f++)
		for (uint64_t n = 0; n < ALL; n++) {
			expect(wanted, sizeof wanted, flags[f] == O_APPEND ? before : "", ALL);
			expect(part, sizeof part, flags[f] == O_APPEND ? before : "", n);
			for (size_t len = strlen(part); len <= strlen(wanted); len++) {
				struct checkpoint fresh = { 0 };
				checkpoint_make(&fresh);
				mark = fresh;
				file_write(path, before, flags[f] == O_APPEND ? strlen(before) : 0);
				open_out(&o, flags[f], 0);
				let_out(&o, 0, n);
				sink_tries(&o, len - strlen(part));
				must(write(o.fd, wanted + strlen(part), len - strlen(part)) ==
				    (ssize_t)(len - strlen(part)));
				close_out(&o);
				open_out(&o, flags[f], ALL);
				must(o.next == n);
				if (n % 2 == 0)
					let_out(&o, o.next, ALL);
				else
					let_out_in_pieces(&o, ALL, len % 7 + 1);
				must(o.count == ALL);
				close_out(&o);
				has(path, wanted);
			}
		}
	ck_assert_int_eq(access(surplus, F_OK), -1);
}
END_TEST

START_TEST(emptied)
{
	struct sink o;
	char wanted[1024];

	open_out(&o, O_TRUNC, 0);
	let_out(&o, 0, 5);
	close_out(&o);
	/* ">" again. */
	open_out(&o, O_TRUNC, 5);
	ck_assert_uint_eq(o.next, 0);
	let_out(&o, 0, 8);
	close_out(&o);
	expect(wanted, sizeof wanted, "", 8);
	has(path, wanted);
	/* { echo head; forkpool; } >file: it was emptied, and something else comes first. */
	int fd = open(path, O_WRONLY | O_TRUNC);
	must(write(fd, "head\n", 5) == 5);
	sink_attach(&o, &mark, fd, 0, 8, "the output", surplus);
	ck_assert_uint_eq(o.next, 0);
	let_out(&o, 0, 9);
	close_out(&o);
	expect(wanted, sizeof wanted, "head\n", 9);
	has(path, wanted);
	/* Another file of that name. */
	must(unlink(path) == 0);
	file_write(path, "new\n", 4);
	open_out(&o, O_APPEND, 9);
	ck_assert_uint_eq(o.next, 0);
	let_out(&o, 0, 9);
	close_out(&o);
	expect(wanted, sizeof wanted, "new\n", 9);
	has(path, wanted);
	/* A crash of the system: its end is missing. */
	for (off_t cut = (off_t)strlen(wanted); cut >= 4; cut--) {
		must(truncate(path, cut) == 0);
		open_out(&o, O_APPEND, 9);
		let_out(&o, o.next, 9);
		close_out(&o);
		has(path, wanted);
	}
	ck_assert_int_eq(access(surplus, F_OK), -1);
}
END_TEST

/* What others have added stays, and we go on behind it. */
START_TEST(of_others)
{
	struct sink o;
	char wanted[1024];

	open_out(&o, O_APPEND, 0);
	let_out(&o, 0, 3);
	close_out(&o);
	int fd = open(path, O_WRONLY | O_APPEND);
	must(write(fd, "two notes of mine\n", 18) == 18);
	(void)close(fd);
	open_out(&o, O_APPEND, 3);
	/* Nothing to add: nothing happens. */
	close_out(&o);
	expect(wanted, sizeof wanted, "", 3);
	(void)strcat(wanted, "two notes of mine\n");
	has(path, wanted);
	open_out(&o, O_APPEND, 3);
	let_out(&o, 3, 8);
	close_out(&o);
	for (uint64_t i = 3; i < 8; i++)
		(void)strcat(wanted, entry(i));
	has(path, wanted);
	/* And between our own writes. */
	open_out(&o, O_APPEND, 8);
	let_out(&o, 8, 9);
	fd = open(path, O_WRONLY | O_APPEND);
	must(write(fd, "more\n", 5) == 5);
	(void)close(fd);
	let_out(&o, 9, 11);
	close_out(&o);
	open_out(&o, O_APPEND, 11);
	let_out(&o, 11, 12);
	close_out(&o);
	(void)strcat(wanted, entry(8));
	(void)strcat(wanted, "more\n");
	for (uint64_t i = 9; i < 12; i++)
		(void)strcat(wanted, entry(i));
	has(path, wanted);
	ck_assert_int_eq(access(surplus, F_OK), -1);
}
END_TEST

/* The journal has lost its end: known is less than what had gone out. */
START_TEST(lost)
{
	struct sink o;
	char wanted[1024], was[1024];

	for (uint64_t known = 0; known < 8; known++) {
		checkpoint_make(&mark);
		file_write(path, "", 0);
		open_out(&o, O_APPEND, 0);
		let_out(&o, 0, 8);
		close_out(&o);
		expect(was, sizeof was, "", 8);
		expect(wanted, sizeof wanted, "", known);
		/* Killed once more on the way. */
		open_out(&o, O_APPEND, known);
		ck_assert_uint_eq(o.next, 0);
		let_out(&o, 0, known / 2);
		close_out(&o);
		open_out(&o, O_APPEND, known);
		let_out(&o, o.next, known);
		ck_assert_int_eq(sink_caught_up(&o), 0);
		has(path, wanted);
		if (strlen(was) > strlen(wanted))
			has(surplus, was + strlen(wanted));
		(void)unlink(surplus);
		/* They are run again, and end in another order. */
		for (uint64_t i = known; i < 8; i++)
			must(
			    append(&o, i, entry(7 - i + known), strlen(entry(7 - i + known))) == 0);
		close_out(&o);
		for (uint64_t i = known; i < 8; i++)
			(void)strcat(wanted, entry(7 - i + known));
		has(path, wanted);
	}
}
END_TEST

/* A pipe: counted by the byte. */
START_TEST(counted)
{
	struct sink o;
	char wanted[1024], got[1024] = "";

	expect(wanted, sizeof wanted, "", 16);
	for (size_t cut = 0; cut <= strlen(wanted); cut++) {
		int fd[2];
		must(pipe(fd) == 0);
		checkpoint_make(&mark);
		size_t len = 0;
		for (int life = 0; life < 2; life++) {
			sink_attach(&o, &mark, fd[1], 0, life == 0 ? 0 : 16, "the output", surplus);
			char all[1024] = "", *at = all;
			for (uint64_t i = o.next; i < 16; i++) {
				(void)strcat(all, entry(i));
				sink_end(&o, strlen(entry(i)));
			}
			while (*at != '\0' && (life == 1 || len < cut)) {
				ssize_t n = sink_pass(&o, at, strlen(at));
				if (n == 0) {
					sink_tries(&o, life == 0 ? 1 : strlen(at));
					n = write(fd[1], at, life == 0 ? 1 : strlen(at));
					must(n > 0);
					sink_wrote(&o, (size_t)n);
					len += (size_t)n;
				}
				at += n;
			}
			sink_detach(&o);
		}
		(void)close(fd[1]);
		must(read(fd[0], got, sizeof got) == (ssize_t)strlen(wanted) &&
		    memcmp(got, wanted, strlen(wanted)) == 0);
		(void)close(fd[0]);
	}
	ck_assert_uint_eq(sink_piece(&o, 1000000), 1000000);
	int fd[2];
	must(pipe(fd) == 0);
	sink_attach(&o, &mark, fd[1], 0, 16, "the output", surplus);
	ck_assert_uint_le(sink_piece(&o, 1000000), 65536);
	sink_detach(&o);
	(void)close(fd[0]);
	(void)close(fd[1]);
}
END_TEST

/* Killed around a write(): how much was out is seen in a file, and told of a pipe, which has it again. */
START_TEST(in_doubt)
{
	char wanted[1024], part[1024], from_pipe[1024] = "";
	struct sink o;
	int fd[2];

	expect(wanted, sizeof wanted, "before\n", 16);
	expect(part, sizeof part, "before\n", 3);
	for (size_t out = 0; strlen(part) + out <= strlen(wanted); out++)
		for (size_t tried = out; tried <= out + 9 && strlen(part) + tried <= strlen(wanted);
		     tried++) {
			/* A file that others write to as well: standard output and error in one. */
			mark = (struct checkpoint){ 0 };
			checkpoint_make(&mark);
			file_write(path, "before\n", 7);
			int file = open(path, O_WRONLY | O_APPEND);
			sink_attach(&o, &mark, file, 1, 0, "the output", surplus);
			let_out(&o, 0, 3);
			sink_tries(&o, tried);
			must(write(file, wanted + strlen(part), out) == (ssize_t)out);
			sink_detach(&o);
			/* Once more killed, before it came as far. */
			for (int life = 0; life < 2; life++) {
				sink_attach(&o, &mark, file, 1, 16, "the output", surplus);
				char all[1024] = "";
				for (uint64_t i = o.next; i < 16; i++) {
					(void)strcat(all, entry(i));
					must(sink_end(&o, strlen(entry(i))) == 0);
				}
				size_t at = 0, most = life == 0 ? out / 2 : strlen(all);
				for (ssize_t n; at < most; at += (size_t)n) {
					n = sink_pass(&o, all + at, most - at);
					if (n == 0) {
						sink_tries(&o, 1);
						n = write(file, all + at, 1);
						sink_wrote(&o, (size_t)n);
					}
				}
				sink_detach(&o);
			}
			(void)close(file);
			has(path, wanted);

			/* A pipe: entries 3 and 4 are told where some of them was tried. */
			must(pipe(fd) == 0);
			mark = (struct checkpoint){ 0 };
			checkpoint_make(&mark);
			sink_attach(&o, &mark, fd[1], 0, 0, "the output", surplus);
			let_out(&o, 0, 3);
			sink_tries(&o, tried);
			sink_detach(&o);
			sink_attach(&o, &mark, fd[1], 0, 16, "the output", surplus);
			uint64_t begins = 0;
			for (uint64_t i = 3; i < 16; i++) {
				size_t len = strlen(entry(i));
				must(sink_wants(&o, i));
				must(sink_pass(&o, entry(i), len) == 0);
				sink_tries(&o, len);
				must(write(fd[1], entry(i), len) == (ssize_t)len);
				sink_wrote(&o, len);
				must(sink_end(&o, len) == (len > 0 && begins < tried));
				begins += len;
			}
			sink_detach(&o);
			must(read(fd[0], from_pipe, sizeof from_pipe) ==
			    (ssize_t)strlen(wanted) - 7);
			must(memcmp(from_pipe, wanted + 7, strlen(wanted) - 7) == 0);
			(void)close(fd[0]);
			(void)close(fd[1]);
		}
}
END_TEST

/* One that was refused before it wrote anything has not made another file the place of this run. */
START_TEST(nothing_tried)
{
	char wanted[1024], other[300];
	struct sink o;

	open_out(&o, O_APPEND, 0);
	let_out(&o, 0, 3);
	close_out(&o);
	(void)snprintf(other, sizeof other, "%s.other", path);
	int fd = open(other, O_WRONLY | O_CREAT | O_APPEND, 0600);
	must(fd != -1);
	sink_attach(&o, &mark, fd, 0, 3, "the output", surplus);
	ck_assert_uint_eq(o.next, 0);
	close_out(&o);
	open_out(&o, O_APPEND, 3);
	ck_assert_uint_eq(o.next, 3);
	let_out(&o, 3, 5);
	close_out(&o);
	expect(wanted, sizeof wanted, "", 5);
	has(path, wanted);
}
END_TEST

START_TEST(large_entries)
{
	enum { SIZE = 300000 };
	static char large[SIZE];
	struct sink o;
	struct stat st;

	for (size_t i = 0; i < SIZE; i++)
		large[i] = (char)('a' + i % 23);
	for (off_t cut = 0; cut <= 2 * SIZE; cut += 29989) {
		checkpoint_make(&mark);
		file_write(path, "", 0);
		open_out(&o, O_APPEND, 0);
		must(append(&o, 0, large, SIZE) == 0);
		struct checkpoint after_one = mark;
		must(append(&o, 1, large, SIZE) == 0);
		close_out(&o);
		mark = after_one;
		must(truncate(path, cut) == 0);
		open_out(&o, O_APPEND, 2);
		for (uint64_t i = o.next; i < 2; i++)
			must(append(&o, i, large, SIZE) == 0);
		close_out(&o);
		must(stat(path, &st) == 0 && st.st_size == 2 * SIZE);
		size_t len;
		char *data = file_read(path, &len);
		must(memcmp(data, large, SIZE) == 0 && memcmp(data + SIZE, large, SIZE) == 0);
		free(data);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("outlet");
	TCase *c = support_case("outlet", 60);

	tcase_add_checked_fixture(c, sink_setup, journal_teardown);
	tcase_add_test(c, without_a_journal);
	tcase_add_test(c, killed_at_every_byte);
	tcase_add_test(c, emptied);
	tcase_add_test(c, of_others);
	tcase_add_test(c, lost);
	tcase_add_test(c, counted);
	tcase_add_test(c, in_doubt);
	tcase_add_test(c, nothing_tried);
	tcase_add_test(c, large_entries);
	suite_add_tcase(s, c);
	return support_run(s);
}

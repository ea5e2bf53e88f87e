/* SPDX-License-Identifier: BSD-2-Clause */
/* MAKEFLAGS as make and others write it: the jobserver, -n, -j; and with another jobserver. */
#include "config.h"
#include "tests/support/support.h"

#include <string.h>

#include "tool/cli/makeflags.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* What each value says: the jobserver, its descriptors and text, -j, -n. */
static const struct {
	const char *value;
	enum makeflags_server server;
	int read_fd, write_fd;
	const char *text;
	unsigned jobs;
	int dry_run;
} readings[] = {
	{ NULL, MAKEFLAGS_NONE, -1, -1, "", 0, 0 },
	{ "", MAKEFLAGS_NONE, -1, -1, "", 0, 0 },
	{ "   ", MAKEFLAGS_NONE, -1, -1, "", 0, 0 },
	/* as GNU make 4.3 writes them */
	{ " -j3 --jobserver-auth=3,4", MAKEFLAGS_PIPE, 3, 4, "3,4", 3, 0 },
	{ "ks -j12 --jobserver-auth=3,4 -- FOO=a\\ b", MAKEFLAGS_PIPE, 3, 4, "3,4", 12, 0 },
	{ "n -j3 --jobserver-auth=3,4", MAKEFLAGS_PIPE, 3, 4, "3,4", 3, 1 },
	{ "kns", MAKEFLAGS_NONE, -1, -1, "", 0, 1 },
	{ " -j", MAKEFLAGS_NONE, -1, -1, "", 0, 0 },
	{ " -j1", MAKEFLAGS_NONE, -1, -1, "", 1, 0 },
	/* 4.4 */
	{ " -j8 --jobserver-auth=fifo:/tmp/GMfifo123", MAKEFLAGS_FIFO, -1, -1,
	    "/tmp/GMfifo123", 8, 0 },
	{ "w -j8 --jobserver-style=fifo --jobserver-auth=fifo:/tmp/x --no-print-directory",
	    MAKEFLAGS_FIFO, -1, -1, "/tmp/x", 8, 0 },
	/* and where a recipe is not recursive */
	{ " -j3 --jobserver-auth=3,4 --jobserver-auth=-2,-2", MAKEFLAGS_CLOSED, -2, -2,
	    "-2,-2", 3, 0 },
	/* before 4.2 */
	{ " --jobserver-fds=5,6 -j", MAKEFLAGS_PIPE, 5, 6, "5,6", 0, 0 },
	/* cargo */
	{ "-j --jobserver-fds=8,9 --jobserver-auth=8,9", MAKEFLAGS_PIPE, 8, 9, "8,9", 0,
	    0 },
	/* the last one counts, whatever it is called */
	{ "--jobserver-auth=3,4 --jobserver-auth=5,6", MAKEFLAGS_PIPE, 5, 6, "5,6", 0, 0 },
	{ "--jobserver-auth=fifo:/a --jobserver-fds=5,6", MAKEFLAGS_PIPE, 5, 6, "5,6", 0,
	    0 },
	{ "--jobserver-fds=5,6 --jobserver-auth=fifo:/a", MAKEFLAGS_FIFO, -1, -1, "/a", 0,
	    0 },
	{ "--jobserver-auth=3,4 --jobserver-auth=x", MAKEFLAGS_UNKNOWN, -1, -1, "x", 0, 0 },
	{ "--jobserver-auth=x --jobserver-auth=3,4", MAKEFLAGS_PIPE, 3, 4, "3,4", 0, 0 },
	/* no option: a variable, or a part of one */
	{ " -- A=--jobserver-auth=3,4", MAKEFLAGS_NONE, -1, -1, "", 0, 0 },
	{ " -- A=b\\ --jobserver-auth=3,4", MAKEFLAGS_NONE, -1, -1, "", 0, 0 },
	{ " -- --jobserver-auth=3,4", MAKEFLAGS_NONE, -1, -1, "", 0, 0 },
	{ "A=x\\ --jobserver-auth=3,4", MAKEFLAGS_NONE, -1, -1, "", 0, 0 },
	{ "NAME=n", MAKEFLAGS_NONE, -1, -1, "", 0, 0 },
	{ "--no-print-directory n", MAKEFLAGS_NONE, -1, -1, "", 0, 0 },
	{ "-n", MAKEFLAGS_NONE, -1, -1, "", 0, 0 },
	{ "--jobserver-auth 3,4", MAKEFLAGS_NONE, -1, -1, "", 0, 0 },
	{ "--jobserver-authx=3,4", MAKEFLAGS_NONE, -1, -1, "", 0, 0 },
	{ "x--jobserver-auth=3,4", MAKEFLAGS_NONE, -1, -1, "", 0, 0 },
	/* blanks, tabs, backslashes */
	{ "\t-j2\t--jobserver-auth=3,4\t", MAKEFLAGS_PIPE, 3, 4, "3,4", 2, 0 },
	{ "--jobserver-auth=fifo:/tmp/a\\ b", MAKEFLAGS_FIFO, -1, -1, "/tmp/a b", 0, 0 },
	{ "--jobserver-auth=fifo:/tmp/a\\\\b", MAKEFLAGS_FIFO, -1, -1, "/tmp/a\\b", 0, 0 },
	{ "--jobserver-auth=fifo:/tmp/a\\", MAKEFLAGS_FIFO, -1, -1, "/tmp/a\\", 0, 0 },
	{ "\\", MAKEFLAGS_NONE, -1, -1, "", 0, 0 },
	/* negative ones */
	{ "--jobserver-auth=-1,4", MAKEFLAGS_CLOSED, -1, 4, "-1,4", 0, 0 },
	{ "--jobserver-auth=3,-1", MAKEFLAGS_CLOSED, 3, -1, "3,-1", 0, 0 },
	/* nonsense */
	{ "--jobserver-auth=", MAKEFLAGS_UNKNOWN, -1, -1, "", 0, 0 },
	{ "--jobserver-auth=fifo:", MAKEFLAGS_UNKNOWN, -1, -1, "", 0, 0 },
	{ "--jobserver-auth=3", MAKEFLAGS_UNKNOWN, -1, -1, "3", 0, 0 },
	{ "--jobserver-auth=3,", MAKEFLAGS_UNKNOWN, 3, -1, "3,", 0, 0 },
	{ "--jobserver-auth=,4", MAKEFLAGS_UNKNOWN, -1, -1, ",4", 0, 0 },
	{ "--jobserver-auth=3,4,5", MAKEFLAGS_UNKNOWN, 3, -1, "3,4,5", 0, 0 },
	{ "--jobserver-auth=3,4x", MAKEFLAGS_UNKNOWN, 3, -1, "3,4x", 0, 0 },
	{ "--jobserver-auth=+3,4", MAKEFLAGS_UNKNOWN, -1, -1, "+3,4", 0, 0 },
	{ "--jobserver-auth=3;4", MAKEFLAGS_UNKNOWN, -1, -1, "3;4", 0, 0 },
	{ "--jobserver-auth=2147483648,4", MAKEFLAGS_UNKNOWN, -1, -1, "2147483648,4", 0,
	    0 },
	{ "--jobserver-auth=99999999999999999999999999999999,4", MAKEFLAGS_UNKNOWN, -1, -1,
	    "99999999999999999999999999999999,4", 0, 0 },
	{ "--jobserver-auth=gmake_semaphore_12", MAKEFLAGS_UNKNOWN, -1, -1,
	    "gmake_semaphore_12", 0, 0 },
	{ " -jx --jobserver-auth=3,4", MAKEFLAGS_PIPE, 3, 4, "3,4", 0, 0 },
	{ " -j99999999999 --jobserver-auth=3,4", MAKEFLAGS_PIPE, 3, 4, "3,4", 0, 0 },
	{ " -j0 --jobserver-auth=3,4", MAKEFLAGS_PIPE, 3, 4, "3,4", 0, 0 },
	{ " --jobs=7 --jobserver-auth=3,4", MAKEFLAGS_PIPE, 3, 4, "3,4", 7, 0 },
};

START_TEST(reads)
{
	struct makeflags m;

	for (size_t i = 0; i < COUNT(readings); i++) {
		const char *value = readings[i].value != NULL ? readings[i].value : "(not set)";
		makeflags_read(&m, readings[i].value);
		ck_assert_msg(m.server == readings[i].server, "%s: server %d", value,
		    (int)m.server);
		ck_assert_msg(m.read_fd == readings[i].read_fd &&
			m.write_fd == readings[i].write_fd,
		    "%s: %d, %d", value, m.read_fd, m.write_fd);
		ck_assert_msg(m.jobs == readings[i].jobs, "%s: %u jobs", value, m.jobs);
		ck_assert_msg(m.dry_run == readings[i].dry_run, "%s: dry run %d", value, m.dry_run);
		ck_assert_msg(m.text.len == strlen(readings[i].text) &&
			(m.text.len == 0 || strcmp(m.text.at, readings[i].text) == 0),
		    "%s: its text", value);
		makeflags_free(&m);
	}
}
END_TEST

START_TEST(writes)
{
	static const struct {
		const char *value, *words, *wanted;
	} table[] = {
		{ NULL, "-j2 --jobserver-auth=7,8", " -j2 --jobserver-auth=7,8" },
		{ "", "-j2", " -j2" },
		{ "", "", "" },
		{ "ks", "-j2", "ks -j2" },
		{ "  ks", "-j2", "ks -j2" },
		{ "--no-print-directory", "-j2", " --no-print-directory -j2" },
		{ "A=1", "-j2", " A=1 -j2" },
		{ "k -j3 --jobserver-auth=3,4", "-j2 --jobserver-auth=7,8",
		    "k -j2 --jobserver-auth=7,8" },
		{ " -j3 --jobserver-auth=3,4", "", "" },
		{ " -j3 --jobserver-fds=3,4 --jobserver-auth=3,4 -Otarget --jobserver-style=pipe "
		  "--trace",
		    "-j2", " -Otarget --trace -j2" },
		{ " -j3 --jobserver-auth=fifo:/tmp/a\\ b -l2.5", "-j2", " -l2.5 -j2" },
		{ " --jobs=3 --jobs -j -I../include", "-j2", " -I../include -j2" },
		{ "k -j3 --jobserver-auth=3,4 -- FOO=a\\ b  BAR=--jobserver-auth=3,4", "-j2",
		    "k -j2 -- FOO=a\\ b  BAR=--jobserver-auth=3,4" },
		{ "k -- FOO=a\\ b", "", "k -- FOO=a\\ b" },
	};
	struct bytes got = { 0 };

	for (size_t i = 0; i < COUNT(table); i++) {
		bytes_clear(&got);
		makeflags_write(&got, table[i].value, table[i].words);
		ck_assert_str_eq(got.at, table[i].wanted);
		ck_assert_uint_eq(got.len, strlen(table[i].wanted));
	}
	bytes_free(&got);
}
END_TEST

/* What was written reads back with that jobserver, and writing it again changes nothing. */
START_TEST(reads_back)
{
	static const char *const values[] = {
		NULL,
		"",
		"n",
		"ks -j9 --jobserver-auth=3,4 -- A=b\\ c",
		" --jobserver-auth=x",
		"--jobserver-fds=1,2 -- --x",
	};
	static const char words[] = "-j5 --jobserver-fds=20,21 --jobserver-auth=20,21";
	struct bytes once = { 0 }, twice = { 0 };
	struct makeflags m;

	for (size_t i = 0; i < COUNT(values); i++) {
		bytes_clear(&once);
		bytes_clear(&twice);
		makeflags_write(&once, values[i], words);
		makeflags_read(&m, once.at);
		ck_assert_int_eq(m.server, MAKEFLAGS_PIPE);
		ck_assert_int_eq(m.read_fd, 20);
		ck_assert_int_eq(m.write_fd, 21);
		ck_assert_uint_eq(m.jobs, 5);
		makeflags_free(&m);
		makeflags_write(&twice, once.at, words);
		ck_assert_str_eq(once.at, twice.at);
	}
	bytes_free(&once);
	bytes_free(&twice);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool_makeflags");
	TCase *tc = support_case("makeflags", 10);

	tcase_add_test(tc, reads);
	tcase_add_test(tc, writes);
	tcase_add_test(tc, reads_back);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The values of options: what a right one sets, and that a wrong one is refused by name. */
#include "config.h"
#include "tests/support/options_support.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Each value is refused in a line that names the option. */
static void
refuses(const char *option, const char *const *values, size_t count)
{
	struct said said;
	char named[32];

	(void)snprintf(named, sizeof named, "%s ", option);
	for (size_t i = 0; i < count; i++) {
		RUN(&said, "forkpool", option, values[i]);
		ck_assert_msg(said.status == 1 && strstr(said.err, named) != NULL, "%s: %d %s",
		    values[i], said.status, said.err);
	}
}

START_TEST(numbers_arrive)
{
	struct options o = READ("forkpool", "-j7", "--timeout=1.5", "--retries", "3", "--delay",
	    "20ms", "--load=4", "--memfree", "1G", "--mem=64M", "--cpu=2s", "--fsize", "1k",
	    "--nofile=64", "--pids=9", "--nice", "-5", "--grace=2s", "-s", "4K", "true");

	ck_assert_uint_eq(o.workers, 7);
	ck_assert_int_eq(o.timeout_ns, 1500000000);
	ck_assert_uint_eq(o.retries, 3);
	ck_assert_int_eq(o.delay_ns, 20000000);
	ck_assert_double_eq_tol(o.load, 4, 1e-9);
	ck_assert_int_eq(o.memfree, 1 << 30);
	ck_assert_int_eq(o.memory, 64 << 20);
	ck_assert_int_eq(o.cpu_ns, 2000000000);
	ck_assert_int_eq(o.file_size, 1024);
	ck_assert_int_eq(o.open_files, 64);
	ck_assert_int_eq(o.processes, 9);
	ck_assert_int_eq(o.nice, -5);
	ck_assert_int_eq(o.nice_given, 1);
	ck_assert_int_eq(o.grace_ns, 2000000000);
	ck_assert_int_eq(o.max_chars, 4096);
	options_free(&o);
}
END_TEST

START_TEST(delimiters)
{
	static const struct {
		const char *text;
		int byte;
	} right[] = {
		{ ",", ',' },
		{ "\\n", '\n' },
		{ "\\t", '\t' },
		{ "\\0", 0 },
		{ "\\\\", '\\' },
		{ "\\x41", 'A' },
		{ "\\x0a", '\n' },
		{ "\\101", 'A' },
		{ "\\377", 0xff },
		{ "\\xfF", 0xff },
		{ "\\a", '\a' },
		{ "\\r", '\r' },
		{ "\\f", '\f' },
		{ "\\v", '\v' },
		{ "\\b", '\b' },
		{ "\xff", 0xff },
		{ "\\", '\\' },
		{ "\\7", 7 },
	};
	static const char *const wrong[] = { "", "ab", "\\q", "\\x", "\\xg", "\\x100", "\\400",
		"\\8", "\\nn", "\\n,", "\\x4 " };

	for (size_t i = 0; i < COUNT(right); i++) {
		struct options o = READ("forkpool", "-d", right[i].text, "true");
		ck_assert_msg(o.separator == right[i].byte, "%s: %d", right[i].text, o.separator);
		options_free(&o);
		o = READ("xargs", "-d", right[i].text, "true");
		ck_assert_int_eq(o.separator, right[i].byte);
		ck_assert_int_eq(o.xargs_quoting, 0);
		options_free(&o);
	}
	refuses("-d", wrong, COUNT(wrong));
	struct options o = READ("forkpool", "-0", "true");
	ck_assert_int_eq(o.separator, 0);
	options_free(&o);
}
END_TEST

START_TEST(halts)
{
	static const struct {
		const char *text;
		struct halt_option halt;
	} right[] = {
		{ "never", { HALT_NEVER, HALT_FAIL, 0, 0 } },
		{ "0", { HALT_NEVER, HALT_FAIL, 0, 0 } },
		{ "1", { HALT_SOON, HALT_FAIL, 1, 0 } },
		{ "2", { HALT_NOW, HALT_FAIL, 1, 0 } },
		{ "-1", { HALT_SOON, HALT_SUCCESS, 1, 0 } },
		{ "-2", { HALT_NOW, HALT_SUCCESS, 1, 0 } },
		{ "20%", { HALT_SOON, HALT_FAIL, 0, 20 } },
		{ "now,fail=1", { HALT_NOW, HALT_FAIL, 1, 0 } },
		{ "soon,fail=3", { HALT_SOON, HALT_FAIL, 3, 0 } },
		{ "soon,success=12", { HALT_SOON, HALT_SUCCESS, 12, 0 } },
		{ "now,done=2", { HALT_NOW, HALT_DONE, 2, 0 } },
		{ "now,done=0.5%", { HALT_NOW, HALT_DONE, 0, 0.5 } },
		{ "soon,success=100%", { HALT_SOON, HALT_SUCCESS, 0, 100 } },
	};
	static const char *const wrong[] = {
		"",
		"3",
		"-3",
		"now",
		"soon",
		"now,",
		"now,fail",
		"now,fail=",
		"now,fail=0",
		"now,fail=-1",
		"now,fail=x",
		"now,fail=1x",
		"now,fail=0%",
		"now,fail=101%",
		"now,fail=%",
		"never,fail=1",
		"later,fail=1",
		"now,failed=1",
		"now,fail=1,",
		"now fail=1",
		"NOW,fail=1",
		"0%",
		"101%",
		"%",
		"now,fail=1%%",
		"now,fail=1.5",
		"now,fail=1.2.3%",
		"now,fail=99999999999",
	};

	for (size_t i = 0; i < COUNT(right); i++) {
		struct options o = READ("forkpool", "--halt", right[i].text, "true");
		ck_assert_int_eq(o.halt.when, right[i].halt.when);
		ck_assert_int_eq(o.halt.what, right[i].halt.what);
		ck_assert_uint_eq(o.halt.count, right[i].halt.count);
		ck_assert_double_eq_tol(o.halt.percent, right[i].halt.percent, 1e-9);
		options_free(&o);
	}
	refuses("--halt", wrong, COUNT(wrong));
}
END_TEST

START_TEST(ways_to_end)
{
	static const struct {
		const char *text;
		int64_t ms;
	} right[] = {
		{ "TERM,200,KILL", 200 },
		{ "TERM,200,TERM,100,TERM,50,KILL,25", 350 },
		{ "SIGTERM,5,SIGKILL", 5 },
		{ "term,1,kill,0", 1 },
	};
	static const char *const wrong[] = {
		"",
		"x",
		"TERM",
		"KILL",
		"KILL,25",
		"TERM,KILL",
		"TERM,200",
		"TERM,200,",
		"TERM,200,TERM",
		"TERM,200,INT,100,KILL",
		"INT,200,KILL",
		"TERM,-1,KILL",
		"TERM,0,KILL",
		"TERM,x,KILL",
		"TERM,200,KILL,x",
		"TERM,200,KILL,25,TERM",
		"200,TERM",
		"TERM,200,KILL,",
		",TERM,200,KILL",
		"TERM,,KILL",
		"TERM,1.5,KILL",
		"TERM,99999999999999999999,KILL",
		"TERM 200 KILL",
		"SIG,200,KILL",
		"15,200,9",
	};

	for (size_t i = 0; i < COUNT(right); i++) {
		struct options o = READ("forkpool", "--term-seq", right[i].text, "true");
		ck_assert_int_eq(o.grace_ns, right[i].ms * 1000000);
		options_free(&o);
	}
	refuses("--term-seq", wrong, COUNT(wrong));
}
END_TEST

START_TEST(plugins)
{
	static const char *const wrong[] = {
		"",
		":",
		"x",
		"x:",
		":f",
		"x:f,",
		"x:,f",
		"x:f,,g",
		"x:f g",
		"x:1f",
		"x:f-g",
		"x:f;g",
		"x:f,1",
	};
	struct options o =
	    READ("forkpool", "--plugin", "./a:b.so:work,more_2", "--plugin-args", "", ":::", "a");

	ck_assert_str_eq(o.plugin_file, "./a:b.so");
	ck_assert_str_eq(o.plugin_functions, "work,more_2");
	ck_assert_str_eq(o.plugin_args, "");
	ck_assert_uint_eq(o.command_count, 0);
	options_free(&o);
	/* Given twice the last one counts, and the memory of the first is freed. */
	o = READ("forkpool", "--plugin=a:b", "--plugin=c:d");
	ck_assert_str_eq(o.plugin_file, "c");
	options_free(&o);
	refuses("--plugin", wrong, COUNT(wrong));
}
END_TEST

START_TEST(columns)
{
	static const struct {
		const char *text, *regex;
	} right[] = {
		{ ",", "," },
		{ "\\t", "\t" },
		{ "\\n|\\r", "\n|\r" },
		{ "\\d+", "[0-9]+" },
		{ "\\.", "\\." },
		{ " +", " +" },
		{ "\\\\", "\\\\" },
	};
	static const char *const wrong[] = { "", "(", "[", "a{2,1}", "*?(", "x*", "()", "a|" };

	for (size_t i = 0; i < COUNT(right); i++) {
		struct options o = READ("forkpool", "-C", right[i].text, "true");
		ck_assert_str_eq(o.colsep, right[i].regex);
		options_free(&o);
	}
	refuses("-C", wrong, COUNT(wrong));
	struct options o = READ("forkpool", "--header", ":", "true");
	ck_assert_int_eq(o.header, 1);
	ck_assert_str_eq(o.colsep, "\t");
	options_free(&o);
	o = READ("forkpool", "--header=:", "--colsep", ";", "true");
	ck_assert_str_eq(o.colsep, ";");
	options_free(&o);
}
END_TEST

START_TEST(users)
{
	static const struct {
		const char *text;
		uid_t uid;
		gid_t gid;
	} right[] = {
		{ "1234567:7654321", 1234567, 7654321 },
		{ "1234567", 1234567, 1234567 }, /* nobody's number: its group is the same */
		{ "nobody:17", 65534, 17 },
	};
	static const char *const wrong[] = {
		"", ":", "nobody:", ":1", "1:", "-1", "x y", "root", "0", "1:0", "1:root",
		"4294967295", "4294967296", "1:4294967295", "1:2:3",
	};

	for (size_t i = 0; i < COUNT(right) && geteuid() == 0; i++) {
		struct options o = READ("forkpool", "--sandbox", "--uid", right[i].text, "true");
		ck_assert_uint_eq(o.uid, right[i].uid);
		ck_assert_uint_eq(o.gid, right[i].gid);
		options_free(&o);
	}
	refuses("--uid", wrong, COUNT(wrong));
}
END_TEST

START_TEST(variables)
{
	static const char *const wrong[] = { "", "=", "=x" };
	struct options o = READ("forkpool", "--env", "A", "--env=B=c=d", "true");

	ck_assert_str_eq(o.environment[0], "A");
	ck_assert_str_eq(o.environment[1], "B=c=d");
	ck_assert_ptr_null(o.environment[2]);
	options_free(&o);
	refuses("--env", wrong, COUNT(wrong));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool_option_values");
	TCase *tc = support_case("option_values", 60);

	tcase_add_test(tc, numbers_arrive);
	tcase_add_test(tc, delimiters);
	tcase_add_test(tc, halts);
	tcase_add_test(tc, ways_to_end);
	tcase_add_test(tc, plugins);
	tcase_add_test(tc, columns);
	tcase_add_test(tc, users);
	tcase_add_test(tc, variables);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* --results: trees as GNU parallel's, templates and tables; and no item leads out of them. */
#include "config.h"
#include "tests/support/support.h"
#include "tests/support/tool_records.h"

#include <sys/stat.h>

#include "tool/records/results_dir.h"
#include "tool/records/results_table.h"

static const struct outcome ok = { .verdict = VERDICT_OK,
	.slot = 2,
	.start_ns = INT64_C(1700000000123456789),
	.run_ns = 9000000,
	.received = 4 };

static void
exists(const char *path, int wanted)
{
	struct stat st;

	if ((lstat(path, &st) == 0) != wanted)
		ck_abort_msg("%s %s", path, wanted ? "is missing" : "is there");
}

static int
add(uint64_t seq, const char *items, size_t len, size_t columns, const struct row *header,
    const char *out, const char *err)
{
	struct task *task = tool_task(seq, items, len, "x", 2);
	struct output_buffer p, q;
	struct job_record r = { .task = task,
		.outcome = &ok,
		.out = tool_output(&p, out, strlen(out)),
		.err = tool_output(&q, err, strlen(err)),
		.header = header };

	task->columns = columns;
	int status = results_dir_add(&r);
	output_buffer_clear(&p);
	output_buffer_clear(&q);
	task_free(task);
	return status;
}

START_TEST(tree)
{
	struct options o = { .results = (char[]){ "res/deep" } };
	static const struct item name[] = { { "x10", 3 }, { "b/2", 3 }, { "10", 2 }, { "9", 1 } };
	static const struct row header = { .items = name, .count = 4 };
	struct task *task = tool_task(1, "a b", 4, "", 0);
	struct job_record r = { .task = task, .outcome = &ok };

	results_dir_open(&o);
	ck_assert_int_eq(add(1, "a b", 4, 1, NULL, "out", "error"), 0);
	tool_file_is("res/deep/1/a b/stdout", "out", 3);
	tool_file_is("res/deep/1/a b/stderr", "error", 5);
	tool_file_is("res/deep/1/a b/seq", "1", 1);
	/* A job with the same items replaces the files. */
	ck_assert_int_eq(add(12, "a b", 4, 1, NULL, "o", ""), 0);
	tool_file_is("res/deep/1/a b/stdout", "o", 1);
	tool_file_is("res/deep/1/a b/stderr", "", 0);
	tool_file_is("res/deep/1/a b/seq", "12", 2);
	/* Columns; rows; rows of columns; columns with names, in the order of these. */
	ck_assert_int_eq(add(2, "a\0b", 4, 2, NULL, "", ""), 0);
	exists("res/deep/1/a/2/b/seq", 1);
	ck_assert_int_eq(add(3, "a\0b", 4, 1, NULL, "", ""), 0);
	exists("res/deep/1/a/1/b/seq", 1);
	ck_assert_int_eq(add(4, "a\0b\0c", 6, 2, NULL, "", ""), 0);
	exists("res/deep/1/a/2/b/1/c/seq", 1);
	ck_assert_int_eq(add(5, "w\0x\0y\0z", 8, 4, &header, "", ""), 0);
	exists("res/deep/b\\_2/x/x10/w/9/z/10/y/seq", 1);
	/* Characters that a shell, a path or a terminal could misread. */
	ck_assert_int_eq(add(6, "c/d\\\te", 7, 1, NULL, "", ""), 0);
	exists("res/deep/1/c\\_d\\\\\\te/seq", 1);
	ck_assert_int_eq(add(7, "", 1, 1, NULL, "", ""), 0);
	exists("res/deep/1/seq", 1);
	ck_assert_int_eq(add(8, "", 0, 0, NULL, "", ""), 0);
	exists("res/deep/8/seq", 1);
	ck_assert_str_eq(results_dir_place(&r), "res/deep/1/a b/stderr");
	results_dir_close();
	task_free(task);
}
END_TEST

/* Whatever the item is, its files are below DIR/1. */
START_TEST(no_item_leads_out)
{
	static const char *const item[] = { "..", ".", "../../x", "/etc/x", "...", "a/../../..",
		"..\n", "./" };
	static const struct item name = { "..", 2 };
	static const struct row header = { .items = &name, .count = 1 };
	struct options o = { .results = (char[]){ "jail/in" } };

	results_dir_open(&o);
	for (size_t i = 0; i < sizeof item / sizeof item[0]; i++) {
		ck_assert_int_eq(add(i + 1, item[i], strlen(item[i]) + 1, 1, NULL, "", ""), 0);
		ck_assert_int_eq(add(i + 1, item[i], strlen(item[i]) + 1, 1, &header, "", ""), 0);
	}
	exists("jail/in/1/\\../seq", 1);
	exists("jail/in/1/\\./seq", 1);
	exists("jail/in/1/.../seq", 1);
	exists("jail/in/1/..\\_..\\_x/seq", 1);
	exists("jail/in/\\../\\../seq", 1);
	exists("jail/in/seq", 0);
	exists("jail/seq", 0);
	exists("jail/x", 0);
	exists("jail/in/1/seq", 0);
	results_dir_close();
}
END_TEST

START_TEST(long_names)
{
	struct options o = { .results = (char[]){ "long" } };
	char item[3000];
	struct bytes names = { 0 };

	results_dir_open(&o);
	memset(item, 'y', sizeof item);
	/* Two items that differ only near their ends. */
	item[sizeof item - 1] = '\0';
	for (int i = 0; i < 2; i++) {
		item[sizeof item - 2] = (char)('a' + i);
		const char *out = i == 0 ? "first" : "second";
		ck_assert_int_eq(add(1, item, sizeof item, 1, NULL, out, ""), 0);
	}
	struct task *task = tool_task(1, item, sizeof item, "", 0);
	struct job_record r = { .task = task, .outcome = &ok };
	ck_assert_uint_eq(results_names(&r, 255, &names), 2);
	ck_assert_uint_eq(strlen(names.at + 2), 255);
	ck_assert_uint_eq(strspn(names.at + 2, "y"), 238);
	char *path = strdup(results_dir_place(&r));
	path[strlen(path) - 6] = '\0';
	strcat(path, "stdout");
	tool_file_is(path, "second", 6);
	free(path);
	/* Characters of three bytes: none is cut in two. */
	for (size_t i = 0; i + 1 < sizeof item; i++)
		task->items.at[i] = "\xe2\x82\xac"[i % 3];
	for (size_t max = 250; max < 256; max++) {
		(void)results_names(&r, max, &names);
		ck_assert_uint_le(strlen(names.at + 2), max);
		ck_assert_uint_gt(strlen(names.at + 2), max - 3);
		ck_assert_uint_eq((size_t)(strrchr(names.at + 2, '-') - (names.at + 2)) % 3, 0);
	}
	/* Names that are longer in all than a path can be. */
	bytes_clear(&names);
	for (int i = 0; i < 40; i++) {
		for (int k = 0; k < 240; k++)
			bytes_add_byte(&names, 'n');
		bytes_add_byte(&names, '\0');
	}
	ck_assert_int_eq(add(3, names.at, names.len, 1, NULL, "", ""), 0);
	results_dir_close();
	bytes_free(&names);
	task_free(task);
	/* nftw() of tool_leave() cannot go down so deep. */
	ck_assert_int_eq(system("rm -rf long"), 0);
}
END_TEST

START_TEST(templates)
{
	struct options o = { .results = (char[]){ "by/{#}-{}" } };

	results_dir_open(&o);
	ck_assert_int_eq(add(1, "a", 2, 1, NULL, "out", "error"), 0);
	tool_file_is("by/1-a", "out", 3);
	tool_file_is("by/1-a.err", "error", 5);
	tool_file_is("by/1-a.seq", "1", 1);
	ck_assert_int_eq(add(2, "b/c", 4, 1, NULL, "out", ""), 0);
	tool_file_is("by/2-b/c", "out", 3);
	/* The error is not to be seen in the test's output. */
	ck_assert_int_eq(close(STDERR_FILENO), 0);
	ck_assert_int_eq(open("/dev/null", O_RDWR), STDERR_FILENO);
	ck_assert_int_eq(add(3, "/../../x", 9, 1, NULL, "out", ""), -1);
	exists("x", 0);
	results_dir_close();
	o.results = (char[]){ "{%}/{1}/{2}/" };
	results_dir_open(&o);
	ck_assert_int_eq(add(4, "a\0b", 4, 2, NULL, "out", ""), 0);
	tool_file_is("2/a/b/stdout", "out", 3);
	tool_file_is("2/a/b/seq", "4", 1);
	results_dir_close();
}
END_TEST

static void
open_it(const void *results)
{
	struct options o = { .results = (char *)(uintptr_t)results };

	results_dir_open(&o);
}

START_TEST(where_it_cannot_be)
{
	tool_write("file", "", 0);
	ck_assert_ptr_nonnull(
	    strstr(tool_refused(open_it, "file"), "--results: cannot make the directory file: "));
	ck_assert_ptr_nonnull(
	    strstr(tool_refused(open_it, "file/below"), "file/below: Not a directory"));
	ck_assert_ptr_nonnull(strstr(tool_refused(open_it, ""), "--results"));
}
END_TEST

START_TEST(kinds)
{
	ck_assert_int_eq(results_kind("a.csv"), RESULTS_CSV);
	ck_assert_int_eq(results_kind("a.TSV"), RESULTS_TSV);
	ck_assert_int_eq(results_kind(".json"), RESULTS_JSON);
	ck_assert_int_eq(results_kind("a.tap"), RESULTS_TAP);
	ck_assert_int_eq(results_kind("a.csv/"), RESULTS_TREE);
	ck_assert_int_eq(results_kind("csv"), RESULTS_TREE);
	ck_assert_int_eq(results_path_leaves("a/../b"), 1);
	ck_assert_int_eq(results_path_leaves(".."), 1);
	ck_assert_int_eq(results_path_leaves("a/.."), 1);
	ck_assert_int_eq(results_path_leaves("../a"), 1);
	ck_assert_int_eq(results_path_leaves("a..b/..c/d../..."), 0);
	ck_assert_int_eq(results_path_leaves(""), 0);
}
END_TEST

static void
table(enum results_kind kind, const struct row *header, const char *expected)
{
	struct task *task = tool_task(1, "a b\0\"q\"", 8, "", 0);
	struct task *second = tool_task(2, "a b", 4, "", 0);
	struct output_buffer out, err;
	struct job_record r = { .task = task,
		.outcome = &ok,
		.out = tool_output(&out, "x\"\n", 3),
		.err = tool_output(&err, "plain,\001", 7),
		.header = header };
	struct outcome late = ok;

	results_table_open("table", kind, RECORD_REPLACE);
	ck_assert_int_eq(results_table_add(&r, "echo 'a b'", 10), 0);
	late.verdict = VERDICT_TIMED_OUT;
	late.signal = 9;
	r.outcome = &late;
	r.out = NULL;
	r.task = second;
	ck_assert_int_eq(results_table_add(&r, "", 0), 0);
	ck_assert_int_eq(results_table_close(NULL), 0);
	tool_file_is("table", expected, strlen(expected));
	ck_assert_int_eq(remove("table"), 0);
	output_buffer_clear(&out);
	output_buffer_clear(&err);
	task_free(task);
	task_free(second);
}

START_TEST(tables)
{
	static const struct item name[] = { { "n m", 3 }, { "o", 1 } };
	static const struct row header = { .items = name, .count = 2 };

	table(RESULTS_CSV, NULL,
	    "Seq,Host,Starttime,JobRuntime,Send,Receive,Exitval,Signal,Command,V1,V2,"
	    "Stdout,Stderr\n"
	    "1,:,1700000000.123,0.009,0,4,0,0,\"echo 'a b'\",\"a b\",\"\"\"q\"\"\","
	    "\"x\"\"\n\",\"plain,\001\"\n"
	    "2,:,1700000000.123,0.009,0,4,-1,9,,\"a b\",,\"plain,\001\"\n");
	table(RESULTS_TSV, &header,
	    "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\t"
	    "\"n m\"\to\tStdout\tStderr\n"
	    "1\t:\t1700000000.123\t0.009\t0\t4\t0\t0\t\"echo 'a b'\"\t\"a b\"\t"
	    "\"\"\"q\"\"\"\t\"x\"\"\n\"\tplain,\001\n"
	    "2\t:\t1700000000.123\t0.009\t0\t4\t-1\t9\t\t\"a b\"\t\tplain,\001\n");
	table(RESULTS_JSON, NULL,
	    "{ \"Seq\": 1, \"Host\": \":\", \"Starttime\": 1700000000.123, \"JobRuntime\": 0.009, "
	    "\"Send\": 0, \"Receive\": 4, \"Exitval\": 0, \"Signal\": 0, "
	    "\"Command\": \"echo 'a b'\", \"V\": [ \"a b\",\"\\\"q\\\"\" ], "
	    "\"Stdout\": \"x\\\"\\u000a\", \"Stderr\": \"plain,\\u0001\" }\n"
	    "{ \"Seq\": 2, \"Host\": \":\", \"Starttime\": 1700000000.123, \"JobRuntime\": 0.009, "
	    "\"Send\": 0, \"Receive\": 4, \"Exitval\": -1, \"Signal\": 9, "
	    "\"Command\": \"\", \"V\": [ \"a b\" ], "
	    "\"Stdout\": \"\", \"Stderr\": \"plain,\\u0001\" }\n");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool_results");
	TCase *tc = support_case("results", 60);

	tool_enter();
	tcase_add_test(tc, tree);
	tcase_add_test(tc, no_item_leads_out);
	tcase_add_test(tc, long_names);
	tcase_add_test(tc, templates);
	tcase_add_test(tc, where_it_cannot_be);
	tcase_add_test(tc, kinds);
	tcase_add_test(tc, tables);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

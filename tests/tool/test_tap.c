/* SPDX-License-Identifier: BSD-2-Clause */
/* --results FILE.tap: test points, their output as blocks of YAML, how a file ends and goes on. */
#include "config.h"
#include "tests/support/support.h"
#include "tests/support/tool_records.h"

#include "tool/records/results_table.h"
#include "tool/records/results_tap.h"

static const struct outcome ok = { .verdict = VERDICT_OK,
	.slot = 1,
	.attempt = 1,
	.start_ns = INT64_C(1700000000123456789),
	.run_ns = 9000000,
	.message = "" };

static void
add(const struct outcome *e, const char *item, const char *out, size_t out_len)
{
	struct task *task = tool_task(7, item, strlen(item) + 1, "x", 2);
	struct output_buffer p;
	struct job_record r = { .task = task, .outcome = e, .out = tool_output(&p, out, out_len) };

	ck_assert_int_eq(results_table_add(&r, "x \"\\\n", 5), 0);
	output_buffer_clear(&p);
	task_free(task);
}

START_TEST(points)
{
	struct outcome e = ok, skipped = { .verdict = VERDICT_SKIPPED, .exit_code = -1 };
	static const char text[] =
	    "TAP version 14\n"
	    "ok 1 - a \\# \\\\\n"
	    "  ---\n"
	    "  seq: 7\n"
	    "  command: \"x \\\"\\\\\\\\n\"\n"
	    "  outcome: ok\n"
	    "  exit: 0\n"
	    "  attempt: 1\n"
	    "  duration: 0.009\n"
	    "  stdout: |\n"
	    "    out\n"
	    "  stderr: \"\"\n"
	    "  ...\n"
	    "not ok 2 - b\n"
	    "  ---\n"
	    "  seq: 7\n"
	    "  command: \"x \\\"\\\\\\\\n\"\n"
	    "  outcome: over_limit\n"
	    "  message: \"said \\\"no\\\"\"\n"
	    "  signal: KILL\n"
	    "  limit: memory\n"
	    "  attempt: 2\n"
	    "  duration: 0.009\n"
	    "  stdout: \"\"\n"
	    "  stderr: \"\"\n"
	    "  ...\n"
	    "ok 3 - c # SKIP was not run\n"
	    "  ---\n"
	    "  seq: 7\n"
	    "  command: \"x \\\"\\\\\\\\n\"\n"
	    "  outcome: skipped\n"
	    "  message: \"was not run\"\n"
	    "  stdout: \"\"\n"
	    "  stderr: \"\"\n"
	    "  ...\n"
	    "Bail out! why\n"
	    "1..3\n";

	e.verdict = VERDICT_OVER_LIMIT;
	e.exit_code = 137;
	e.signal = 9;
	e.limit = "memory";
	e.message = "said \"no\"";
	e.attempt = 2;
	results_table_open("points", RESULTS_TAP, RECORD_REPLACE);
	add(&ok, "a # \\", "out\n", 4);
	add(&e, "b", "", 0);
	add(&skipped, "c", "", 0);
	ck_assert_int_eq(results_table_close("why"), 0);
	tool_file_is("points", text, sizeof text - 1);
}
END_TEST

static void
block_is(const char *out, size_t len, const char *expected)
{
	size_t whole;

	results_table_open("block", RESULTS_TAP, RECORD_REPLACE);
	add(&ok, "a", out, len);
	ck_assert_int_eq(results_table_close(NULL), 0);
	char *text = tool_read("block", &whole);
	char *begin = strstr(text, "  stdout: "), *end = strstr(text, "  stderr: ");
	must(begin != NULL && end != NULL);
	*end = '\0';
	ck_assert_str_eq(begin + strlen("  stdout: "), expected);
	free(text);
}

#define BLOCK_IS(out, expected) block_is(out, sizeof(out) - 1, expected)

START_TEST(blocks)
{
	BLOCK_IS("a\nb\n", "|\n    a\n    b\n");
	BLOCK_IS("a", "|\n    a\n");
	BLOCK_IS("\n", "|\n    \n");
	BLOCK_IS(" ", "|\n    \\040\n");
	BLOCK_IS("  a\n b\n", "|\n    \\040 a\n     b\n");
	BLOCK_IS("\ta\n\tb\n", "|\n    \\011a\n    \tb\n");
	BLOCK_IS("\n\n  \n a", "|\n    \n    \n    \\040 \n     a\n");
	BLOCK_IS("\n a", "|\n    \n    \\040a\n");
	BLOCK_IS("...\n---\nok 1\n", "|\n    ...\n    ---\n    ok 1\n");
	BLOCK_IS("\r\n\0\377", "|\n    \\r\n    \\000\\377\n");
}
END_TEST

/* However the output is cut into pieces. */
START_TEST(long_blocks)
{
	enum { LEN = 100000 };
	char *out = malloc(LEN), *expected = malloc(2 * LEN + 16);

	must(out != NULL && expected != NULL);
	for (size_t cycle = 4; cycle < 12; cycle += 3) {
		size_t to = (size_t)sprintf(expected, "|\n"), len = LEN / cycle * cycle;
		for (size_t i = 0; i < len; i++) {
			size_t column = i % cycle;
			out[i] = column == cycle - 1 ? '\n' : "\xe2\x82\xac"[column % 3];
			if (column == 0)
				to += (size_t)sprintf(expected + to, "    ");
			expected[to++] = out[i];
		}
		expected[to] = '\0';
		block_is(out, len, expected);
	}
	free(out);
	free(expected);
}
END_TEST

static void
goes_on_as(const char *had, size_t len, const char *is, size_t is_len)
{
	struct record_writer f;

	tool_write("end", had, len);
	record_writer_open(&f, "--results", "end", RECORD_APPEND);
	results_tap_go_on(&f);
	ck_assert_int_eq(record_writer_close(&f), 0);
	tool_file_is("end", is, is_len);
}

START_TEST(where_it_goes_on)
{
	static const char head[] = "TAP version 14\n", point[] = "ok 1 - a\n  ---\n  ...\n";
	char text[8000];

	for (int cut = 0; cut < 3; cut++) {
		/* A kill may have cut the plan short. */
		const char *newline = cut == 0 ? "\n" : "";
		int n = snprintf(text, sizeof text, "%s%s1..1%s", head, point, newline);
		goes_on_as(text, (size_t)n - (cut == 2), text, sizeof head + sizeof point - 2);
	}
	int n = snprintf(text, sizeof text, "%s%sBail out! a 1..1\n1..1\n", head, point);
	goes_on_as(text, (size_t)n, text, sizeof head + sizeof point - 2);
	n = snprintf(text, sizeof text, "%sBail out! x\n1..0 # SKIP no job has run\n",
	    head);
	goes_on_as(text, (size_t)n, "", 0);
	goes_on_as(head, sizeof head - 1, "", 0);
	goes_on_as("", 0, "", 0);
	/* Without a plan it stays: a point that is not whole is the journal's concern. */
	n = snprintf(text, sizeof text, "%s%snot ok 2 - 1..1\n  ---\n    1..2", head, point);
	goes_on_as(text, (size_t)n, text, (size_t)n);
	/* Also where no line begins in what is looked at, which looks like a plan. */
	memset(text, '1', sizeof text);
	goes_on_as(text, sizeof text, text, sizeof text);
	memcpy(text + sizeof text - 6, "\n1..1\n", 6);
	goes_on_as(text, sizeof text, text, sizeof text - 5);
}
END_TEST

START_TEST(no_points)
{
	static const char text[] = "TAP version 14\n1..0 # SKIP no job has run\n";

	results_table_open("none", RESULTS_TAP, RECORD_REPLACE);
	ck_assert_int_eq(results_table_close(NULL), 0);
	tool_file_is("none", text, sizeof text - 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool_tap");
	TCase *tc = support_case("tap", 60);

	tool_enter();
	tcase_add_test(tc, points);
	tcase_add_test(tc, blocks);
	tcase_add_test(tc, long_blocks);
	tcase_add_test(tc, where_it_goes_on);
	tcase_add_test(tc, no_points);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

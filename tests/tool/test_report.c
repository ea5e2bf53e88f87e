/* SPDX-License-Identifier: BSD-2-Clause */
/* What a report keeps of very many tries, its sums over all of them, and text made safe for it. */
#include "config.h"
#include "tests/support/support.h"
#include "tests/support/tool_records.h"

#include <jansson.h>

#include "tool/base/atomic_file.h"
#include "tool/records/records.h"
#include "tool/reports/report.h"
#include "tool/reports/report_stats.h"
#include "tool/reports/report_text.h"

/* ----------------------------------------------------------------------------------------- text */

static void
line_is(const char *data, size_t len, size_t max, const char *wanted)
{
	struct bytes out = { 0 };

	report_text_add_line(&out, data, len, max);
	ck_assert_str_eq(out.at, wanted);
	bytes_free(&out);
}

START_TEST(text_cannot_leave_its_string)
{
	line_is("plain", 5, 100, "\"plain\"");
	line_is("</script>", 9, 100, "\"\\u003c/script\\u003e\"");
	line_is("<!--&lt;", 8, 100, "\"\\u003c!--\\u0026lt;\"");
	line_is("a\"b\\c", 5, 100, "\"a\\\"b\\\\c\"");
	line_is("\xc3\xa9", 2, 100, "\"\xc3\xa9\"");
	line_is("\xe2\x80\xa8", 3, 100, "\"\\\\342\\\\200\\\\250\"");
	line_is("\x1b[31m\xff", 6, 100, "\"\\\\033[31m\\\\377\"");
	line_is("", 0, 100, "\"\"");
	line_is("abcdefghij", 10, 10, "\"abcdefghij\"");
	line_is("abcdefghijk", 11, 10, "\"abcdefg...\"");
}
END_TEST

static void
tail_is(const char *data, size_t len, size_t max, const char *wanted)
{
	struct bytes out = { 0 };
	struct output_buffer p;

	report_text_add_tail(&out, tool_output(&p, data, len), max);
	ck_assert_str_eq(out.at, wanted);
	bytes_free(&out);
	output_buffer_clear(&p);
}

START_TEST(ends_of_output)
{
	tail_is("one\n\ttwo\n", 9, 100, "\"one\\n\\ttwo\\n\"");
	tail_is("", 0, 100, "\"\"");
	/* Begins with a line, if one begins early enough; else with a character. */
	tail_is("first\nsecond\nthird\n", 19, 16, "\"second\\nthird\\n\"");
	tail_is("first\nsecond\n", 13, 13, "\"first\\nsecond\\n\"");
	tail_is("0123456789abcdef\n", 17, 8, "\"9abcdef\\n\"");
	tail_is("\xe2\x82\xac\xe2\x82\xac", 6, 5, "\"\xe2\x82\xac\"");
	tail_is("\xe2\x82\xac\xe2\x82\xac", 6, 4, "\"\xe2\x82\xac\"");
	tail_is("\x80\x80\x80\x80", 4, 4, "\"\\\\200\\\\200\\\\200\\\\200\"");
	/* Each byte of the largest tail becomes an escape of five. */
	char much[2 * REPORT_TAIL_MAX];
	struct bytes out = { 0 };
	struct output_buffer p;
	memset(much, 0xff, sizeof much);
	report_text_add_tail(&out, tool_output(&p, much, sizeof much), sizeof much);
	ck_assert_uint_eq(out.len, 2 + REPORT_TAIL_MAX * 5);
	bytes_free(&out);
	output_buffer_clear(&p);
}
END_TEST

/* ----------------------------------------------------------------------------------------- sums */

static json_t *
stats_now(void)
{
	struct bytes out = { 0 };
	json_error_t error;

	bytes_add_byte(&out, '{');
	report_stats_json(&out);
	bytes_add_text(&out, "\"end\":0}");
	json_t *object = json_loadb(out.at, out.len, JSON_REJECT_DUPLICATES, &error);
	if (object == NULL)
		ck_abort_msg("%s: %.200s", error.text, out.at);
	bytes_free(&out);
	return object;
}

static int64_t
at(const json_t *object, const char *name, size_t i)
{
	return json_integer_value(json_array_get(json_object_get(object, name), i));
}

static int64_t
sum(const json_t *array)
{
	int64_t total = 0;

	for (size_t i = 0; i < json_array_size(array); i++)
		total += json_integer_value(json_array_get(array, i));
	return total;
}

START_TEST(sums_of_a_few)
{
	static const struct report_stats_run run[] = {
		{ .slot = 1, .start = 0, .run = 1500 },
		{ .slot = 3, .start = 500, .run = 4, .failed = 1, .again = 1 },
		{ .slot = 3, .start = -7, .run = 0, .failed = 1, .died = 1 },
	};

	for (size_t i = 0; i < sizeof run / sizeof run[0]; i++)
		report_stats_add(&run[i]);

	json_t *o = stats_now();
	ck_assert_int_eq(json_integer_value(json_object_get(o, "runs_total")), 3);
	ck_assert_int_eq(json_integer_value(json_object_get(o, "again")), 1);
	char *lanes = json_dumps(json_object_get(o, "lanes"), JSON_COMPACT);
	ck_assert_str_eq(lanes, "[[1500,1,0,0],[0,0,0,0],[4,2,2,1]]");
	free(lanes);
	/* The ranges: below 1, 1 to 2, 2 to 5, ... */
	ck_assert_int_eq(at(o, "by_duration", 0), 1);
	ck_assert_int_eq(at(o, "by_duration", 2), 1);
	ck_assert_int_eq(at(o, "edges", 9), 1000);
	ck_assert_int_eq(at(o, "by_duration", 10), 1);
	ck_assert_int_eq(sum(json_object_get(o, "by_duration")), 3);
	ck_assert_int_eq(json_integer_value(json_object_get(o, "stretch")), 1000);
	ck_assert_int_eq(at(o, "busy", 0), 1004);
	ck_assert_int_eq(at(o, "busy", 1), 500);
	ck_assert_int_eq(at(o, "ended", 0), 2);
	ck_assert_int_eq(at(o, "failed", 0), 2);
	ck_assert_int_eq(at(o, "ended", 1), 1);
	json_decref(o);
	report_stats_free();
}
END_TEST

/* A long run has no more stretches, and nothing gets lost where two become one. */
START_TEST(sums_of_days)
{
	int64_t busy = 0;
	uint64_t runs = 0;

	for (int64_t start = 0, run = 1; start < INT64_C(400) * 86400 * 1000000;
	     start += run, run += run / 3 + 1) {
		report_stats_add(&(struct report_stats_run){ .slot = 1,
		    .start = start,
		    .run = run,
		    .failed = runs % 2 == 0 });
		busy += run;
		runs++;
	}
	json_t *o = stats_now();
	ck_assert_uint_le(json_array_size(json_object_get(o, "busy")), 480);
	ck_assert_uint_gt(json_array_size(json_object_get(o, "busy")), 240);
	ck_assert_int_eq(sum(json_object_get(o, "busy")), busy);
	ck_assert_int_eq(sum(json_object_get(o, "ended")), (int64_t)runs);
	ck_assert_int_eq(sum(json_object_get(o, "failed")), (int64_t)(runs + 1) / 2);
	ck_assert_int_eq(sum(json_object_get(o, "by_duration")), (int64_t)runs);
	/* Each stretch but the last is busy all the time. */
	int64_t stretch = json_integer_value(json_object_get(o, "stretch"));
	for (size_t i = 0; i + 1 < json_array_size(json_object_get(o, "busy")); i++)
		ck_assert_int_eq(at(o, "busy", i), stretch);
	json_decref(o);
	report_stats_free();
}
END_TEST

/* ------------------------------------------------------------------------------------- the page */

static struct forkpool *pool;
static struct options options;
static struct totals totals;

static void
begin(void)
{
	static char name[] = "page.html", *words[] = { NULL };
	char error[256];

	struct forkpool_options pool_options = {
		.workers = 1
	};
	pool = forkpool_open(&pool_options, error, sizeof error);
	ck_assert_msg(pool != NULL, "%s", error);
	options = (struct options){ .report = name, .command = words, .workers = 2 };
	totals = (struct totals){ 0 };
	/* The report asks records.c where a job's output is. */
	records_open(&options, NULL);
	report_open(&options, pool);
}

static void
one_run(struct task *task, uint64_t seq, enum verdict verdict, int64_t run_ns,
    const struct output_buffer *err)
{
	struct outcome e = { .verdict = verdict,
		.exit_code = verdict != VERDICT_OK,
		.slot = 1 + (unsigned)(seq % 2),
		.attempt = 1,
		.start_ns = INT64_C(1900000000000000000) + (int64_t)seq * 1000,
		.run_ns = run_ns,
		.max_rss = -1,
		.message = "" };
	struct job_record record = { .task = task, .outcome = &e, .err = err };
	char command[64];

	task->seq = seq;
	int len = snprintf(command, sizeof command, "work on %llu now", (unsigned long long)seq);
	struct attempt run = { .record = &record, .command = command, .command_len = (size_t)len };
	report_run(&run);
	totals_add(&totals, &e, DIALECT_NATIVE);
}

/* Closes the report; the data of its page. */
static json_t *
finished(void)
{
	static const char before[] = "id=\"data\">\n";
	size_t len;
	json_error_t error;

	struct attempt_end end = { .totals = &totals, .status = 123 };
	ck_assert_int_eq(report_close(&end), 0);
	(void)forkpool_close(pool);
	char *page = tool_read("page.html", &len);
	char *from = strstr(page, before), *to = strstr(page, "\n</script>\n<script nonce");
	ck_assert(from != NULL && to != NULL);
	from += strlen(before);
	json_t *data = json_loadb(from, (size_t)(to - from), JSON_REJECT_DUPLICATES, &error);
	if (data == NULL)
		ck_abort_msg("%s at %d: %.200s", error.text, error.position,
		    from + error.position - 100);
	free(page);
	ck_assert_int_eq(remove("page.html"), 0);
	return data;
}

/* The first million, then a limited number of failed tries, and the slowest; memory is constant. */
START_TEST(more_runs_than_rows)
{
	const uint64_t limit = REPORT_ROWS, failing = REPORT_MORE + 500, slow = REPORT_SLOWEST + 50;
	struct task *task = tool_task(1, "", 0, "", 0);
	uint64_t seq = 0, early = 0;

	begin();
	for (; seq < limit; seq++) {
		one_run(task, seq + 1, VERDICT_OK, 1000000, NULL);
		if (seq == 1000)
			early = tool_memory("VmRSS:");
	}
	for (uint64_t i = 0; i < 300000; i++, seq++)
		one_run(task, seq + 1, VERDICT_OK, 1000000, NULL);
	for (uint64_t i = 0; i < failing; i++, seq++)
		one_run(task, seq + 1, VERDICT_FAILED, 1000000, NULL);
	/* Longer than all before, in no order: the shortest 50 are not among the slowest. */
	for (uint64_t i = 0; i < slow; i++, seq++)
		one_run(task, seq + 1, VERDICT_OK, (int64_t)(2 + i * 77 % slow) * 1000000000, NULL);
	if (!SUPPORT_SANITIZED)
		ck_assert_uint_lt(tool_memory("VmRSS:") - early, 2 << 10);

	json_t *data = finished(), *rows = json_object_get(data, "rows");
	ck_assert_uint_eq(json_array_size(rows), limit + REPORT_MORE + REPORT_SLOWEST);
	ck_assert(json_is_false(json_object_get(data, "complete")));
	ck_assert_int_eq(json_integer_value(json_object_get(data, "runs_total")), (int64_t)seq);
	ck_assert_int_eq(at(data, "jobs", VERDICT_FAILED), (int64_t)failing);
	ck_assert_int_eq(sum(json_object_get(data, "by_duration")), (int64_t)seq);
	int64_t number = 0, shortest = INT64_MAX, sum_failed = 0;
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		number += json_integer_value(json_array_get(row, 0));
		int64_t verdict = json_integer_value(json_array_get(row, 2)),
			run = json_integer_value(json_array_get(row, 6));
		if (i < limit)
			ck_assert_int_eq(number, (int64_t)i + 1);
		sum_failed += verdict == VERDICT_FAILED;
		if (i >= limit + REPORT_MORE)
			shortest = run < shortest ? run : shortest;
	}
	ck_assert_int_eq(sum_failed, REPORT_MORE);
	ck_assert_int_eq(shortest, (int64_t)(2 + slow - REPORT_SLOWEST) * 1000000);
	json_decref(data);
	task_free(task);
}
END_TEST

/* Failed jobs' output has a limit of its own; how much each wrote is told in any case. */
START_TEST(more_output_than_is_kept)
{
	const uint64_t kept = REPORT_TAILS / REPORT_TAIL, jobs = kept + 10;
	struct task *task = tool_task(1, "", 0, "", 0);
	struct output_buffer err;
	char text[4 * 1024];

	memset(text, 'e', sizeof text);
	(void)tool_output(&err, text, sizeof text);
	begin();
	for (uint64_t seq = 1; seq <= jobs; seq++)
		one_run(task, seq, VERDICT_FAILED, 1000, &err);
	json_t *data = finished(), *rows = json_object_get(data, "rows");
	ck_assert_uint_eq(json_array_size(rows), jobs);
	ck_assert(json_is_true(json_object_get(data, "complete")));
	for (size_t i = 0; i < jobs; i++) {
		const json_t *row = json_array_get(rows, i);
		ck_assert_str_eq(json_string_value(json_array_get(row, 12)), "exit status 1");
		ck_assert_int_eq(json_integer_value(json_array_get(row, 14)), (int64_t)sizeof text);
		if (i < kept)
			ck_assert_uint_eq(json_string_length(json_array_get(row, 15)), REPORT_TAIL);
		else
			ck_assert(json_is_null(json_array_get(row, 15)));
	}
	json_decref(data);
	output_buffer_clear(&err);
	task_free(task);
}
END_TEST

/* If the file system is full, the old file stays, and no temporary one. */
START_TEST(a_file_is_whole_or_as_it_was)
{
	struct atomic_file f;
	struct stat st;

	tool_write("whole", "old", 3);
	atomic_file_prepare(&f, "--report", "whole");
	ck_assert_int_eq(atomic_file_open(&f), 0);
	atomic_file_add(&f, "new text", 8);
	tool_file_is("whole", "old", 3);
	char temporary[sizeof f.place.temporary];
	(void)snprintf(temporary, sizeof temporary, "%s", f.place.temporary);
	ck_assert_int_eq(stat(temporary, &st), 0);
	ck_assert_int_eq(atomic_file_close(&f), 0);
	tool_file_is("whole", "new text", 8);
	ck_assert_int_eq(stat(temporary, &st), -1);

	ck_assert_int_eq(atomic_file_open(&f), 0);
	(void)snprintf(temporary, sizeof temporary, "%s", f.place.temporary);
	/* Let each write fail. */
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	ck_assert_int_ne(full, -1);
	ck_assert_int_ne(dup2(full, f.fd), -1);
	ck_assert_int_eq(close(full), 0);
	atomic_file_add(&f, "newer", 5);
	atomic_file_add(&f, "newest", 6);
	ck_assert_int_eq(atomic_file_close(&f), -1);
	ck_assert_int_eq(errno, ENOSPC);
	tool_file_is("whole", "new text", 8);
	ck_assert_int_eq(stat(temporary, &st), -1);
	atomic_file_free(&f);
	ck_assert_int_eq(remove("whole"), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool_report");
	TCase *tc = support_case("report", 240);

	tool_enter();
	tcase_add_test(tc, text_cannot_leave_its_string);
	tcase_add_test(tc, ends_of_output);
	tcase_add_test(tc, sums_of_a_few);
	tcase_add_test(tc, sums_of_days);
	tcase_add_test(tc, more_runs_than_rows);
	tcase_add_test(tc, more_output_than_is_kept);
	tcase_add_test(tc, a_file_is_whole_or_as_it_was);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

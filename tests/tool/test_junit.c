/* SPDX-License-Identifier: BSD-2-Clause */
/* The test report of --junit, and the parts that it is made of: text of any bytes, names,
   and bytes that wait for the end. */
#include "config.h"
#include "tests/support/support.h"
#include "tests/support/tool_records.h"

#include "tool/base/escape.h"
#include "tool/base/escape_lines.h"
#include "tool/records/junit.h"
#include "tool/records/name_set.h"
#include "tool/records/record_name.h"
#include "tool/records/record_writer.h"
#include "tool/records/held_bytes.h"
#include "tool/records/xml_text.h"

/* ---------------------------------------------------------------------------- text of any bytes */

/* Whether it is text that XML 1.0 can have, by the definition of its characters. */
static int
is_xml_text(const struct bytes *text)
{
	for (size_t at = 0, n; at < text->len; at += n) {
		const unsigned char *s = (const unsigned char *)text->at + at;
		n = utf8_sequence(text->at + at, text->len - at);
		if (n == 0 || (s[0] < ' ' && s[0] != '\n' && s[0] != '\t') || s[0] == 0x7f ||
		    (n == 3 && s[0] == 0xef && s[1] == 0xbf && s[2] >= 0xbe))
			return 0;
	}
	return 1;
}

/* Adds the text as it comes in pieces of these lengths, the second again and again. */
static void
escape_in_pieces(struct bytes *to, const char *data, size_t len, size_t first, size_t then)
{
	size_t from = 0, end = first < len ? first : len;

	for (;;) {
		from += escape_lines(to, data + from, end - from, end == len);
		/* Never more than a part of one character stays. */
		must(end - from < 4);
		if (end == len)
			break;
		end = end + then < len ? end + then : len;
	}
	must(from == len);
}

START_TEST(pieces_do_not_matter)
{
	static const char samples[] =
	    "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\n\t\r\0\x37\x1b[0m\x7f\xc2\x85\xe2\x80\xae"
	    "\xef\xbf\xbe\xef\xbf\xbf\xff\xfe\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80"
	    "\xf0\x9f\x98z\xe2\x82";
	const size_t len = sizeof samples - 1;
	struct bytes whole = { 0 }, cut = { 0 };

	must(escape_lines(&whole, samples, len, 1) == len);
	ck_assert_str_eq(whole.at,
	    "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\n\t\\r\\0007\\033[0m\\177\\302\\205"
	    "\\342\\200\\256\\357\\277\\276\\357\\277\\277\\377\\376\\300\\200\\355\\240\\200"
	    "\\364\\220\\200\\200\\360\\237\\230z\\342\\202");
	for (size_t first = 0; first <= len; first++)
		for (size_t then = 1; then < 6; then++) {
			bytes_clear(&cut);
			escape_in_pieces(&cut, samples, len, first, then);
			if (cut.len != whole.len || memcmp(cut.at, whole.at, cut.len) != 0)
				ck_abort_msg("%zu, then %zu each: %s", first, then, cut.at);
		}
	bytes_free(&whole);
	bytes_free(&cut);
}
END_TEST

/* All sequences of up to three bytes of those that matter. */
START_TEST(any_bytes_become_text)
{
	static const unsigned char some[] = { 0, 1, '\t', '\n', '\r', 0x1b, ' ', '"', '&', '<', '7',
		'a', 0x7f, 0x80, 0x85, 0x9f, 0xa0, 0xa8, 0xae, 0xbb, 0xbe, 0xbf, 0xc0, 0xc2, 0xdf,
		0xe0, 0xe2, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff };
	const size_t n = sizeof some;
	struct bytes text = { 0 }, in_xml = { 0 };

	for (size_t i = 0; i < n * n * n; i++) {
		char three[3] = { (char)some[i / n / n], (char)some[i / n % n], (char)some[i % n] };
		bytes_clear(&text);
		must(escape_lines(&text, three, 3, 1) == 3);
		must(is_xml_text(&text));
		bytes_clear(&in_xml);
		xml_text_add(&in_xml, text.at, text.len);
		must(memchr(in_xml.at, '<', in_xml.len) == NULL &&
		    memchr(in_xml.at, '"', in_xml.len) == NULL);
	}
	bytes_free(&text);
	bytes_free(&in_xml);
}
END_TEST

START_TEST(markup_is_text)
{
	struct bytes text = { 0 };

	xml_text_add(&text, "a<b>&amp;\"']]>", 14);
	xml_attribute(&text, "name", "\"<x y='1'>");
	xml_text_add(&text, "", 0);
	ck_assert_str_eq(text.at,
	    "a&lt;b&gt;&amp;amp;&quot;']]&gt; name=\"&quot;&lt;x y='1'&gt;\"");
	bytes_free(&text);
}
END_TEST

/* ---------------------------------------------------------------------------------------- names */

START_TEST(names_are_used_once)
{
	struct name_set names = { 0 };
	char name[24];

	for (size_t i = 0; i < NAME_SET_MAX; i++) {
		int n = snprintf(name, sizeof name, "%zu", i);
		must(name_set_add(&names, name, (size_t)n));
		must(!name_set_add(&names, name, (size_t)n));
	}
	must(names.count == NAME_SET_MAX && names.room == 2 * NAME_SET_MAX);
	/* There is no room for another one. */
	must(!name_set_add(&names, "x", 1) && names.count == NAME_SET_MAX);
	name_set_free(&names);
	must(name_set_add(&names, "1", 1));
	name_set_free(&names);
}
END_TEST

static void
job_is_named(const char *items, size_t items_len, const char *expected)
{
	struct task *task = tool_task(1, items, items_len, "x", 2);
	char name[16];

	must(record_job_name(name, sizeof name, task, "c o", 3) == strlen(name));
	ck_assert_str_eq(name, expected);
	task_free(task);
}

static void
program_is(const struct options *o, uint64_t seq, const char *words, size_t len,
    const char *expected)
{
	struct task *task = tool_task(seq, "", 0, words, len);
	struct bytes name = { 0 };

	record_program_name(o, task, &name);
	ck_assert_str_eq(name.at, expected);
	bytes_free(&name);
	task_free(task);
}

START_TEST(what_jobs_are_called)
{
	const struct options plain = { 0 }, shell = { .shell = 1 },
			     functions = { .plugin_file = (char[]){ "./p.so" },
				     .plugin_functions = (char[]){ "one,two,three" } };

	job_is_named("a b", 4, "a b");
	job_is_named("a\0b\0", 5, "a b ");
	job_is_named("", 0, "c o");
	job_is_named("\0", 2, "c o");
	job_is_named("a\nb\033", 5, "a\\nb\\033");
	job_is_named("0123456789abcdefg", 18, "0123456789ab...");
	program_is(&plain, 1, "/usr/bin/gzip\0-9", 17, "gzip");
	program_is(&plain, 1, "./a.b\0", 6, "a.b");
	program_is(&plain, 1, "x/", 3, "");
	program_is(&shell, 1, "/bin/sh\0-c\0  /bin/cat x; y\0", 27, "cat");
	program_is(&shell, 1, "/bin/sh\0-c\0cd;ls\0sh\0item", 25, "cd");
	program_is(&shell, 1, "/bin/sh\0-c\0(ls)\0", 16, "sh");
	program_is(&functions, 1, "item\0/", 7, "one");
	program_is(&functions, 3, "item", 5, "three");
	program_is(&functions, 5, "item", 5, "two");
}
END_TEST

/* --------------------------------------------------------------------------------------- report */

static const struct outcome ok = { .verdict = VERDICT_OK,
	.slot = 1,
	.attempt = 1,
	.start_ns = INT64_C(1700000000123456789),
	.run_ns = 9000000,
	.message = "" };

/* The cases of the file "report", which the caller frees. */
static char *
cases_of_report(void)
{
	size_t len;
	char *text = tool_read("report", &len), *at = text;

	for (int line = 0; line < 3; line++)
		at = strchr(at, '\n') + 1;
	ck_assert_int_eq(strncmp(at, "<testcase", 9), 0);
	memmove(text, at, strlen(at) + 1);
	return text;
}

static const char expected_cases[] =
	    "<testcase name=\"a\" classname=\"run_sh\" time=\"0.009\">\n"
	    "<flakyFailure message=\"exit status 3\" type=\"failed\">\n"
	    "<stackTrace>run 1, after 0.009 s: exit status 3\n</stackTrace>\n"
	    "<system-out>o&lt;1&gt;\n</system-out>\n<system-err>e\\033\n</system-err>\n"
	    "</flakyFailure>\n"
	    "<flakyFailure message=\"killed by SIGSEGV (Segmentation fault)\" type=\"crashed\">\n"
	    "<stackTrace>run 1, after 0.009 s: killed by SIGSEGV (Segmentation fault)\n"
	    "f() at &lt;a.c&gt;:1\n</stackTrace>\n"
	    "<system-out>o&lt;1&gt;\n</system-out>\n<system-err>e\\033\n</system-err>\n"
	    "</flakyFailure>\n"
	    "<system-out>o&lt;1&gt;\n</system-out>\n<system-err>e\\033\n</system-err>\n"
	    "</testcase>\n"
	    "<testcase name=\"b\" classname=\"run_sh\" time=\"0.009\">\n"
	    "<failure message=\"exit status 3\" type=\"failed\">exit status 3\ne\\033\n</failure>\n"
	    "<rerunFailure message=\"exit status 3\" type=\"failed\">\n"
	    "<stackTrace>run 2, after 0.009 s: exit status 3\n</stackTrace>\n"
	    "<system-out>o&lt;1&gt;\n</system-out>\n<system-err>e\\033\n</system-err>\n"
	    "</rerunFailure>\n"
	    "<system-err>e\\033\n</system-err>\n"
	    "</testcase>\n"
	    "<testcase name=\"a (job 3)\" classname=\"run_sh\" time=\"0.009\">\n"
	    "<error message=\"killed by SIGSEGV (Segmentation fault)\" type=\"crashed\">"
	    "killed by SIGSEGV (Segmentation fault)\nf() at &lt;a.c&gt;:1\n</error>\n"
	    "</testcase>\n"
	    "<testcase name=\"d\" classname=\"run_sh\" time=\"0.000\">\n"
	    "<skipped message=\"was not run\"/>\n"
	    "</testcase>\n"
	    "</testsuite>\n</testsuites>\n";

START_TEST(report)
{
	struct options o = { .junit = (char[]){ "report" } };
	struct outcome failed = ok, crashed = ok, skipped = { .verdict = VERDICT_SKIPPED };
	struct task *task[4];
	struct output_buffer out, err, none;

	failed.verdict = VERDICT_FAILED;
	failed.exit_code = 3;
	crashed.verdict = VERDICT_CRASHED;
	crashed.signal = 11;
	crashed.backtrace = "f() at <a.c>:1\n";
	(void)tool_output(&out, "o<1>\n", 5);
	(void)tool_output(&err, "e\033\n", 3);
	output_buffer_init(&none);
	tool_write("report", "before", 6);
	junit_open(&o);
	for (unsigned i = 0; i < 4; i++) {
		static const char words[] = "./run.sh";
		task[i] = tool_task(i + 1, i == 2 ? "a" : (char[]){ (char)('a' + (int)i), '\0' }, 2,
		    words, sizeof words);
	}
	struct job_record r = { .task = task[0], .outcome = &failed, .out = &out, .err = &err };
	junit_again(task[0], &r);
	failed.attempt = 2;
	r.outcome = &crashed;
	junit_again(task[0], &r);
	r.outcome = &ok;
	junit_add(&r);
	r.task = task[1];
	r.outcome = &failed;
	junit_again(task[1], &r);
	r.out = &none;
	junit_add(&r);
	r.task = task[2];
	r.outcome = &crashed;
	r.err = &none;
	junit_add(&r);
	r.task = task[3];
	r.outcome = &skipped;
	r.out = r.err = NULL;
	junit_add(&r);
	tool_file_is("report", "before", 6);
	ck_assert_int_eq(junit_close(), 0);
	char *cases = cases_of_report();
	ck_assert_str_eq(cases, expected_cases);
	free(cases);
	for (int i = 0; i < 4; i++)
		task_free(task[i]);
	output_buffer_clear(&out);
	output_buffer_clear(&err);
}
END_TEST

/* A task that is used again has nothing of the one before; what is told of one job has a limit. */
START_TEST(earlier_runs)
{
	struct options o = { .junit = (char[]){ "report" } };
	static char much[100000];
	struct outcome failed = ok;
	struct output_buffer out;

	memset(much, '&', sizeof much);
	failed.verdict = VERDICT_FAILED;
	junit_open(&o);
	struct task *task = tool_task(1, "a", 2, "x", 2);
	struct job_record r = { .task = task,
		.outcome = &failed,
		.out = tool_output(&out, much, sizeof much) };
	for (int i = 0; i < 1000; i++)
		junit_again(task, &r);
	ck_assert_uint_gt(task->earlier.len, JUNIT_EARLIER_JOB);
	ck_assert_uint_lt(task->earlier.len, JUNIT_EARLIER_JOB + 6 * JUNIT_EARLIER);
	/* The limit on all jobs together, which one that has ended is none of any more. */
	struct task *others[JUNIT_EARLIER_ALL / JUNIT_EARLIER_JOB], *one_more;
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		others[i] = tool_task(i + 3, "a", 2, "x", 2);
		for (int k = 0; k < 10; k++)
			junit_again(others[i], &r);
	}
	one_more = tool_task(1000, "a", 2, "x", 2);
	junit_again(one_more, &r);
	ck_assert_uint_eq(one_more->earlier.len, 0);
	junit_add(&r);
	junit_again(one_more, &r);
	ck_assert_uint_gt(one_more->earlier.len, JUNIT_EARLIER);
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		task_free(others[i]);
	task_free(one_more);
	struct task *copy = task_copy(task);
	ck_assert_uint_eq(copy->earlier.len, 0);
	task_free(copy);
	task_free(task);
	task = tool_task(2, "b", 2, "x", 2);
	ck_assert_uint_eq(task->earlier.len, 0);
	task_free(task);
	output_buffer_clear(&out);
	ck_assert_int_eq(junit_close(), 0);
}
END_TEST

/* Much output goes into the report in constant memory, and as its two ends. */
START_TEST(much_output_in_little_memory)
{
	enum { BLOCK = 1 << 20, BLOCKS = 192 };
	struct options o = { .junit = (char[]){ "report" } };
	struct task *task = tool_task(1, "", 0, "x", 2);
	struct output_buffer p;
	static char block[BLOCK];
	char left_out[64];

	memset(block, '<', sizeof block);
	output_buffer_init(&p);
	for (int i = 0; i < BLOCKS; i++)
		ck_assert_int_eq(output_buffer_add(&p, block, sizeof block), 0);
	uint64_t before = tool_memory("VmHWM:");
	junit_open(&o);
	for (int i = 0; i < 10; i++)
		junit_add(&(struct job_record){
		    .task = task, .outcome = &ok, .out = &p, .err = &p });
	ck_assert_int_eq(junit_close(), 0);
	if (!SUPPORT_SANITIZED)
		ck_assert_uint_lt(tool_memory("VmHWM:") - before, 32 << 10);
	size_t len, found = 0;
	char *text = tool_read("report", &len);
	ck_assert_uint_gt(len, 20u * BLOCK * sizeof "&lt;" - 20u * BLOCK);
	ck_assert_uint_lt(len, 20u * BLOCK * sizeof "&lt;");
	(void)snprintf(left_out, sizeof left_out, "\n[... %d bytes left out here ...]\n",
	    (BLOCKS - 1) * BLOCK);
	for (char *at = text; (at = strstr(at, left_out)) != NULL; at++)
		found++;
	ck_assert_uint_eq(found, 20);
	free(text);
	output_buffer_clear(&p);
	output_buffer_close();
	task_free(task);
}
END_TEST

/* ----------------------------------------------------------------------------------- held bytes */

START_TEST(held)
{
	struct atomic_file file;
	struct held_bytes s;
	size_t len;

	held_bytes_open(&s, "--junit");
	for (int i = 0; i < 100000; i++) {
		bytes_printf(&s.waiting, "%d\n", i);
		held_bytes_settle(&s);
		must(s.waiting.len < 65536);
	}
	atomic_file_prepare(&file, "--junit", "whole");
	ck_assert_int_eq(atomic_file_open(&file), 0);
	ck_assert_int_eq(held_bytes_copy(&s, &file), 0);
	ck_assert_int_eq(atomic_file_close(&file), 0);
	atomic_file_free(&file);
	char *text = tool_read("whole", &len), *at = text;
	ck_assert_uint_eq(len, held_bytes_size(&s));
	for (long i = 0; i < 100000; i++)
		must(strtol(at, &at, 10) == i && *at++ == '\n');
	free(text);
	held_bytes_close(&s);
}
END_TEST

/* What could not be kept does not pass for the whole. */
START_TEST(held_without_room)
{
	struct atomic_file file;
	struct held_bytes s;

	held_bytes_open(&s, "--junit");
	(void)close(s.fd);
	s.fd = open("/dev/full", O_RDWR);
	if (s.fd == -1)
		return;
	bytes_add_text(&s.waiting, "text");
	atomic_file_prepare(&file, "--junit", "absent");
	ck_assert_int_eq(atomic_file_open(&file), 0);
	ck_assert_int_eq(held_bytes_copy(&s, &file), -1);
	ck_assert_int_eq(errno, ENOSPC);
	file.error = errno;
	ck_assert_int_eq(atomic_file_close(&file), -1);
	ck_assert_int_eq(access("absent", F_OK), -1);
	atomic_file_free(&file);
	held_bytes_close(&s);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool_junit");
	TCase *tc = support_case("junit", 60);

	tool_enter();
	tcase_add_test(tc, pieces_do_not_matter);
	tcase_add_test(tc, any_bytes_become_text);
	tcase_add_test(tc, markup_is_text);
	tcase_add_test(tc, names_are_used_once);
	tcase_add_test(tc, what_jobs_are_called);
	tcase_add_test(tc, report);
	tcase_add_test(tc, earlier_runs);
	tcase_add_test(tc, much_output_in_little_memory);
	tcase_add_test(tc, held);
	tcase_add_test(tc, held_without_room);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

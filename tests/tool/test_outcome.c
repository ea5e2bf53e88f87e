/* SPDX-License-Identifier: BSD-2-Clause */
/* Outcomes of results of the library, their names, and the line that explains a failure. */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "tool/base/escape.h"
#include "tool/task/outcome.h"

static struct outcome
outcome_of(const struct forkpool_result *r, int is_command)
{
	struct outcome e;

	outcome_of_result(&e, r, INT64_C(1700000000000000000), is_command);
	return e;
}

START_TEST(each_outcome_has_its_word)
{
	static const struct {
		struct forkpool_result result;
		int is_command;
		enum verdict verdict;
		int exit_code, signal;
		const char *word;
	} row[] = {
		{ { .outcome = FORKPOOL_OK, .exit_code = -1 }, 0, VERDICT_OK, 0, 0, "ok" },
		{ { .outcome = FORKPOOL_EXITED, .exit_code = 0 }, 1, VERDICT_OK, 0, 0, "ok" },
		{ { .outcome = FORKPOOL_EXITED, .exit_code = 3 }, 1, VERDICT_FAILED, 3, 0,
		    "failed" },
		{ { .outcome = FORKPOOL_EXITED, .exit_code = 255 }, 1, VERDICT_FAILED, 255, 0,
		    "failed" },
		{ { .outcome = FORKPOOL_EXITED, .exit_code = 0 }, 0, VERDICT_FAILED, 1, 0,
		    "failed" },
		{ { .outcome = FORKPOOL_EXITED, .exit_code = 7 }, 0, VERDICT_FAILED, 7, 0,
		    "failed" },
		{ { .outcome = FORKPOOL_FAILED, .error = 5, .exit_code = -1 }, 0, VERDICT_FAILED, 5,
		    0, "failed" },
		{ { .outcome = FORKPOOL_FAILED, .error = 256, .exit_code = -1 }, 0, VERDICT_FAILED,
		    1, 0, "failed" },
		{ { .outcome = FORKPOOL_FAILED, .error = -9, .exit_code = -1 }, 0, VERDICT_FAILED,
		    1, 0, "failed" },
		{ { .outcome = FORKPOOL_FAILED, .error = ENOENT, .exit_code = -1 }, 1,
		    VERDICT_SETUP_FAILED, 127, 0, "setup_failed" },
		{ { .outcome = FORKPOOL_FAILED, .error = EACCES, .exit_code = -1 }, 1,
		    VERDICT_SETUP_FAILED, 126, 0, "setup_failed" },
		{ { .outcome = FORKPOOL_SETUP_FAILED, .error = EAGAIN, .exit_code = -1 }, 0,
		    VERDICT_SETUP_FAILED, 126, 0, "setup_failed" },
		{ { .outcome = FORKPOOL_CRASHED, .signal = SIGSEGV, .exit_code = -1 }, 1,
		    VERDICT_CRASHED, 128 + SIGSEGV, SIGSEGV, "crashed" },
		{ { .outcome = FORKPOOL_TIMED_OUT, .signal = SIGTERM, .exit_code = -1 }, 1,
		    VERDICT_TIMED_OUT, 128 + SIGTERM, SIGTERM, "timed_out" },
		{ { .outcome = FORKPOOL_TIMED_OUT, .exit_code = 4 }, 1, VERDICT_TIMED_OUT, 4, 0,
		    "timed_out" },
		{ { .outcome = FORKPOOL_CANCELLED, .signal = SIGKILL, .exit_code = -1 }, 1,
		    VERDICT_CANCELLED, 128 + SIGKILL, SIGKILL, "cancelled" },
		{ { .outcome = FORKPOOL_OVER_LIMIT, .limit = FORKPOOL_LIMIT_MEMORY,
		      .exit_code = 1 }, 1, VERDICT_OVER_LIMIT, 1, 0, "over_limit" },
		{ { .outcome = FORKPOOL_DENIED, .signal = SIGSYS, .exit_code = -1 }, 1,
		    VERDICT_DENIED, 128 + SIGSYS, SIGSYS, "denied" },
		{ { .outcome = FORKPOOL_LOST, .exit_code = -1 }, 1, VERDICT_LOST, -1, 0, "lost" },
	};

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		struct forkpool_result r = row[i].result;
		r.attempts = 2;
		r.worker = 4;
		r.queued_ns = 5000;
		r.run_ns = 77;
		r.max_rss = 4096;
		struct outcome e = outcome_of(&r, row[i].is_command);
		ck_assert_int_eq(e.verdict, row[i].verdict);
		ck_assert_int_eq(e.exit_code, row[i].exit_code);
		ck_assert_int_eq(e.signal, row[i].signal);
		ck_assert_str_eq(verdict_name(e.verdict), row[i].word);
		ck_assert_uint_eq(e.slot, 5);
		ck_assert_uint_eq(e.attempt, 2);
		ck_assert_int_eq(e.start_ns, INT64_C(1700000000000005000));
		ck_assert_int_eq(e.run_ns, 77);
		ck_assert_int_eq(e.max_rss, 4096);
		ck_assert_str_eq(e.message, "");
	}
}
END_TEST

START_TEST(exit_status_is_not_said_twice)
{
	struct forkpool_result r = { .outcome = FORKPOOL_EXITED,
		.exit_code = 3,
		.attempts = 1,
		.message = "exited with status 3" };
	struct outcome e = outcome_of(&r, 1);

	ck_assert_str_eq(e.message, "");
	e = outcome_of(&r, 0);
	ck_assert_str_eq(e.message, "exited with status 3");
}
END_TEST

START_TEST(what_never_began_was_skipped)
{
	struct forkpool_result r = { .outcome = FORKPOOL_CANCELLED,
		.exit_code = -1,
		.queued_ns = 5,
		.max_rss = -1 };
	struct outcome e = outcome_of(&r, 1);

	ck_assert_int_eq(e.verdict, VERDICT_SKIPPED);
	ck_assert_int_eq(e.exit_code, -1);
	ck_assert_int_eq(e.start_ns, 0);
	ck_assert_uint_eq(e.slot, 0);
	ck_assert_str_eq(verdict_name(VERDICT_SKIPPED), "skipped");
	ck_assert_str_eq(verdict_name(VERDICT_UNKNOWN), "unknown");
	ck_assert_str_eq(verdict_name(VERDICTS), "unknown");
}
END_TEST

START_TEST(signals_have_names)
{
	ck_assert_str_eq(signal_word(SIGKILL), "KILL");
	ck_assert_str_eq(signal_word(SIGSEGV), "SEGV");
	ck_assert_str_eq(signal_word(SIGABRT), "ABRT");
	ck_assert_str_eq(signal_word(SIGVTALRM), "VTALRM");
	ck_assert_str_eq(signal_word(250), "250");
}
END_TEST

static const struct {
	struct outcome outcome;
	const char *command, *where, *line;
} explained[] = {
	{ { .verdict = VERDICT_FAILED, .exit_code = 1, .attempt = 1 }, "gzip 'a b'",
	    "res/17/stderr",
	    "job 17: gzip 'a b': exit status 1; its output is in res/17/stderr" },
	{ { .verdict = VERDICT_FAILED,
	      .exit_code = 2,
	      .attempt = 3,
	      .message = "a.txt: short" },
	    "parse a.txt", NULL,
	    "job 17: parse a.txt: exit status 2: a.txt: short, at attempt 3" },
	{ { .verdict = VERDICT_CRASHED, .signal = SIGSEGV, .core = 1 }, "x", NULL,
	    "job 17: x: killed by SIGSEGV (Segmentation fault), core dumped" },
	/* The library's sentence says where the core is, behind where it died; */
	{ { .verdict = VERDICT_CRASHED, .signal = SIGSEGV, .core = 1,
	      .message = "killed by signal 11 (Segmentation fault) in f() at x.c:3, core "
			 "dumped to /c/core.7: its stack was full: its words" },
	    "x", NULL,
	    "job 17: x: killed by SIGSEGV (Segmentation fault) in f() at x.c:3, core "
	    "dumped to /c/core.7: its stack was full: its words" },
	{ { .verdict = VERDICT_CRASHED, .signal = SIGABRT, .core = 1,
	      .message = "killed by signal 6 (Aborted), core given to /lib/coredump" },
	    "x", NULL,
	    "job 17: x: killed by SIGABRT (Aborted), core given to /lib/coredump" },
	/* where it was cut before that, its member still tells of the core. */
	{ { .verdict = VERDICT_CRASHED, .signal = SIGSEGV, .core = 1,
	      .message = "killed by signal 11 (Segmentation fault) in f() at x.c:3" },
	    "x", NULL,
	    "job 17: x: killed by SIGSEGV (Segmentation fault) in f() at x.c:3, core "
	    "dumped" },
	{ { .verdict = VERDICT_CRASHED, .signal = SIGSEGV,
	      .message = "killed by signal 11 (Segmentation fault) in f() at x.c:3" },
	    "x", NULL,
	    "job 17: x: killed by SIGSEGV (Segmentation fault) in f() at x.c:3" },
	{ { .verdict = VERDICT_TIMED_OUT, .signal = SIGTERM, .run_ns = 1500000000 },
	    "sleep 9", NULL, "job 17: sleep 9: timed out after 1.500 s" },
	{ { .verdict = VERDICT_TIMED_OUT,
	      .signal = SIGKILL,
	      .run_ns = INT64_C(61000000000) },
	    "sleep 99", NULL,
	    "job 17: sleep 99: timed out after 61.0 s, and had to be killed" },
	{ { .verdict = VERDICT_CANCELLED, .run_ns = 250000000 }, "sleep 9", NULL,
	    "job 17: sleep 9: was ended before it was done, after 0.250 s" },
	{ { .verdict = VERDICT_OVER_LIMIT, .limit = "memory" }, "hog", NULL,
	    "job 17: hog: went over its limit of memory" },
	{ { .verdict = VERDICT_OVER_LIMIT,
	      .limit = "cpu",
	      .message = "went over its cpu limit: killed" },
	    "hog", NULL, "job 17: hog: went over its cpu limit: killed" },
	{ { .verdict = VERDICT_DENIED, .message = "denied: socket" }, "ping", NULL,
	    "job 17: ping: denied: socket" },
	{ { .verdict = VERDICT_SETUP_FAILED,
	      .exit_code = 127,
	      .message = "cannot run gzpi: No such file or directory" },
	    "gzpi a", NULL, "job 17: gzpi a: cannot run gzpi: No such file or directory" },
	{ { .verdict = VERDICT_LOST }, "x", NULL,
	    "job 17: x: lost: nobody knows how it ended" },
	{ { .verdict = VERDICT_UNKNOWN }, "x", NULL,
	    "job 17: x: had begun when an earlier run was killed: nobody knows how it "
	    "ended" },
	{ { .verdict = VERDICT_FAILED, .exit_code = 1 },
	    "rm '\033[2J\n\r\xff\xc3\xa9\xe2\x80\xae'", "r/\001/stderr",
	    "job 17: rm '\\033[2J\\n\\r\\377\xc3\xa9\\342\\200\\256': exit status 1; its "
	    "output is in r/\\001/stderr" },
};

START_TEST(each_failure_is_explained_in_one_line)
{
	struct brief brief = { 0 };

	for (size_t i = 0; i < sizeof explained / sizeof explained[0]; i++) {
		struct bytes line = { 0 };
		bytes_clear(&brief.command);
		bytes_add_text(&brief.command, explained[i].command);
		outcome_explain(&explained[i].outcome, 17, &brief, explained[i].where, &line);
		ck_assert_str_eq(line.at, explained[i].line);
		bytes_free(&line);
	}
	brief_free(&brief);
}
END_TEST

/* A task of the words echo and beginning ITEM, or, with apart, of ITEM in none of them. */
static struct task *
task_of(const char *beginning, const char *item, int apart)
{
	struct task *task = task_new();

	bytes_add(&task->items, item, strlen(item) + 1);
	task->item_count = 1;
	task->items_apart = apart;
	bytes_add(&task->words, "echo", 5);
	bytes_add(&task->words, beginning, strlen(beginning) + 1);
	task->word_count = 2;
	if (!apart) {
		bytes_add(&task->words, item, strlen(item) + 1);
		task->word_count = 3;
	}
	return task;
}

static const char *
explained_line(struct task *task, int shell)
{
	static struct bytes line;
	struct brief brief = { 0 };
	const struct outcome e = { .verdict = VERDICT_FAILED, .exit_code = 1 };

	bytes_clear(&line);
	brief_of(&brief, task, shell);
	outcome_explain(&e, 1, &brief, NULL, &line);
	brief_free(&brief);
	task_free(task);
	return line.at;
}

START_TEST(long_command_keeps_its_item)
{
	char beginning[6000], item[6000];

	memset(beginning, 'x', sizeof beginning);
	beginning[100] = '\0';
	ck_assert_str_eq(explained_line(task_of("x", "it em", 0), 0),
	    "job 1: echo x 'it em': exit status 1");
	ck_assert_str_eq(explained_line(task_of("x", "it em", 1), 0),
	    "job 1: 'it em': echo x: exit status 1");
	/* Longer than a line, and longer than what is kept of it. */
	for (size_t len = 200; len < sizeof beginning; len += 5000) {
		memset(beginning, 'x', sizeof beginning);
		beginning[len] = '\0';
		const char *line = explained_line(task_of(beginning, "a/b", 0), 0);
		ck_assert_uint_lt(strlen(line), 200);
		ck_assert_int_eq(strncmp(line, "job 1: a/b: echo xxx", 20), 0);
		ck_assert_ptr_nonnull(strstr(line, "xxx...: exit status 1"));
	}
	memset(item, 'i', sizeof item);
	memcpy(item + sizeof item - 8, "/the/end", 8);
	memcpy(item + sizeof item - 1, "", 1);
	const char *line = explained_line(task_of("x", item, 0), 0);
	ck_assert_uint_lt(strlen(line), 200);
	ck_assert_int_eq(strncmp(line, "job 1: iii", 10), 0);
	ck_assert_ptr_nonnull(strstr(line, "iii/the/en: exit status 1"));
}
END_TEST

/* Characters of several bytes where a text is cut stay whole. */
START_TEST(brief_cuts_no_character)
{
	for (size_t shift = 0; shift < 4; shift++) {
		struct bytes text = { 0 }, shown = { 0 };
		struct brief brief = { 0 };
		struct task *task = task_new();
		for (size_t i = 0; i < shift; i++)
			bytes_add_byte(&text, 'a');
		for (size_t i = 0; i < 3000; i++)
			bytes_add_text(&text, "\xf0\x9f\x98\x80");
		bytes_add(&task->items, text.at, text.len + 1);
		bytes_add(&task->words, text.at, text.len + 1);
		task->item_count = task->word_count = 1;
		brief_of(&brief, task, 0);
		brief_add(&brief, 1000, &shown);
		ck_assert_ptr_null(strchr(shown.at, '\\'));
		ck_assert_ptr_nonnull(strstr(shown.at, "..."));
		brief_free(&brief);
		task_free(task);
		bytes_free(&text);
		bytes_free(&shown);
	}
}
END_TEST

/* For each size of the buffer: a string that fits, can be shown, and is cut between characters. */
START_TEST(escaped_text_at_every_size)
{
	static const char text[] = "a\xc3\xa9\n\xe2\x82\xac\x1b\xf0\x9f\x98\x80\x80z";
	static const char whole[] = "a\xc3\xa9\\n\xe2\x82\xac\\033\xf0\x9f\x98\x80\\200z";
	char buffer[64];

	for (size_t size = 1; size < sizeof buffer; size++) {
		memset(buffer, '#', sizeof buffer);
		size_t n = escape_text(buffer, size, text, sizeof text - 1);
		ck_assert_uint_lt(n, size);
		ck_assert_uint_eq(strlen(buffer), n);
		for (size_t i = size; i < sizeof buffer; i++)
			ck_assert_int_eq(buffer[i], '#');
		if (size >= sizeof whole) {
			ck_assert_str_eq(buffer, whole);
			continue;
		}
		for (size_t at = 0, step; at < n; at += step)
			ck_assert_uint_ne(step = utf8_sequence(buffer + at, n - at), 0);
		if (size > 3) {
			ck_assert_str_eq(buffer + n - 3, "...");
			ck_assert(memcmp(buffer, whole, n - 3) == 0);
		}
	}
}
END_TEST

START_TEST(utf8_and_what_only_looks_like_it)
{
	static const struct { const char *bytes; size_t len, sequence;
	} row[] = {
		{ "", 0, 0 },
		{ "a", 1, 1 },
		{ "\0", 1, 1 },
		{ "\x7f", 1, 1 },
		{ "\x80", 1, 0 },
		{ "\xbf", 1, 0 },
		{ "\xc0\x80", 2, 0 },
		{ "\xc1\xbf", 2, 0 },
		{ "\xc2\x80", 2, 2 },
		{ "\xdf\xbf", 2, 2 },
		{ "\xc2", 1, 0 },
		{ "\xc2\x41", 2, 0 },
		{ "\xe0\x9f\xbf", 3, 0 },
		{ "\xe0\xa0\x80", 3, 3 },
		{ "\xed\x9f\xbf", 3, 3 },
		{ "\xed\xa0\x80", 3, 0 },
		{ "\xee\x80\x80", 3, 3 },
		{ "\xef\xbf\xbf", 3, 3 },
		{ "\xef\xbf", 2, 0 },
		{ "\xf0\x8f\xbf\xbf", 4, 0 },
		{ "\xf0\x90\x80\x80", 4, 4 },
		{ "\xf4\x8f\xbf\xbf", 4, 4 },
		{ "\xf4\x90\x80\x80", 4, 0 },
		{ "\xf5\x80\x80\x80", 4, 0 },
		{ "\xff", 1, 0 },
		{ "\xf0\x9f\x98", 3, 0 },
	};

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
		ck_assert_uint_eq(utf8_sequence(row[i].bytes, row[i].len), row[i].sequence);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool_ending");
	TCase *tc = support_case("ending", 30);

	tcase_add_test(tc, each_outcome_has_its_word);
	tcase_add_test(tc, exit_status_is_not_said_twice);
	tcase_add_test(tc, what_never_began_was_skipped);
	tcase_add_test(tc, signals_have_names);
	tcase_add_test(tc, each_failure_is_explained_in_one_line);
	tcase_add_test(tc, long_command_keeps_its_item);
	tcase_add_test(tc, brief_cuts_no_character);
	tcase_add_test(tc, escaped_text_at_every_size);
	tcase_add_test(tc, utf8_and_what_only_looks_like_it);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

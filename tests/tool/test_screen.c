/* SPDX-License-Identifier: BSD-2-Clause */
/* The screen of --status: its lines for windows of all sizes, and the width of text. */
#include "config.h"
#include "tests/support/support.h"

#include <stdlib.h>
#include <string.h>

#include "tool/base/display_width.h"
#include "tool/base/escape.h"
#include "tool/display/screen.h"

#define SECOND INT64_C(1000000000)

static uint64_t by_verdict[VERDICTS];
static struct screen_row rows[64];
static struct screen_failure failures[5];
static struct brief job;
static struct bytes drawn;
static struct screen_lines lines;

static void
bytes_set(struct bytes *b, const char *text, size_t len)
{
	bytes_clear(b);
	bytes_add(b, text, len);
}

static void
brief_set(struct brief *b, const char *items, const char *command)
{
	bytes_set(&b->items, items, strlen(items));
	bytes_set(&b->command, command, strlen(command));
}

static void
failure_set(struct screen_failure *f, uint64_t seq, const char *items, const char *command,
    const char *cause)
{
	f->seq = seq;
	brief_set(&f->brief, items, command);
	bytes_set(&f->cause, cause, strlen(cause));
}

/* A state: four jobs of ten are done, one of them has failed; three of four workers are busy. */
static struct screen
scene(void)
{
	memset(by_verdict, 0, sizeof by_verdict);
	by_verdict[VERDICT_OK] = 3;
	by_verdict[VERDICT_TIMED_OUT] = 1;
	memset(rows, 0, sizeof rows);
	brief_set(&job, "7", "sleep 7");
	failure_set(&failures[0], 9, "x", "x", "exit status 2");
	failure_set(&failures[1], 8, "y", "y", "exit status 1");
	failure_set(&failures[2], 7, "z", "z", "exit status 3");
	for (unsigned i = 0; i < 4; i++)
		rows[i] = (struct screen_row){ .worker = i + 1,
			.alive = 1,
			.busy = i != 2,
			.seq = 5 + i,
			.attempt = 1,
			.brief = &job,
			.run_ns = SECOND * (i == 1 ? 75 : i),
			.memory = 1 << 20 };
	return (struct screen){ .rate = { SECOND, 9 * SECOND, 4, 1, 10, 3, 0 },
		.by_verdict = by_verdict,
		.rows = rows,
		.row_count = 4 };
}

/* The lines of the screen, a newline behind each instead of the sequence that clears its rest. */
static const char *
draw(struct screen *s, size_t columns, size_t height, int colours)
{
	static char text[65536];
	size_t len = 0, count = 0;

	bytes_clear(&drawn);
	screen_arrange(s, (struct terminal_size){ columns, height });
	screen_draw(s, colours, &drawn, &lines);
	for (const char *at = drawn.at, *end; *at != '\0'; at = end + 5) {
		ck_assert_ptr_nonnull(end = strstr(at, "\033[K\r\n"));
		ck_assert_uint_lt(len + (size_t)(end - at) + 2, sizeof text);
		memcpy(text + len, at, (size_t)(end - at));
		len += (size_t)(end - at);
		text[len++] = '\n';
		count++;
	}
	text[len] = '\0';
	ck_assert_uint_eq(count, lines.count);
	return text;
}

START_TEST(all_of_it)
{
	struct screen s = scene();

	s.failures = failures;
	s.failure_count = 2;
	ck_assert_str_eq(draw(&s, 80, 23, 0),
	    "4/10 done, 1 failed, 3 running, 0.5/s, 0:12 left\n"
	    "[##########................] 40%  3 ok, 1 timed_out\n"
	    "WORKER     TIME  MEMORY  JOB\n"
	    "     1     0:00    1.0M  5 sleep 7\n"
	    "     2     1:15    1.0M  6 sleep 7\n"
	    "     3        -       -  idle\n"
	    "     4     0:03    1.0M  8 sleep 7\n"
	    "job 8: y: exit status 1\n"
	    "job 9: x: exit status 2\n");
}
END_TEST

START_TEST(attempt_progress_and_what_is_not_known)
{
	struct screen s = scene();

	rows[0].attempt = 2;
	rows[0].memory = -1;
	rows[1].progress_done = 450000;
	rows[1].progress_total = 1000000;
	rows[2].alive = 0;
	rows[3].progress_done = 12;
	s.rate.total = 0;
	ck_assert_str_eq(draw(&s, 80, 23, 0),
	    "4 done, 1 failed, 3 running, 0.5/s, 0:08\n"
	    "3 ok, 1 timed_out\n"
	    "WORKER     TIME  MEMORY  PROGRESS        JOB\n"
	    "     1     0:00       -                  5 (attempt 2) sleep 7\n"
	    "     2     1:15    1.0M   45% 450k/1.0M  6 sleep 7\n"
	    "     3        -       -                  not there\n"
	    "     4     0:03    1.0M  12              8 sleep 7\n");
	/* More is done than there is, and numbers are as large as can be. */
	rows[1].progress_done = UINT64_MAX;
	ck_assert_ptr_nonnull(strstr(draw(&s, 80, 23, 0), "100% "));
	rows[1].memory = INT64_MAX;
	rows[1].run_ns = INT64_MAX;
	ck_assert_ptr_nonnull(strstr(draw(&s, 80, 23, 0), "1000000:00:00"));
}
END_TEST

/* The job that has run longest is shown. */
START_TEST(more_workers_than_lines)
{
	struct screen s = scene();

	ck_assert_str_eq(draw(&s, 80, 6, 0),
	    "4/10 done, 1 failed, 3 running, 0.5/s, 0:12 left\n"
	    "[##########................] 40%  3 ok, 1 timed_out\n"
	    "WORKER     TIME  MEMORY  JOB\n"
	    "     2     1:15    1.0M  6 sleep 7\n"
	    "     4     0:03    1.0M  8 sleep 7\n"
	    "and 2 more, 1 of them busy\n");
	s = scene();
	ck_assert_str_eq(draw(&s, 80, 3, 0),
	    "4/10 done, 1 failed, 3 running, 0.5/s, 0:12 left\n"
	    "     2     1:15    1.0M  6 sleep 7\n"
	    "and 3 more, 2 of them busy\n");
	s = scene();
	ck_assert_str_eq(draw(&s, 80, 2, 0),
	    "4/10 done, 1 failed, 3 running, 0.5/s, 0:12 left\n"
	    "     2     1:15    1.0M  6 sleep 7\n");
	s = scene();
	ck_assert_str_eq(draw(&s, 80, 1, 0), "4/10 done, 1 failed, 3 running, 0.5/s, 0:12 left\n");
	/* Where there is room for all, the workers are in order. */
	ck_assert_ptr_nonnull(
	    strstr(draw(&s, 80, 7, 0), "     1     0:00    1.0M  5 sleep 7\n     2 "));
}
END_TEST

START_TEST(failures_have_their_share)
{
	struct screen s = scene();

	s.failures = failures;
	s.failure_count = 3;
	s.row_count = 30;
	for (unsigned i = 4; i < 30; i++)
		rows[i] = (struct screen_row){ .worker = i + 1, .alive = 1 };
	const char *text = draw(&s, 80, 24, 0);
	ck_assert_uint_eq(lines.count, 24);
	ck_assert_ptr_nonnull(
	    strstr(text, "and 13 more, 0 of them busy\njob 7: z: exit status 3\njob 8"));
	ck_assert_uint_eq(s.failures_shown, 3);
	(void)draw(&s, 80, 8, 0);
	ck_assert_uint_eq(s.failures_shown, 0);
	(void)draw(&s, 80, 9, 0);
	ck_assert_uint_eq(s.failures_shown, 1);
}
END_TEST

START_TEST(narrow_ones_lose_columns)
{
	struct screen s = scene();

	rows[1].progress_total = 10;
	ck_assert_ptr_nonnull(
	    strstr(draw(&s, 65, 23, 0), "\nWORKER     TIME  MEMORY  PROGRESS        JOB\n"));
	ck_assert_ptr_nonnull(strstr(draw(&s, 64, 23, 0), "\nWORKER     TIME  MEMORY  JOB\n"));
	ck_assert_ptr_nonnull(strstr(draw(&s, 44, 23, 0), "\nWORKER     TIME  JOB\n"));
	ck_assert_ptr_nonnull(strstr(draw(&s, 32, 23, 0), "\n    TIME  JOB\n"));
	ck_assert_ptr_nonnull(strstr(draw(&s, 16, 23, 0), "\n    1:15  6 7\n"));
}
END_TEST

/* What all jobs have in common is left out first, and the end of a path last. */
START_TEST(narrow_rows_keep_the_item)
{
	struct screen s = scene();

	brief_set(&job, "/home/me/project/tests/data/large/001.jpg",
	    "convert -resize 100x100 -quality 85 /home/me/project/tests/data/large/001.jpg");
	ck_assert_ptr_nonnull(strstr(draw(&s, 120, 23, 0),
	    "  6 convert -resize 100x100 -quality 85 /home/me/project/tests/data/large/001.jpg\n"));
	ck_assert_ptr_nonnull(strstr(draw(&s, 80, 23, 0),
	    "  6 /home/me/project/tests/data/large/001.jpg: conver...\n"));
	ck_assert_ptr_nonnull(
	    strstr(draw(&s, 60, 23, 0), "  6 /home/me...ts/data/large/001.jpg\n"));
	ck_assert_ptr_nonnull(strstr(draw(&s, 32, 23, 0), "  6 /hom...arge/001.jpg\n"));
}
END_TEST

/* The cause of a failure is there, whatever the command is like. */
START_TEST(narrow_failures_keep_the_cause)
{
	struct screen s = scene();

	s.failures = failures;
	s.failure_count = 1;
	failure_set(&failures[0], 12, "/home/me/project/tests/data/large/001.jpg",
	    "convert -resize 100x100 -quality 85 /home/me/project/tests/data/large/001.jpg",
	    "killed by SIGSEGV (Segmentation fault)");
	ck_assert_ptr_nonnull(strstr(draw(&s, 150, 23, 0),
	    "\njob 12: convert -resize 100x100 -quality 85 "
	    "/home/me/project/tests/data/large/001.jpg: killed by SIGSEGV (Segmentation fault)\n"));
	ck_assert_ptr_nonnull(strstr(draw(&s, 80, 23, 0),
	    "\njob 12: /home/m...ts/data/large/001.jpg: killed by SIGSEGV (Segmentation fault)\n"));
	/* A third of the room is the job's. */
	ck_assert_ptr_nonnull(
	    strstr(draw(&s, 40, 23, 0), "\njob 12: /h...1.jpg: killed by SIGSEG...\n"));
	/* Without items the beginning and the end of the command are there. */
	failure_set(&failures[0], 12, "", "convert -quality 85 /home/me/project/tests/001.jpg",
	    "exit status 3");
	ck_assert_ptr_nonnull(
	    strstr(draw(&s, 50, 23, 0), "\njob 12: conver...ect/tests/001.jpg: exit status 3\n"));
}
END_TEST

START_TEST(colours_are_for_those_who_want_them)
{
	struct screen s = scene();

	s.failures = failures;
	s.failure_count = 1;
	(void)draw(&s, 80, 23, 0);
	for (const char *at = drawn.at; (at = strchr(at, '\033')) != NULL; at++)
		ck_assert_int_eq(strncmp(at, "\033[K\r\n", 5), 0);
	const char *text = draw(&s, 80, 23, 1);
	ck_assert_ptr_nonnull(
	    strstr(text, "\033[1m4/10 done, 1 failed, 3 running, 0.5/s, 0:12 left\033[m\n"));
	ck_assert_ptr_nonnull(strstr(text, "\033[32m[##########................]\033[m 40%"));
	ck_assert_ptr_nonnull(strstr(text,
	    "\n\033[31mjob 9: \033[m\033[31mx\033[m\033[31m: \033[m"
	    "\033[31mexit status 2\033[m\n"));
}
END_TEST

/* With any text and any window: no more lines than fit, none too long, no control characters. */
START_TEST(fits_in_every_window)
{
	static const char *const hostile[] = { "",
		"\x1b[2J\x1b[H\x1b]0;title\x07 \r\n\t\x9b"
		"31m\xff",
		"\xe3\x81\x82\xe3\x81\x84\xe3\x81\x86",
		"a\xcc\x81"
		"e\xcc\x81\xe2\x80\xae\xc2\x85",
		"\xf0\x9f\x98\x80\xf0\x9f\x98\x80 \xe2\x82\xac" };

	static struct brief briefs[20];

	for (unsigned i = 0; i < 20; i++) {
		const char *text = hostile[i % 5];
		brief_set(&briefs[i], i % 3 == 0 ? "" : hostile[i / 5], text);
		bytes_set(&briefs[i].command, text, strlen(text) + (i > 9));
		briefs[i].is_apart = i % 2;
	}
	for (size_t columns = 1; columns < 140; columns += columns < 90 ? 1 : 13)
		for (size_t height = 1; height < 40; height += height < 12 ? 1 : 7) {
			struct screen s = scene();
			s.row_count = 20;
			for (unsigned i = 0; i < 20; i++) {
				rows[i] = (struct screen_row){ .worker = 20 - i,
					.alive = 1,
					.busy = i % 7 != 6,
					.seq = 1 + i,
					.attempt = i,
					.brief = &briefs[i],
					.run_ns = SECOND << i,
					.progress_total = i,
					.memory = i - 1 };
			}
			s.failures = failures;
			s.failure_count = 5;
			for (unsigned i = 0; i < 5; i++)
				failure_set(&failures[i], i, hostile[i], hostile[(i + 1) % 5],
				    "exit status 1: its words");
			char *at = strdup(draw(&s, columns, height, 0)), *text = at;
			ck_assert_uint_le(lines.count, height);
			ck_assert_uint_ge(lines.count, height < 20 ? height : 20);
			for (size_t i = 0; i < lines.count; i++) {
				size_t len = strcspn(text, "\n");
				for (size_t k = 0, n; k < len; k += n) {
					ck_assert_uint_ne(n = utf8_sequence(text + k, len - k), 0);
					ck_assert_int_ge((unsigned char)text[k], ' ');
					ck_assert_int_ne(text[k], 0x7f);
				}
				ck_assert_uint_eq(display_width(text, len), lines.width[i]);
				ck_assert_uint_lt(lines.width[i], columns);
				ck_assert_ptr_null(strstr(text, "\xe2\x80\xae"));
				text += len + 1;
			}
			free(at);
		}
}
END_TEST

/* A window of more than SCREEN_LINES lines. */
START_TEST(has_an_end)
{
	static struct screen_row many[2 * SCREEN_LINES];
	struct screen s = scene();

	for (unsigned i = 0; i < 2 * SCREEN_LINES; i++)
		many[i] = (struct screen_row){ .worker = i + 1, .alive = 1 };
	s.rows = many;
	s.row_count = 2 * SCREEN_LINES;
	ck_assert_ptr_nonnull(strstr(draw(&s, 80, 100000, 0), "and 304 more, 0 of them busy\n"));
	ck_assert_uint_eq(lines.count, SCREEN_LINES);
}
END_TEST

START_TEST(widths)
{
	static const struct { const char *text; size_t width;
	} known[] = {
		{ "", 0 },
		{ "abc", 3 },
		{ "\xc3\xa4", 1 },
		{ "a\xcc\x81", 1 },
		{ "\xe2\x82\xac", 1 },
		{ "\xe3\x81\x82\xe3\x81\x84", 4 },
		{ "\xf0\x9f\x98\x80", 2 },
		{ "\xef\xbc\xa1", 2 },
		{ "\xff\xfe", 2 },
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		ck_assert_msg(display_width(known[i].text, strlen(known[i].text)) == known[i].width,
		    "the %zu-th", i);
	/* No character is cut, and a combining character stays with its base. */
	ck_assert_uint_eq(display_width_fit("\xe3\x81\x82\xe3\x81\x84", 6, 3), 3);
	ck_assert_uint_eq(display_width_fit("\xe3\x81\x82\xe3\x81\x84", 6, 1), 0);
	ck_assert_uint_eq(display_width_fit("a\xcc\x81" "b", 4, 1), 3);
	ck_assert_uint_eq(display_width_fit("abc", 3, 0), 0);
	ck_assert_uint_eq(display_width_fit("abc", 2, 80), 2);
}
END_TEST

/* At every width: no wider, no character cut, and no mark at the beginning of the end. */
START_TEST(cuts)
{
	static const char text[] = "a\xcc\x81" "bc\xe3\x81\x82" "de\xe3\x81\x84" "f\xcc\x81";
	static const struct { size_t columns, head; const char *cut;
	} known[] = {
		{ 10, 0, "a\xcc\x81" "bc\xe3\x81\x82" "de\xe3\x81\x84" "f\xcc\x81" },
		{ 9, 9, "a\xcc\x81" "bc\xe3\x81\x82" "d..." },
		{ 9, 2, "a\xcc\x81" "b...e\xe3\x81\x84" "f\xcc\x81" },
		{ 9, 4, "a\xcc\x81" "bc...\xe3\x81\x84" "f\xcc\x81" },
		{ 5, 0, "...f\xcc\x81" },
		{ 4, 0, "...f\xcc\x81" },
		{ 3, 0, "a\xcc\x81" "bc" },
		{ 0, 0, "" },
	};
	struct bytes out = { 0 };

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		bytes_clear(&out);
		display_width_cut(&out, text, sizeof text - 1, known[i].columns, known[i].head);
		ck_assert_str_eq(out.at, known[i].cut);
		ck_assert_uint_le(display_width(out.at, out.len), known[i].columns);
	}
	bytes_free(&out);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool_screen");
	TCase *tc = support_case("screen", 30);

	tcase_add_test(tc, all_of_it);
	tcase_add_test(tc, attempt_progress_and_what_is_not_known);
	tcase_add_test(tc, more_workers_than_lines);
	tcase_add_test(tc, failures_have_their_share);
	tcase_add_test(tc, narrow_ones_lose_columns);
	tcase_add_test(tc, narrow_rows_keep_the_item);
	tcase_add_test(tc, narrow_failures_keep_the_cause);
	tcase_add_test(tc, colours_are_for_those_who_want_them);
	tcase_add_test(tc, fits_in_every_window);
	tcase_add_test(tc, has_an_end);
	tcase_add_test(tc, widths);
	tcase_add_test(tc, cuts);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

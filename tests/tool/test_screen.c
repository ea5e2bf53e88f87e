/* SPDX-License-Identifier: BSD-2-Clause */
/* What --status shows: the lines that are made of a state, for windows of all sizes, and how wide text is. */
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
static const char *const failures[] = { "job 9: x: exit status 2", "job 8: y: exit status 1",
	"job 7: z: exit status 3" };
static struct bytes drawn;
static struct screen_lines lines;

/* Four jobs of ten are done, one of them not well; three of four workers are busy. */
static struct screen
scene(void)
{
	memset(by_verdict, 0, sizeof by_verdict);
	by_verdict[VERDICT_OK] = 3;
	by_verdict[VERDICT_TIMED_OUT] = 1;
	memset(rows, 0, sizeof rows);
	for (unsigned i = 0; i < 4; i++)
		rows[i] = (struct screen_row){ .worker = i + 1,
			.alive = 1,
			.busy = i != 2,
			.seq = 5 + i,
			.attempt = 1,
			.text = "sleep 7",
			.text_len = 7,
			.run_ns = SECOND * (i == 1 ? 75 : i),
			.memory = 1 << 20 };
	return (struct screen){ .pace = { SECOND, 9 * SECOND, 4, 1, 10, 3, 0 },
		.by_verdict = by_verdict,
		.rows = rows,
		.row_count = 4 };
}

/* The lines of it, each ended by a newline; what clears the rest of a line is checked and left out. */
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
	s.pace.total = 0;
	ck_assert_str_eq(draw(&s, 80, 23, 0),
	    "4 done, 1 failed, 3 running, 0.5/s, 0:08\n"
	    "3 ok, 1 timed_out\n"
	    "WORKER     TIME  MEMORY  PROGRESS        JOB\n"
	    "     1     0:00       -                  5 (attempt 2) sleep 7\n"
	    "     2     1:15    1.0M   45% 450k/1.0M  6 sleep 7\n"
	    "     3        -       -                  not there\n"
	    "     4     0:03    1.0M  12              8 sleep 7\n");
	/* More done than there is, and numbers of any size. */
	rows[1].progress_done = UINT64_MAX;
	ck_assert_ptr_nonnull(strstr(draw(&s, 80, 23, 0), "100% "));
	rows[1].memory = INT64_MAX;
	rows[1].run_ns = INT64_MAX;
	ck_assert_ptr_nonnull(strstr(draw(&s, 80, 23, 0), "1000000:00:00"));
}
END_TEST

/* Who is at it longest stays. */
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
	/* When there is room again they are in their order. */
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
	ck_assert_ptr_nonnull(strstr(draw(&s, 16, 23, 0), "\n    1:15  6 sle\n"));
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
	ck_assert_ptr_nonnull(strstr(text, "\n\033[31mjob 9: x: exit status 2\033[m\n"));
}
END_TEST

/* Whatever a job is called, however large the window: as many lines as there may be, none too long, no control. */
START_TEST(fits_in_every_window)
{
	static const char *const hostile[] = { "",
		"\x1b[2J\x1b[H\x1b]0;title\x07 \r\n\t\x9b"
		"31m\xff",
		"\xe3\x81\x82\xe3\x81\x84\xe3\x81\x86",
		"a\xcc\x81"
		"e\xcc\x81\xe2\x80\xae\xc2\x85",
		"\xf0\x9f\x98\x80\xf0\x9f\x98\x80 \xe2\x82\xac" };

	for (size_t columns = 1; columns < 140; columns += columns < 90 ? 1 : 13)
		for (size_t height = 1; height < 40; height += height < 12 ? 1 : 7) {
			struct screen s = scene();
			s.row_count = 20;
			for (unsigned i = 0; i < 20; i++) {
				const char *text = hostile[i % 5];
				rows[i] = (struct screen_row){ .worker = 20 - i,
					.alive = 1,
					.busy = i % 7 != 6,
					.seq = 1 + i,
					.attempt = i,
					.text = text,
					.text_len = strlen(text) + (i > 9),
					.run_ns = SECOND << i,
					.progress_total = i,
					.memory = i - 1 };
			}
			s.failures = hostile;
			s.failure_count = 5;
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

/* A window that is higher than a picture can be. */
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
	/* Nothing is cut in its middle, and what has no width goes with what it belongs to. */
	ck_assert_uint_eq(display_width_fit("\xe3\x81\x82\xe3\x81\x84", 6, 3), 3);
	ck_assert_uint_eq(display_width_fit("\xe3\x81\x82\xe3\x81\x84", 6, 1), 0);
	ck_assert_uint_eq(display_width_fit("a\xcc\x81" "b", 4, 1), 3);
	ck_assert_uint_eq(display_width_fit("abc", 3, 0), 0);
	ck_assert_uint_eq(display_width_fit("abc", 2, 80), 2);
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
	tcase_add_test(tc, colours_are_for_those_who_want_them);
	tcase_add_test(tc, fits_in_every_window);
	tcase_add_test(tc, has_an_end);
	tcase_add_test(tc, widths);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The screen of --status: which rows and lines a window has room for, and their text. */
#include "config.h"
#include "tool/display/screen.h"

#include <inttypes.h>
#include <libutil.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/base/display_width.h"

#define FAILURES_MAX 5

/* Select Graphic Rendition of ECMA-48. */
#define PLAIN   ""
#define BOLD    "1"
#define FAINT   "2"
#define RED     "31"
#define GREEN   "32"

/* Writes the lines, one after another; used: columns of the current one that are taken. */
struct pen {
	struct bytes *out;
	struct screen_lines *lines;
	size_t columns, used;
	int    colours;
};

/* --------------------------------------------------------------------------------------- layout */

static int
by_worker(const void *a, const void *b)
{
	const struct screen_row *x = a, *y = b;

	return x->worker < y->worker ? -1 : x->worker > y->worker;
}

/* The job that has run longest first, idle workers last. */
static int
by_time(const void *a, const void *b)
{
	const struct screen_row *x = a, *y = b;

	if (x->busy != y->busy)
		return x->busy ? -1 : 1;
	if (x->busy && x->run_ns != y->run_ns)
		return x->run_ns > y->run_ns ? -1 : 1;
	return by_worker(a, b);
}

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

void
screen_arrange(struct screen *s, struct terminal_size size)
{
	size_t lines = smaller(size.lines, SCREEN_LINES);

	s->size = (struct terminal_size){ size.columns, lines };
	s->has_totals = lines >= 4;
	s->has_heading = lines >= 6;
	size_t room = lines - 1 - (size_t)s->has_totals - (size_t)s->has_heading;
	/* Failures get a sixth of the room, and what the workers leave. */
	s->failures_shown = smaller(smaller(s->failure_count, FAILURES_MAX), room / 6);
	room -= s->failures_shown;
	if (s->row_count <= room) {
		qsort(s->rows, s->row_count, sizeof *s->rows, by_worker);
		s->rows_shown = s->row_count;
		s->failures_shown = smaller(smaller(s->failure_count, FAILURES_MAX),
		    s->failures_shown + room - s->rows_shown);
		return;
	}
	qsort(s->rows, s->row_count, sizeof *s->rows, by_time);
	/* The last line tells how many workers are left out. */
	s->rows_shown = room >= 2 ? room - 1 : room;
}

/* ---------------------------------------------------------------------------------------- lines */

/* Adds as much of text as the line has room for. */
static void
add(struct pen *pen, const char *rendition, const char *text, size_t len)
{
	size_t fits = display_width_fit(text, len, pen->columns - pen->used);

	if (fits == 0)
		return;
	if (pen->colours && *rendition != '\0')
		bytes_printf(pen->out, "\033[%sm", rendition);
	bytes_add(pen->out, text, fits);
	if (pen->colours && *rendition != '\0')
		bytes_add_text(pen->out, "\033[m");
	pen->used += display_width(text, fits);
}

static void
add_text(struct pen *pen, const char *rendition, const char *text)
{
	add(pen, rendition, text, strlen(text));
}

static size_t
room_of(const struct pen *pen)
{
	return pen->columns - pen->used;
}

static void
add_brief(struct pen *pen, const char *rendition, const struct brief *brief, size_t columns)
{
	struct bytes text = { 0 };

	brief_add(brief, columns, &text);
	if (text.len > 0)
		add(pen, rendition, text.at, text.len);
	bytes_free(&text);
}

static void
end_line(struct pen *pen)
{
	bytes_add_text(pen->out, "\033[K\r\n");
	pen->lines->width[pen->lines->count++] = (uint16_t)smaller(pen->used, UINT16_MAX);
	pen->used = 0;
}

void
screen_add_totals(struct bytes *b, const uint64_t *by_verdict)
{
	const char *between = "";

	for (int v = 0; v < VERDICTS; v++) {
		if (by_verdict[v] == 0)
			continue;
		bytes_printf(b, "%s%" PRIu64 " %s", between, by_verdict[v],
		    verdict_name((enum verdict)v));
		between = ", ";
	}
}

static void
add_totals_line(struct pen *pen, const struct screen *s)
{
	struct bytes text = { 0 };

	if (s->rate.total > 0) {
		rate_add_bar(&text, &s->rate, pen->columns / 3);
		if (text.len > 0)
			add(pen, GREEN, text.at, text.len);
		bytes_clear(&text);
		rate_add_percent(&text, s->rate.done, s->rate.total);
		bytes_add_text(&text, "  ");
	}
	screen_add_totals(&text, s->by_verdict);
	if (text.len > 0)
		add(pen, PLAIN, text.at, text.len);
	bytes_free(&text);
	end_line(pen);
}

/* ----------------------------------------------------------------------------------------- rows */

/* Which columns the table has; those for the time and the job are always there. */
struct table {
	int worker, memory, progress;
};

static struct table
table_of(const struct pen *pen, const struct screen *s)
{
	struct table t = { .worker = pen->columns >= 32, .memory = pen->columns >= 44 };

	for (size_t i = 0; i < s->rows_shown; i++)
		t.progress |= s->rows[i].busy &&
		    (s->rows[i].progress_total > 0 || s->rows[i].progress_done > 0);
	t.progress &= pen->columns >= 64;
	return t;
}

static void
add_cells(struct pen *pen, const struct table *t, const char *rendition, const char *worker,
    const char *time, const char *memory, const char *progress)
{
	struct bytes text = { 0 };

	if (t->worker)
		bytes_printf(&text, "%6s ", worker);
	bytes_printf(&text, "%8s ", time);
	if (t->memory)
		bytes_printf(&text, "%7s ", memory);
	if (t->progress)
		bytes_printf(&text, " %-14s ", progress);
	bytes_add_byte(&text, ' ');
	add(pen, rendition, text.at, text.len);
	bytes_free(&text);
}

static void
add_number(struct bytes *b, uint64_t number, int divisor)
{
	char text[8];

	if (humanize_number(text, 5, number > INT64_MAX ? INT64_MAX : (int64_t)number, "",
		HN_AUTOSCALE, divisor | HN_NOSPACE | HN_DECIMAL) > 0)
		bytes_add_text(b, text);
}

/* " 45% 450k/1.0M"; without a total "12"; nothing where the job tells nothing. */
static void
add_progress(struct bytes *b, const struct screen_row *r)
{
	uint64_t done = r->progress_done, total = r->progress_total;

	if (total > 0) {
		rate_add_percent(b, done, total);
		bytes_add_byte(b, ' ');
	}
	if (total > 0 || done > 0)
		add_number(b, done, HN_DIVISOR_1000);
	if (total > 0) {
		bytes_add_byte(b, '/');
		add_number(b, total, HN_DIVISOR_1000);
	}
}

static void
add_idle_row(struct pen *pen, const struct table *t, const struct screen_row *r)
{
	char number[32];

	(void)snprintf(number, sizeof number, "%u", r->worker);
	add_cells(pen, t, FAINT, number, "-", "-", "");
	add_text(pen, FAINT, r->alive ? "idle" : "not there");
	end_line(pen);
}

static void
add_busy_row(struct pen *pen, const struct table *t, const struct screen_row *r)
{
	struct bytes time = { 0 }, memory = { 0 }, progress = { 0 };
	char number[32];

	(void)snprintf(number, sizeof number, "%u", r->worker);
	rate_add_time(&time, (double)(r->run_ns / 1000000000));
	if (r->memory >= 0)
		add_number(&memory, (uint64_t)r->memory, 0);
	else
		bytes_add_byte(&memory, '-');
	add_progress(&progress, r);
	add_cells(pen, t, PLAIN, number, time.at, memory.at,
	    progress.at != NULL ? progress.at : "");
	if (r->seq > 0) {
		(void)snprintf(number, sizeof number, "%" PRIu64 " ", r->seq);
		add_text(pen, BOLD, number);
	}
	if (r->attempt > 1) {
		(void)snprintf(number, sizeof number, "(attempt %u) ", r->attempt);
		add_text(pen, RED, number);
	}
	if (r->brief != NULL)
		add_brief(pen, PLAIN, r->brief, room_of(pen));
	end_line(pen);
	bytes_free(&time);
	bytes_free(&memory);
	bytes_free(&progress);
}

static void
add_rest_line(struct pen *pen, const struct screen *s)
{
	struct bytes text = { 0 };
	size_t busy = 0;

	for (size_t i = s->rows_shown; i < s->row_count; i++)
		busy += s->rows[i].busy != 0;
	bytes_printf(&text, "and %zu more, %zu of them busy", s->row_count - s->rows_shown, busy);
	add(pen, FAINT, text.at, text.len);
	bytes_free(&text);
	end_line(pen);
}

/* The cause has as much room as it needs, but for a third, which is the job's. */
static void
add_failure_line(struct pen *pen, const struct screen_failure *f)
{
	struct bytes text = { 0 };

	bytes_printf(&text, "job %" PRIu64 ": ", f->seq);
	add(pen, RED, text.at, text.len);
	const size_t room = room_of(pen), cause = display_width(f->cause.at, f->cause.len) + 2;
	const size_t before = pen->used;
	add_brief(pen, RED, &f->brief, room - smaller(cause, room - room / 3));
	if (pen->used > before)
		add_text(pen, RED, ": ");
	bytes_clear(&text);
	display_width_cut(&text, f->cause.at, f->cause.len, room_of(pen), pen->columns);
	if (text.len > 0)
		add(pen, RED, text.at, text.len);
	bytes_free(&text);
	end_line(pen);
}

void
screen_draw(const struct screen *s, int colours, struct bytes *out, struct screen_lines *lines)
{
	/* The last column stays free: terminals differ in where the cursor stands behind it. */
	struct pen pen = {
		.out = out, .lines = lines, .columns = s->size.columns - 1, .colours = colours,
	};
	struct bytes state = { 0 };

	lines->count = 0;
	rate_add_state(&state, &s->rate);
	add(&pen, BOLD, state.at, state.len);
	bytes_free(&state);
	end_line(&pen);
	if (s->has_totals)
		add_totals_line(&pen, s);
	const struct table table = table_of(&pen, s);
	if (s->has_heading) {
		add_cells(&pen, &table, FAINT, "WORKER", "TIME", "MEMORY", "PROGRESS");
		add_text(&pen, FAINT, "JOB");
		end_line(&pen);
	}
	for (size_t i = 0; i < s->rows_shown; i++)
		if (s->rows[i].busy)
			add_busy_row(&pen, &table, &s->rows[i]);
		else
			add_idle_row(&pen, &table, &s->rows[i]);
	if (s->rows_shown < s->row_count && lines->count + s->failures_shown < s->size.lines)
		add_rest_line(&pen, s);
	for (size_t i = s->failures_shown; i-- > 0;)
		add_failure_line(&pen, &s->failures[i]);
}

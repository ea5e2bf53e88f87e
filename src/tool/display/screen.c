/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "tool/display/screen.h"

#include <inttypes.h>
#include <libutil.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/base/display_width.h"
#include "tool/base/escape.h"

/* What one line can have of a job's text. */
#define TEXT_SHOWN 4096
#define FAILURES_MAX 5

/* Select Graphic Rendition of ECMA-48. */
#define PLAIN   ""
#define BOLD    "1"
#define FAINT   "2"
#define RED     "31"
#define GREEN   "32"

/* Where lines are made. */
struct pen {
	struct bytes *out;
	struct screen_lines *lines;
	size_t columns, used;
	int    colours;
};

/* ----------------------------------------------------------------------------------------- layout */

static int
by_worker(const void *a, const void *b)
{
	const struct screen_row *x = a, *y = b;

	return x->worker < y->worker ? -1 : x->worker > y->worker;
}

/* Who is at it longest first, then those that have nothing to do. */
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
	/* So much is theirs; and what workers leave. */
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
	/* The last line is for the number of those that are left out. */
	s->rows_shown = room >= 2 ? room - 1 : room;
}

/* ------------------------------------------------------------------------------------------ lines */

/* As much of text as there is room for. */
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

/* What comes from outside. */
static void
add_foreign(struct pen *pen, const char *rendition, const char *data, size_t len)
{
	char shown[TEXT_SHOWN];

	add(pen, rendition, shown, escape_text(shown, sizeof shown, data, len));
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
totals(struct pen *pen, const struct screen *s)
{
	struct bytes text = { 0 };

	if (s->pace.total > 0) {
		rate_add_bar(&text, &s->pace, pen->columns / 3);
		if (text.len > 0)
			add(pen, GREEN, text.at, text.len);
		bytes_clear(&text);
		rate_add_percent(&text, &s->pace);
		bytes_add_text(&text, "  ");
	}
	screen_add_totals(&text, s->by_verdict);
	if (text.len > 0)
		add(pen, PLAIN, text.at, text.len);
	bytes_free(&text);
	end_line(pen);
}

/* ------------------------------------------------------------------------------------------- rows */

/* Which columns there are. */
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

static void
row(struct pen *pen, const struct table *t, const struct screen_row *r)
{
	struct bytes time = { 0 }, memory = { 0 }, progress = { 0 };
	char number[32];

	(void)snprintf(number, sizeof number, "%u", r->worker);
	if (!r->busy) {
		add_cells(pen, t, FAINT, number, "-", "-", "");
		add_text(pen, FAINT, r->alive ? "idle" : "not there");
		end_line(pen);
		return;
	}
	rate_add_time(&time, (double)(r->run_ns / 1000000000));
	if (r->memory >= 0)
		add_number(&memory, (uint64_t)r->memory, 0);
	else
		bytes_add_byte(&memory, '-');
	if (r->progress_total > 0) {
		uint64_t done =
		    r->progress_done < r->progress_total ? r->progress_done : r->progress_total;
		bytes_printf(&progress, "%3.0f%% ",
		    (double)(uint64_t)(100.0 * (double)done / (double)r->progress_total));
	}
	if (r->progress_total > 0 || r->progress_done > 0)
		add_number(&progress, r->progress_done, HN_DIVISOR_1000);
	if (r->progress_total > 0) {
		bytes_add_byte(&progress, '/');
		add_number(&progress, r->progress_total, HN_DIVISOR_1000);
	}
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
	if (r->text != NULL)
		add_foreign(pen, PLAIN, r->text, r->text_len);
	end_line(pen);
	bytes_free(&time);
	bytes_free(&memory);
	bytes_free(&progress);
}

static void
more(struct pen *pen, const struct screen *s)
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

void
screen_draw(const struct screen *s, int colours, struct bytes *out, struct screen_lines *lines)
{
	/* The last column stays free: behind it a terminal has the cursor where it pleases. */
	struct pen pen = { .out = out,
		.lines = lines,
		.columns = s->size.columns - 1,
		.colours = colours };
	struct bytes state = { 0 };

	lines->count = 0;
	rate_add_state(&state, &s->pace);
	add(&pen, BOLD, state.at, state.len);
	bytes_free(&state);
	end_line(&pen);
	if (s->has_totals)
		totals(&pen, s);
	const struct table table = table_of(&pen, s);
	if (s->has_heading) {
		add_cells(&pen, &table, FAINT, "WORKER", "TIME", "MEMORY", "PROGRESS");
		add_text(&pen, FAINT, "JOB");
		end_line(&pen);
	}
	for (size_t i = 0; i < s->rows_shown; i++)
		row(&pen, &table, &s->rows[i]);
	if (s->rows_shown < s->row_count && lines->count + s->failures_shown < s->size.lines)
		more(&pen, s);
	for (size_t i = s->failures_shown; i-- > 0;) {
		add_foreign(&pen, RED, s->failures[i], strlen(s->failures[i]));
		end_line(&pen);
	}
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Progress: the line, the plain line and the frame of the screen, and when they are drawn. */
#include "config.h"
#include "tool/display/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tool/base/bytes.h"
#include "tool/base/clock.h"
#include "tool/base/message.h"
#include "tool/base/terminal.h"
#include "tool/display/rate.h"
#include "tool/display/status.h"

#define SECOND      INT64_C(1000000000)
#define DRAW_EVERY  (SECOND / 10)
/* Also without news, since the time is shown. */
#define DRAW_AGAIN  SECOND
#define PLAIN_EVERY (10 * SECOND)

/* DECAWM: a line stays one where the terminal takes a character for wider than we do. */
#define WRAP_OFF "\033[?7l"
#define WRAP_ON  "\033[?7h"

enum form { FORM_NONE = 0, FORM_BAR, FORM_ETA, FORM_SCREEN };

static struct {
	enum form   form;
	int         terminal, colours;
	int         drawn;         /* the line or screen is on the terminal */
	int         stale;         /* something has changed since it was drawn */
	enum progress_output output;
	int64_t     drawn_ns;
	struct rate rate;
	struct bytes text;
	/*
	 * Of the screen: its lines (the cursor stands below the last), the window's height when
	 * they were drawn, and how many of them have left the window at the top since it became
	 * smaller.
	 */
	struct screen_lines lines;
	size_t      height, lost;
} p;

/* ------------------------------------------------------------------------------------- the line */

/* As GNU parallel's --eta. */
static void
add_eta(void)
{
	const struct rate *rate = &p.rate;
	double average = rate->done > 0 ? rate_elapsed(rate) / (double)rate->done : 0;
	double left = rate_left(rate);
	uint64_t jobs_left = rate->total > rate->done ? rate->total - rate->done : 0;

	bytes_printf(&p.text,
	    "ETA: %.0fs Left: %" PRIu64 " AVG: %.2fs  local:%u/%" PRIu64 "/100%%/%.1fs",
	    left > 0 ? left : 0.0, jobs_left, average, rate->running, rate->done, average);
}

static void
add_line(size_t columns)
{
	size_t from = p.text.len;

	if (p.form == FORM_ETA) {
		add_eta();
	} else {
		rate_add_percent(&p.text, p.rate.done, p.rate.total);
		if (p.text.len > from)
			bytes_add_byte(&p.text, ' ');
		rate_add_state(&p.text, &p.rate);
	}
	size_t used = p.text.len - from;
	if (used > columns) {
		p.text.len = from + columns;
		return;
	}
	/* The bar gets half of what is left. */
	if (p.form == FORM_BAR && columns - used > 24) {
		size_t before = p.text.len + 1;
		bytes_add_byte(&p.text, ' ');
		rate_add_bar(&p.text, &p.rate, (columns - used) / 2);
		if (p.text.len == before)
			p.text.len--;
	}
}

/* ----------------------------------------------------------------------------------- the screen */

/*
 * Moves the cursor to where the screen begins.  Its lines may have been broken since the window
 * became narrower.
 */
static void
add_return(struct terminal_size size)
{
	size_t up = 0;
	int breaks = terminal_breaks_lines();

	for (size_t i = 0; i < p.lines.count; i++)
		up += breaks && p.lines.width[i] > size.columns ?
		    (p.lines.width[i] + size.columns - 1) / size.columns :
		    1;
	if (up > p.lines.count) {
		/* Nobody knows how many lines there will be when the window is wide again. */
		p.lost = 0;
	} else if (up >= size.lines) {
		p.lost += up - (size.lines - 1);
	} else if (size.lines > p.height) {
		/* Lost lines come back when the window grows; else the screen begins at the top. */
		size_t back = size.lines - p.height < p.lost ? size.lines - p.height : p.lost;
		up += back;
		p.lost -= back;
	}
	if (up > 0)
		bytes_printf(&p.text, "\033[%zuA", up);
	bytes_add_byte(&p.text, '\r');
}

static void
add_screen(void)
{
	struct terminal_size size = terminal_size();

	if (p.drawn)
		add_return(size);
	p.height = size.lines;
	/* The cursor needs a line. */
	if (size.lines > 1)
		size.lines--;
	bytes_add_text(&p.text, WRAP_OFF);
	status_draw(&p.rate, size, p.colours, &p.text, &p.lines);
	bytes_add_text(&p.text, "\033[J" WRAP_ON);
}

/* -------------------------------------------------------------------------------------- drawing */

static void
add_plain(void)
{
	bytes_printf(&p.text, "%s: ", message_name);
	if (p.form == FORM_ETA)
		add_eta();
	else
		rate_add_state(&p.text, &p.rate);
	if (p.form == FORM_SCREEN)
		status_add_plain(&p.rate, &p.text);
	bytes_add_text(&p.text, "\n");
}

static void
draw(void)
{
	bytes_clear(&p.text);
	p.drawn_ns = p.rate.now_ns;
	if (!p.terminal) {
		add_plain();
	} else {
		if (terminal_is_midline() && !p.drawn)
			bytes_add_text(&p.text, "\r\n");
		if (p.form == FORM_SCREEN) {
			add_screen();
		} else {
			bytes_add_text(&p.text, "\r");
			add_line(terminal_size().columns - 1);
			bytes_add_text(&p.text, "\033[K");
		}
	}
	terminal_put(&p.text);
	p.drawn = p.terminal;
	p.stale = 0;
}

void
progress_hide(void)
{
	if (!p.drawn)
		return;
	bytes_clear(&p.text);
	if (p.form == FORM_SCREEN) {
		add_return(terminal_size());
		bytes_add_text(&p.text, "\033[J");
	} else {
		bytes_add_text(&p.text, "\r\033[K");
	}
	terminal_put(&p.text);
	progress_lost();
}

void
progress_lost(void)
{
	p.drawn = 0;
	p.stale = 1;
	p.lines.count = p.lost = 0;
}

void
progress_stale(void)
{
	p.stale = 1;
}

/*
 * Not while we are in the background, nor while the terminal takes nothing: the run must not wait
 * for who reads it.
 */
static int
may_draw(void)
{
	if (!p.terminal)
		return 1;
	if (!terminal_is_ours()) {
		progress_lost();
		return 0;
	}
	return terminal_is_ready();
}

/* When to draw again. */
static int64_t
next_ns(void)
{
	if (!p.terminal)
		return p.drawn_ns + PLAIN_EVERY;
	return p.drawn_ns + (p.stale || p.output == OUTPUT_HELD ? DRAW_EVERY : DRAW_AGAIN);
}

static void
message_over(void)
{
	terminal_wrote('\n');
}

void
progress_open(const struct options *o)
{
	p.form = FORM_NONE;
	if (o->bar)
		p.form = FORM_BAR;
	else if (o->eta)
		p.form = FORM_ETA;
	else if (o->status)
		p.form = FORM_SCREEN;
	else
		return;
	p.terminal = terminal_is_able();
	p.colours = terminal_has_colours();
	p.output = OUTPUT_NONE;
	p.rate = (struct rate){ 0 };
	if (p.terminal) {
		message_before = progress_hide;
		message_after = message_over;
	}
}

int
progress_is_on(void)
{
	return p.form != FORM_NONE;
}

int
progress_is_fresh(int64_t now_ns)
{
	return p.drawn && now_ns < p.drawn_ns + DRAW_EVERY;
}

void
progress_output(enum progress_output output)
{
	p.output = output;
}

void
progress_update(uint64_t done, uint64_t failed, uint64_t total, unsigned running, int64_t now_ns)
{
	struct rate *rate = &p.rate;

	if (p.form == FORM_NONE)
		return;
	if (rate->began_ns == 0) {
		rate->began_ns = now_ns;
		/* A terminal gets its first drawing at once. */
		p.drawn_ns = p.terminal ? now_ns - DRAW_EVERY : now_ns;
	}
	p.stale |= done != rate->done || failed != rate->failed || total != rate->total ||
	    running != rate->running || !p.drawn;
	*rate = (struct rate){
		.began_ns = rate->began_ns, .now_ns = now_ns, .done = done, .failed = failed,
		.total = total, .running = running,
	};
	if (p.output == OUTPUT_HALF_OUT || now_ns < next_ns())
		return;
	if (may_draw())
		draw();
	else
		p.drawn_ns = now_ns;
}

int
progress_timeout(int64_t now_ns)
{
	if (p.form == FORM_NONE || p.rate.began_ns == 0 || p.output == OUTPUT_HALF_OUT)
		return -1;
	return clock_poll_ms(next_ns() - now_ns);
}

void
progress_close(void)
{
	if (p.form == FORM_NONE)
		return;
	p.rate.over = 1;
	if (p.form == FORM_SCREEN && p.terminal) {
		/* The screen goes, and its totals stay as a plain line. */
		progress_hide();
		if (terminal_is_midline())
			bytes_add_text(&p.text, "\r\n");
		add_plain();
		terminal_put(&p.text);
	} else {
		draw();
		if (p.drawn) {
			bytes_add_text(&p.text, "\n");
			terminal_put(&p.text);
		}
	}
	if (p.terminal)
		message_before = message_after = NULL;
	bytes_free(&p.text);
	p.form = FORM_NONE;
	p.drawn = 0;
	p.lines.count = p.lost = 0;
}

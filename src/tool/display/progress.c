/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "tool/display/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tool/base/bytes.h"
#include "tool/base/display_width.h"
#include "tool/base/escape.h"
#include "tool/base/message.h"
#include "tool/base/terminal.h"
#include "tool/display/rate.h"
#include "tool/display/status.h"

#define SECOND      INT64_C(1000000000)
#define DRAW_EVERY  (SECOND / 10)
/* Without news, for the time that is shown. */
#define DRAW_AGAIN  SECOND
#define PLAIN_EVERY (10 * SECOND)
/* What is shown of the item. */
#define LAST_SHOWN  200

/* DECAWM: whatever the terminal thinks how wide a character is, a line stays one. */
#define WRAP_OFF "\033[?7l"
#define WRAP_ON  "\033[?7h"

enum form { FORM_NONE = 0, FORM_BAR, FORM_ETA, FORM_SCREEN };

static struct {
	enum form   form;
	int         terminal, colours;
	int         drawn;         /* it is there */
	int         stale;         /* it does not say what is so by now */
	enum progress_output output;
	int64_t     drawn_ns;
	struct rate pace;
	char        last[LAST_SHOWN];
	struct bytes text;
	/* Of the screen: its lines, with the cursor in the one below; the window's height then; and how many lines of it went
	   out of reach, to the top, when that became smaller. */
	struct screen_lines lines;
	size_t      height, lost;
} p;

/* ----------------------------------------------------------------------------------------- the line */

/* GNU parallel's. */
static void
add_eta(void)
{
	const struct rate *pace = &p.pace;
	double average = pace->done > 0 ? rate_elapsed(pace) / (double)pace->done : 0;
	double left = rate_left(pace);

	bytes_printf(&p.text,
	    "ETA: %.0fs Left: %" PRIu64 " AVG: %.2fs  local:%u/%" PRIu64 "/100%%/%.1fs",
	    left > 0 ? left : 0.0,
	    pace->total > pace->done ? pace->total - pace->done : (uint64_t)0, average,
	    pace->running, pace->done, average);
}

static void
add_line(size_t columns)
{
	size_t from = p.text.len;

	if (p.form == FORM_ETA) {
		add_eta();
	} else {
		rate_add_percent(&p.text, &p.pace);
		if (p.text.len > from)
			bytes_add_byte(&p.text, ' ');
		rate_add_state(&p.text, &p.pace);
	}
	size_t used = p.text.len - from;
	if (used > columns) {
		p.text.len = from + columns;
		return;
	}
	/* Half of what is left for the item. */
	if (p.form == FORM_BAR && columns - used > 24) {
		size_t before = p.text.len + 1;
		bytes_add_byte(&p.text, ' ');
		rate_add_bar(&p.text, &p.pace, (columns - used) / 2);
		if (p.text.len == before)
			p.text.len--;
	}
	used = p.text.len - from;
	if (p.last[0] != '\0' && columns - used > 8) {
		bytes_add_byte(&p.text, ' ');
		bytes_add(&p.text, p.last,
		    display_width_fit(p.last, strlen(p.last), columns - used - 1));
	}
}

/* --------------------------------------------------------------------------------------- the screen */

/* To where it begins.  Where the window has become narrower, its lines may have been broken. */
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
		/* Nobody knows how many there would be when it is wide again. */
		p.lost = 0;
	} else if (up >= size.lines) {
		p.lost += up - (size.lines - 1);
	} else if (size.lines > p.height) {
		/* They come back, or the screen begins at the top. */
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
	/* One line is the cursor's. */
	if (size.lines > 1)
		size.lines--;
	bytes_add_text(&p.text, WRAP_OFF);
	status_draw(&p.pace, size, p.colours, &p.text, &p.lines);
	bytes_add_text(&p.text, "\033[J" WRAP_ON);
}

/* ------------------------------------------------------------------------------------------- drawing */

static void
add_plain(void)
{
	bytes_printf(&p.text, "%s: ", message_name);
	if (p.form == FORM_ETA)
		add_eta();
	else
		rate_add_state(&p.text, &p.pace);
	if (p.form == FORM_SCREEN)
		status_add_plain(&p.pace, &p.text);
	bytes_add_text(&p.text, "\n");
}

static void
draw(void)
{
	bytes_clear(&p.text);
	p.drawn_ns = p.pace.now_ns;
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

/* Not in the background; nor does the run wait for somebody who reads the terminal at leisure. */
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

static int64_t
next_ns(void)
{
	return p.drawn_ns +
	    (!p.terminal                               ? PLAIN_EVERY :
		    p.stale || p.output == OUTPUT_HELD ? DRAW_EVERY :
							 DRAW_AGAIN);
}

static void
message_over(void)
{
	terminal_wrote('\n');
}

void
progress_open(const struct options *o)
{
	p.form = o->bar ? FORM_BAR : o->eta ? FORM_ETA : o->status ? FORM_SCREEN : FORM_NONE;
	if (p.form == FORM_NONE)
		return;
	p.terminal = terminal_is_able();
	p.colours = terminal_has_colours();
	p.output = OUTPUT_NONE;
	p.pace = (struct rate){ 0 };
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
progress_is_drawn(void)
{
	return p.form != FORM_NONE && p.terminal;
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
progress_update(uint64_t done, uint64_t failed, uint64_t total, unsigned running, const char *last,
    int64_t now_ns)
{
	struct rate *pace = &p.pace;

	if (p.form == FORM_NONE)
		return;
	if (pace->began_ns == 0) {
		pace->began_ns = now_ns;
		/* A terminal gets its first picture at once. */
		p.drawn_ns = p.terminal ? now_ns - DRAW_EVERY : now_ns;
	}
	p.stale |= done != pace->done || failed != pace->failed || total != pace->total ||
	    running != pace->running || !p.drawn;
	*pace = (struct rate){ .began_ns = pace->began_ns,
		.now_ns = now_ns,
		.done = done,
		.failed = failed,
		.total = total,
		.running = running };
	if (p.output == OUTPUT_HALF_OUT || now_ns < next_ns())
		return;
	/* Only now: it is looked at a million times a second, and drawn ten times. */
	p.last[0] = '\0';
	if (last != NULL)
		(void)escape_text(p.last, sizeof p.last, last, strlen(last));
	if (may_draw())
		draw();
	else
		p.drawn_ns = now_ns;
}

int
progress_timeout(int64_t now_ns)
{
	if (p.form == FORM_NONE || p.pace.began_ns == 0 || p.output == OUTPUT_HALF_OUT)
		return -1;
	int64_t wait = next_ns() - now_ns;
	return wait <= 0 ? 0 : (int)((wait + 999999) / 1000000);
}

void
progress_close(void)
{
	if (p.form == FORM_NONE)
		return;
	p.last[0] = '\0';
	p.pace.over = 1;
	if (p.form == FORM_SCREEN && p.terminal) {
		/* Of the screen its totals stay. */
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

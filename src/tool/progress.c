#include "config.h"
#include "progress.h"

#include <errno.h>
#include <inttypes.h>
#include <libutil.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "bytes.h"
#include "message.h"
#include "visible.h"

#define SECOND      INT64_C(1000000000)
#define DRAW_EVERY  (SECOND / 10)
/* Without news, for the time that is shown. */
#define DRAW_AGAIN  SECOND
#define PLAIN_EVERY (10 * SECOND)
/* What is shown of the item. */
#define LAST_SHOWN  200

static struct {
	int      on, terminal, eta;
	int      drawn;           /* the line is there */
	int      stale;           /* it does not say what is so by now */
	int64_t  began_ns, drawn_ns, now_ns;
	uint64_t done, failed, total;
	unsigned running;
	char     last[LAST_SHOWN];
	struct bytes line;
} p;

/* ----------------------------------------------------------------------------------------- the line */

/* Columns of a terminal; rather too many than too few. */
static size_t
columns_of(size_t sequence)
{
	return sequence <= 2 ? 1 : 2;
}

/* What of text goes into so many columns, in bytes. */
static size_t
fitting(const char *text, size_t columns)
{
	size_t len = strlen(text), at = 0, used = 0;

	while (at < len) {
		size_t n = utf8_sequence(text + at, len - at);
		used += columns_of(n);
		if (used > columns)
			break;
		at += n > 0 ? n : 1;
	}
	return at;
}

static size_t
width(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static double
elapsed(void)
{
	return (double)(p.now_ns - p.began_ns) / 1e9;
}

/* Seconds yet, from how long it took so far; -1: that cannot be told. */
static double
left(void)
{
	if (p.total <= p.done)
		return p.total > 0 ? 0 : -1;
	return p.done > 0 ? (double)(p.total - p.done) * elapsed() / (double)p.done : -1;
}

static void
add_time(double seconds)
{
	uint64_t s = seconds < 0 ? 0 : seconds > 3.6e9 ? UINT64_C(3600000000) : (uint64_t)(seconds + 0.5);

	if (s >= 3600)
		bytes_printf(&p.line, "%" PRIu64 ":%02u:%02u", s / 3600, (unsigned)(s / 60 % 60), (unsigned)(s % 60));
	else
		bytes_printf(&p.line, "%u:%02u", (unsigned)(s / 60), (unsigned)(s % 60));
}

static void
add_rate(void)
{
	double seconds = elapsed(), rate = seconds > 0 ? (double)p.done / seconds : 0;
	char text[8];

	if (rate < 100)
		bytes_printf(&p.line, "%.1f/s", rate);
	else if (humanize_number(text, 5, (int64_t)rate, "", HN_AUTOSCALE, HN_DIVISOR_1000 | HN_NOSPACE | HN_DECIMAL) > 0)
		bytes_printf(&p.line, "%s/s", text);
}

/* The same for a terminal and for a file. */
static void
add_state(void)
{
	bytes_printf(&p.line, "%" PRIu64, p.done);
	if (p.total > 0)
		bytes_printf(&p.line, "/%" PRIu64, p.total);
	bytes_add_text(&p.line, " done, ");
	if (p.failed > 0)
		bytes_printf(&p.line, "%" PRIu64 " failed, ", p.failed);
	bytes_printf(&p.line, "%u running, ", p.running);
	add_rate();
	bytes_add_text(&p.line, ", ");
	if (left() > 0) {
		add_time(left());
		bytes_add_text(&p.line, " left");
	} else {
		add_time(elapsed());
	}
}

/* GNU parallel's. */
static void
add_eta(void)
{
	double average = p.done > 0 ? elapsed() / (double)p.done : 0;

	bytes_printf(&p.line, "ETA: %.0fs Left: %" PRIu64 " AVG: %.2fs  local:%u/%" PRIu64 "/100%%/%.1fs", left() > 0 ? left() : 0.0,
	    p.total > p.done ? p.total - p.done : (uint64_t)0, average, p.running, p.done, average);
}

static void
add_bar(size_t room)
{
	enum { BAR_MAX = 30, BAR_MIN = 8 };
	size_t cells = room < BAR_MAX ? room : BAR_MAX;

	if (p.total == 0 || cells < BAR_MIN)
		return;
	size_t full = p.done >= p.total ? cells : (size_t)((double)p.done / (double)p.total * (double)cells);
	bytes_add_text(&p.line, " [");
	for (size_t i = 0; i < cells; i++)
		bytes_add_byte(&p.line, i < full ? '#' : '.');
	bytes_add_text(&p.line, "]");
}

static void
add_text(size_t columns)
{
	size_t from = p.line.len;

	if (p.eta) {
		add_eta();
	} else {
		if (p.total > 0)
			bytes_printf(&p.line, "%3.0f%% ", p.done >= p.total ? 100.0 :
			    (double)(uint64_t)(100.0 * (double)p.done / (double)p.total));
		add_state();
	}
	size_t used = p.line.len - from;
	if (used > columns) {
		p.line.len = from + columns;
		return;
	}
	/* Half of what is left for the item. */
	if (!p.eta && columns - used > 24)
		add_bar((columns - used) / 2);
	used = p.line.len - from;
	if (p.last[0] != '\0' && columns - used > 8) {
		bytes_add_byte(&p.line, ' ');
		bytes_add(&p.line, p.last, fitting(p.last, columns - used - 1));
	}
}

/* ------------------------------------------------------------------------------------------- drawing */

static void
put(void)
{
	/* Whatever becomes of it: nothing depends on it. */
	for (size_t at = 0; at < p.line.len;) {
		ssize_t n = write(STDERR_FILENO, p.line.at + at, p.line.len - at);
		if (n == -1 && errno != EINTR)
			break;
		at += n > 0 ? (size_t)n : 0;
	}
	bytes_clear(&p.line);
}

static void
draw(void)
{
	bytes_clear(&p.line);
	if (p.terminal) {
		bytes_add_text(&p.line, "\r");
		add_text(width() - 1);
		bytes_add_text(&p.line, "\033[K");
	} else {
		bytes_printf(&p.line, "%s: ", message_name);
		if (p.eta)
			add_eta();
		else
			add_state();
		bytes_add_text(&p.line, "\n");
	}
	put();
	p.drawn = p.terminal;
	p.stale = 0;
	p.drawn_ns = p.now_ns;
}

static void
hide(void)
{
	if (!p.drawn)
		return;
	bytes_add_text(&p.line, "\r\033[K");
	put();
	p.drawn = 0;
	p.stale = 1;
}

static int64_t
next_ns(void)
{
	return p.drawn_ns + (!p.terminal ? PLAIN_EVERY : p.stale ? DRAW_EVERY : DRAW_AGAIN);
}

void
progress_open(const struct options *o)
{
	const char *term = getenv("TERM");

	if (!o->bar && !o->eta)
		return;
	p.on = 1;
	p.eta = o->eta && !o->bar;
	p.terminal = isatty(STDERR_FILENO) && term != NULL && *term != '\0' && strcmp(term, "dumb") != 0;
	p.began_ns = 0;
	if (p.terminal)
		message_before = hide;
}

void
progress_update(uint64_t done, uint64_t failed, uint64_t total, unsigned running, const char *last, int64_t now_ns)
{
	if (!p.on)
		return;
	if (p.began_ns == 0) {
		p.began_ns = now_ns;
		/* A terminal gets its first line at once. */
		p.drawn_ns = p.terminal ? now_ns - DRAW_EVERY : now_ns;
	}
	p.stale |= done != p.done || failed != p.failed || total != p.total || running != p.running || !p.drawn;
	p.done = done;
	p.failed = failed;
	p.total = total;
	p.running = running;
	p.now_ns = now_ns;
	if (now_ns < next_ns())
		return;
	/* Only now: it is looked at a million times a second, and drawn ten times. */
	p.last[0] = '\0';
	if (last != NULL)
		(void)visible(p.last, sizeof p.last, last, strlen(last));
	draw();
}

int
progress_timeout(int64_t now_ns)
{
	if (!p.on || p.began_ns == 0)
		return -1;
	int64_t wait = next_ns() - now_ns;
	return wait <= 0 ? 0 : (int)((wait + 999999) / 1000000);
}

void
progress_close(void)
{
	if (!p.on)
		return;
	p.last[0] = '\0';
	draw();
	if (p.terminal) {
		bytes_add_text(&p.line, "\n");
		put();
		message_before = NULL;
	}
	bytes_free(&p.line);
	p.on = p.drawn = 0;
}

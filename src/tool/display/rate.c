/* SPDX-License-Identifier: BSD-2-Clause */
/* Rate: the numbers of a run's progress, computed and put into words, and its bar. */
#include "config.h"
#include "tool/display/rate.h"

#include <inttypes.h>
#include <libutil.h>

double
rate_elapsed(const struct rate *p)
{
	return (double)(p->now_ns - p->began_ns) / 1e9;
}

double
rate_left(const struct rate *p)
{
	if (p->total <= p->done || p->over)
		return p->total > 0 ? 0 : -1;
	if (p->done == 0)
		return -1;
	return (double)(p->total - p->done) * rate_elapsed(p) / (double)p->done;
}

void
rate_add_time(struct bytes *b, double seconds)
{
	uint64_t s = 0;

	if (seconds > 3.6e9)
		s = UINT64_C(3600000000);
	else if (seconds >= 0)
		s = (uint64_t)(seconds + 0.5);
	if (s >= 3600)
		bytes_printf(b, "%" PRIu64 ":%02u:%02u", s / 3600, (unsigned)(s / 60 % 60),
		    (unsigned)(s % 60));
	else
		bytes_printf(b, "%u:%02u", (unsigned)(s / 60), (unsigned)(s % 60));
}

void
rate_add_speed(struct bytes *b, const struct rate *p)
{
	double seconds = rate_elapsed(p), speed = seconds > 0 ? (double)p->done / seconds : 0;
	char text[8];

	if (speed < 100)
		bytes_printf(b, "%.1f/s", speed);
	else if (humanize_number(text, 5, (int64_t)speed, "", HN_AUTOSCALE,
		     HN_DIVISOR_1000 | HN_NOSPACE | HN_DECIMAL) > 0)
		bytes_printf(b, "%s/s", text);
}

void
rate_add_state(struct bytes *b, const struct rate *p)
{
	bytes_printf(b, "%" PRIu64, p->done);
	if (p->total > 0)
		bytes_printf(b, "/%" PRIu64, p->total);
	bytes_add_text(b, " done, ");
	if (p->failed > 0)
		bytes_printf(b, "%" PRIu64 " failed, ", p->failed);
	bytes_printf(b, "%u running, ", p->running);
	rate_add_speed(b, p);
	bytes_add_text(b, ", ");
	if (rate_left(p) > 0) {
		rate_add_time(b, rate_left(p));
		bytes_add_text(b, " left");
	} else {
		rate_add_time(b, rate_elapsed(p));
	}
}

void
rate_add_percent(struct bytes *b, uint64_t done, uint64_t total)
{
	double percent = 100;

	if (total == 0)
		return;
	/* Rounded down: 100 % says that all is done. */
	if (done < total)
		percent = (double)(uint64_t)(100.0 * (double)done / (double)total);
	bytes_printf(b, "%3.0f%%", percent);
}

void
rate_add_bar(struct bytes *b, const struct rate *p, size_t room)
{
	enum { BAR_MAX = 30, BAR_MIN = 8 };
	size_t cells = room < BAR_MAX ? room : BAR_MAX;

	if (p->total == 0 || cells < BAR_MIN)
		return;
	size_t full = cells;
	if (p->done < p->total)
		full = (size_t)((double)p->done / (double)p->total * (double)cells);
	bytes_add_byte(b, '[');
	for (size_t i = 0; i < cells; i++)
		bytes_add_byte(b, i < full ? '#' : '.');
	bytes_add_byte(b, ']');
}

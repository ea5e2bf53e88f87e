/* SPDX-License-Identifier: BSD-2-Clause */
/* Sums of all tries: for each worker, for each range of durations, for each stretch of time. */
#include "config.h"
#include "tool/reports/report_stats.h"

#include <inttypes.h>
#include <stdlib.h>

/* Stretches of time.  When they no longer reach the end, each two of them become one. */
#define STRETCHES   480
#define STRETCH_MIN INT64_C(1000)

/* Edges of the ranges of durations, in us; the last is more than a year. */
#define DECADE(n) INT64_C(n), 2 * INT64_C(n), 5 * INT64_C(n)
static const int64_t edges[] = {
	DECADE(1),
	DECADE(10),
	DECADE(100),
	DECADE(1000),
	DECADE(10000),
	DECADE(100000),
	DECADE(1000000),
	DECADE(10000000),
	DECADE(100000000),
	DECADE(1000000000),
	DECADE(10000000000),
	DECADE(100000000000),
	DECADE(1000000000000),
	DECADE(10000000000000),
};
#define EDGES (sizeof edges / sizeof edges[0])

struct lane {
	int64_t  busy;
	uint64_t runs, failed, died;
};

static struct {
	struct lane *lanes;
	size_t   lane_count, lane_room;
	uint64_t runs, again;
	uint64_t by_duration[EDGES + 1];
	int64_t  width;
	int64_t  busy[STRETCHES];
	uint64_t ended[STRETCHES], failed[STRETCHES];
} stats = { .width = STRETCH_MIN };

static struct lane *
lane_of(unsigned slot)
{
	if (slot > stats.lane_room) {
		size_t room = slot < 16 ? 16 : (size_t)slot * 2;
		struct lane *larger = reallocarray(stats.lanes, room, sizeof *larger);
		if (larger == NULL)
			fail_memory();
		for (size_t i = stats.lane_room; i < room; i++)
			larger[i] = (struct lane){ 0 };
		stats.lanes = larger;
		stats.lane_room = room;
	}
	stats.lane_count = slot > stats.lane_count ? slot : stats.lane_count;
	return &stats.lanes[slot - 1];
}

static void
stretches_widen(void)
{
	for (size_t i = 0; i < STRETCHES; i++) {
		int pair = i < STRETCHES / 2;
		stats.busy[i] = pair ? stats.busy[2 * i] + stats.busy[2 * i + 1] : 0;
		stats.ended[i] = pair ? stats.ended[2 * i] + stats.ended[2 * i + 1] : 0;
		stats.failed[i] = pair ? stats.failed[2 * i] + stats.failed[2 * i + 1] : 0;
	}
	stats.width *= 2;
}

void
report_stats_add(const struct report_stats_run *run)
{
	/* start is negative if the clock was set back. */
	int64_t start = run->start > 0 ? run->start : 0, end = start + run->run;
	struct lane *lane = lane_of(run->slot);
	size_t i = 0;

	lane->busy += run->run;
	lane->runs++;
	lane->failed += run->failed != 0;
	lane->died += run->died != 0;
	stats.runs++;
	stats.again += run->again != 0;
	while (i < EDGES && run->run >= edges[i])
		i++;
	stats.by_duration[i]++;
	while (end >= stats.width * STRETCHES)
		stretches_widen();
	stats.ended[end / stats.width]++;
	stats.failed[end / stats.width] += run->failed != 0;
	for (int64_t at = start; at < end;) {
		int64_t next = (at / stats.width + 1) * stats.width;
		int64_t to = next < end ? next : end;
		stats.busy[at / stats.width] += to - at;
		at = to;
	}
}

static void
numbers(struct bytes *out, const char *name, const uint64_t *number, size_t count)
{
	bytes_printf(out, "\"%s\":[", name);
	for (size_t i = 0; i < count; i++)
		bytes_printf(out, "%s%" PRIu64, i > 0 ? "," : "", number[i]);
	bytes_add_text(out, "],");
}

void
report_stats_json(struct bytes *out)
{
	size_t used = STRETCHES;

	bytes_printf(out, "\"runs_total\":%" PRIu64 ",\"again\":%" PRIu64 ",\"lanes\":[",
	    stats.runs, stats.again);
	for (size_t i = 0; i < stats.lane_count; i++) {
		const struct lane *lane = &stats.lanes[i];
		bytes_printf(out, "%s[%" PRId64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]",
		    i > 0 ? "," : "", lane->busy, lane->runs, lane->failed, lane->died);
	}
	bytes_add_text(out, "],\"edges\":[");
	for (size_t i = 0; i < EDGES; i++)
		bytes_printf(out, "%s%" PRId64, i > 0 ? "," : "", edges[i]);
	bytes_add_text(out, "],");
	numbers(out, "by_duration", stats.by_duration, EDGES + 1);
	while (used > 0 && stats.busy[used - 1] == 0 && stats.ended[used - 1] == 0)
		used--;
	bytes_printf(out, "\"stretch\":%" PRId64 ",\"busy\":[", stats.width);
	for (size_t i = 0; i < used; i++)
		bytes_printf(out, "%s%" PRId64, i > 0 ? "," : "", stats.busy[i]);
	bytes_add_text(out, "],");
	numbers(out, "ended", stats.ended, used);
	numbers(out, "failed", stats.failed, used);
}

void
report_stats_free(void)
{
	free(stats.lanes);
	stats.lanes = NULL;
	stats.lane_count = stats.lane_room = 0;
}

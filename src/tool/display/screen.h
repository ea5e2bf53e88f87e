/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * screen - what --status shows, as lines for a window of any size: made of a state and of nothing else.
 *
 * From top to bottom: how far the run is; outcomes; a row a worker; the last failures.  What does not fit is left out from
 * the bottom of that list's importance: no line is longer than the window, and there are never more than it has.  All
 * text of jobs goes through visible().  Includes bytes, ending, pace, terminal (for the size).
 */
#ifndef FORKPOOL_TOOL_SCREEN_H
#define FORKPOOL_TOOL_SCREEN_H

#include <stddef.h>
#include <stdint.h>

#include "tool/base/bytes.h"
#include "tool/base/terminal.h"
#include "tool/display/rate.h"
#include "tool/task/outcome.h"

struct screen_row {
	unsigned    worker;          /* 1.. */
	int         alive, busy;     /* what follows counts for those that are busy */
	uint64_t    seq;             /* of the input; 0: not known */
	unsigned    attempt;
	const char *text;            /* as it is; text_len bytes */
	size_t      text_len;
	int64_t     run_ns;
	uint64_t    progress_done, progress_total;
	int64_t     memory;          /* bytes; -1: not known */
};

struct screen {
	struct rate        pace;
	const uint64_t    *by_verdict;  /* VERDICTS of them */
	struct screen_row *rows;        /* each worker's; screen_arrange() sorts them */
	size_t             row_count;
	const char *const *failures;    /* a line each, the last first */
	size_t             failure_count;
	/* By screen_arrange(). */
	struct terminal_size size;
	int                has_totals, has_heading;
	size_t             rows_shown, failures_shown;
};

/* What stands there now, for whoever has to draw over it. */
#define SCREEN_LINES 300
struct screen_lines {
	size_t   count;
	uint16_t width[SCREEN_LINES];
};

/*
 * What of it is shown in a window of that size: the first rows_shown rows then, by number where there is room for all, else
 * those that have been at it longest.  Text and memory of rows may be filled in afterwards.
 */
void screen_arrange(struct screen *, struct terminal_size);
/* The lines, each with an end that clears what stood behind it. */
void screen_draw(const struct screen *, int colours, struct bytes *out, struct screen_lines *lines);
/* "35 ok, 1 failed, 1 timed_out" */
void screen_add_totals(struct bytes *, const uint64_t *by_verdict);

#endif

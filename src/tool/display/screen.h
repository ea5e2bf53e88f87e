/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * screen - what --status shows, as lines for a window of any size: a function of the state it is
 * given alone.
 *
 * From top to bottom: how far the run is; outcomes; a row for each worker; the last failures.  A
 * small window shows less of it: no line is longer than the window, and there are never more lines
 * than the window has.  Of a job that has no room a narrow line keeps what tells it apart from
 * others, and of a failure the cause before the command.  All text of jobs goes through
 * escape_text().
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
	unsigned    worker;          /* 1, 2, ... */
	int         alive, busy;     /* the fields below are set where it is busy */
	uint64_t    seq;             /* the number of the item; 0: not known */
	unsigned    attempt;
	const struct brief *brief;   /* NULL: not known */
	int64_t     run_ns;
	uint64_t    progress_done, progress_total;
	int64_t     memory;          /* bytes; -1: not known */
};

/* A job that has failed. */
struct screen_failure {
	uint64_t     seq;
	struct brief brief;
	struct bytes cause;          /* escaped */
};

struct screen {
	struct rate        rate;
	const uint64_t    *by_verdict;  /* VERDICTS counts */
	struct screen_row *rows;        /* one for each worker; screen_arrange() sorts them */
	size_t             row_count;
	const struct screen_failure *failures; /* the latest first */
	size_t             failure_count;
	/* Set by screen_arrange(). */
	struct terminal_size size;
	int                has_totals, has_heading;
	size_t             rows_shown, failures_shown;
};

/* The most lines of a screen. */
#define SCREEN_LINES 300
/* The lines that were drawn and their widths, for whoever has to draw over them. */
struct screen_lines {
	size_t   count;
	uint16_t width[SCREEN_LINES];
};

/*
 * Decides what a window of that size shows, and sorts the rows: the first rows_shown are shown, by
 * number where there is room for all, else those whose job has run longest.  Text and memory of
 * rows may be filled in afterwards.
 */
void screen_arrange(struct screen *, struct terminal_size);
/* Adds the lines to *out; each ends with the sequence that clears the rest of the line. */
void screen_draw(const struct screen *, int colours, struct bytes *out, struct screen_lines *lines);
/* "35 ok, 1 failed, 1 timed_out"; nothing where nothing has ended. */
void screen_add_totals(struct bytes *, const uint64_t *by_verdict);

#endif

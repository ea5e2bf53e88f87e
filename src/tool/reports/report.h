/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report - --report: a page of its own that shows a run, for a browser, from a file.
 *
 * Each run that ends becomes a row in a file without a name.  Beyond REPORT_ROWS rows or REPORT_BYTES only those that
 * failed are added, REPORT_MORE of them, and the slowest REPORT_SLOWEST are kept: so memory and the page have a
 * limit, and what the page says of all runs together is right beyond it too.  The page is made of that when all is
 * over, and put in its place as a whole.  Includes options, report_sums, report_text, run_view, whole_file.
 */
#ifndef FORKPOOL_TOOL_REPORT_H
#define FORKPOOL_TOOL_REPORT_H

#include "forkpool.h"
#include "tool/cli/options.h"
#include "tool/reports/attempt.h"

#define REPORT_ROWS    1000000u
#define REPORT_BYTES   (UINT64_C(64) << 20)
#define REPORT_MORE    10000u
#define REPORT_SLOWEST 100u
/* Of the ends of what failed jobs wrote: in all, and of each stream of each. */
#define REPORT_TAILS   (UINT64_C(8) << 20)
#define REPORT_TAIL    ((size_t)2048)

/* Ends the tool where the page could not be written. */
void report_open(const struct options *, struct forkpool *);
void report_run(const struct attempt *);
/* -1: it could not be written (said). */
int  report_close(const struct attempt_end *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report - --report: a page in one file that shows a run in a browser.
 *
 * Each try that ends becomes a row in a file without a name.  Beyond REPORT_ROWS rows or
 * REPORT_BYTES only failed tries are added, at most REPORT_MORE of them, and the REPORT_SLOWEST
 * slowest other ones are kept.  So the memory and the page have a limit, and what the page says of
 * all tries together is right beyond it too.  At the end the page is made of the rows, and
 * replaces its file as a whole.
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
/* The kept ends of failed jobs' output, and backtraces: of all jobs, and of one stream of one
   job. */
#define REPORT_TAILS   (UINT64_C(8) << 20)
#define REPORT_TAIL    ((size_t)2048)

/* Ends the tool where the page could not be written. */
void report_open(const struct options *, struct forkpool *);
void report_run(const struct attempt *);
/* -1: the page could not be written (said). */
int  report_close(const struct attempt_end *);

#endif

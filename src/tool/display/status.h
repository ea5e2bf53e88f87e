/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * status - what --status has to show: the workers as forkpool_worker_info() tells of them, the jobs they run, the last
 * failures.
 *
 * All of it is gathered when something is drawn; until then a job costs a place on a list, and without --status nothing.
 * Includes job, pace, screen, tally.
 */
#ifndef FORKPOOL_TOOL_STATUS_H
#define FORKPOOL_TOOL_STATUS_H

#include "forkpool.h"
#include "tool/cli/options.h"
#include "tool/display/rate.h"
#include "tool/display/screen.h"
#include "tool/task/job.h"
#include "tool/task/totals.h"

/* Without --status nothing below does anything.  apart: each run has a process of its own, below its worker. */
void status_open(const struct options *, const struct forkpool *, unsigned workers, int apart,
    const struct totals *);
void status_close(void);
int  status_is_on(void);

/* There are to be so many workers. */
void status_workers(unsigned workers);
/* The pool has it under that number; and no longer. */
void status_job_begins(struct job *, uint64_t pool_seq);
void status_job_ended(struct job *);
/* A job has failed for good: the line that explains it. */
void status_failure(const char *line, size_t len);

/* The screen, for a window of that size. */
void status_draw(const struct rate *, struct terminal_size, int colours, struct bytes *out,
    struct screen_lines *);
/* ", 8 running, ..." has been said: outcomes and, where one runs for long, which. */
void status_add_plain(const struct rate *, struct bytes *out);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * status - what --status shows: the workers, as forkpool_worker_info() describes them, the jobs
 * they run, the last failures.
 *
 * The data is gathered when something is drawn.  Until then a job costs an entry in a list, and
 * without --status nothing.
 */
#ifndef FORKPOOL_TOOL_STATUS_H
#define FORKPOOL_TOOL_STATUS_H

#include "forkpool.h"
#include "tool/cli/options.h"
#include "tool/display/rate.h"
#include "tool/display/screen.h"
#include "tool/task/job.h"
#include "tool/task/totals.h"

/*
 * Without --status no function here does anything.  own_process: each run has a process of its own,
 * a child of its worker.
 */
void status_open(const struct options *, const struct forkpool *, unsigned workers,
    int own_process, const struct totals *);
void status_close(void);
int  status_is_on(void);

/* There are to be so many workers from now on. */
void status_workers(unsigned workers);
/* The pool has taken the job, under that number; and the job has ended. */
void status_job_begins(struct job *, uint64_t pool_seq);
void status_job_ended(struct job *);
/* A job has failed and is not retried.  where: its output is kept there; NULL: nowhere. */
void status_failure(const struct job *, const char *where);

/* Adds the screen, for a window of that size, to *out. */
void status_draw(const struct rate *, struct terminal_size, int colours, struct bytes *out,
    struct screen_lines *);
/* Completes a plain line, behind its rate: outcomes, and the job that has run longest. */
void status_add_plain(const struct rate *, struct bytes *out);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * completion - from a result of the pool to a job that may be published: its outcome, another try,
 * the totals, and with a journal its way to the disk.
 *
 *	result -> outcome -> another try, or: totals -> journal -> (on the disk) -> publish_job()
 */
#ifndef FORKPOOL_TOOL_COMPLETION_H
#define FORKPOOL_TOOL_COMPLETION_H

#include "forkpool.h"
#include "tool/run/run_state.h"
#include "tool/task/job.h"

/* A result of the pool.  may_retry: a job that has failed may be tried again, if it has tries
   left. */
void completion_result(const struct run *, const struct forkpool_result *, int may_retry);
/* A result that says that no process could be had for the job: that was no try of it, and the job
   is again what it was before. */
struct job  *completion_take_back(const struct run *, const struct forkpool_result *);
/* A job that was to begin and will not: it ends as skipped, or if it was to be tried again, as it
   had failed. */
void         completion_not_begun(const struct run *, struct job *);
/* To be called with a job that has its outcome and is not tried again, or never began.  Completion
   owns the job from here on. */
void completion_ended(const struct run *, struct job *);
/* Hand ends to the journal's file before more jobs begin: else a kill would leave the jobs of both
   in doubt. */
void completion_flush(const struct run *);
/* Publish the jobs that wait for the journal, if it is time; wait: all of them, now.  Once for each
   group of results. */
void completion_sync(const struct run *, int wait);
/* ms until that is due; -1: nothing waits. */
int  completion_timeout(const struct run *);
void completion_close(void);

#endif

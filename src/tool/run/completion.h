/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * finish - a job from its end to its place in the output: ending, tally, records, its turn, publishing.
 *
 *	result -> finish_result -> (on the disk) -> recorded -> its turn -> published -> freed
 *
 * Includes job, journal, publisher, records, status, tally.
 */
#ifndef FORKPOOL_TOOL_FINISH_H
#define FORKPOOL_TOOL_FINISH_H

#include "forkpool.h"
#include "tool/cli/options.h"
#include "tool/journal/journal.h"
#include "tool/task/job.h"
#include "tool/task/totals.h"

void completion_open(const struct options *, struct journal *);
void completion_close(void);
struct totals *completion_totals(void);

/* What a job wrote, as it comes (a channel_sink; owner is the job). */
void completion_output(void *owner, int is_err, const char *data, size_t len);
/* The result of its last try: the job is finish's from here on. */
void completion_result(struct job *, const struct forkpool_result *);
/* Of a try: what the ending would be, without recording anything. */
void completion_outcome(struct job *, const struct forkpool_result *);
/* A job that has its ending already: of an earlier run, or never begun. */
void completion_ended(struct job *);
/*
 * What the journal knows of a task.  0: it is to be run.  1: it is dealt with, and finish's.  -1: the run cannot go on;
 * it is gone as well.  only_compare: 0 says that it has no end yet, and this is to be called again.
 */
int  completion_check(struct task *, int only_compare);
/* What earlier runs have done and not let out, before anything of this one. */
void completion_replay(void);
/* That has gone out: what is left of jobs that the journal has lost is to go. */
void completion_caught_up(void);
/* That number has nothing to show: an earlier run had it. */
void completion_skip(uint64_t seq);
/* Let out what the journal held back, if it is time; wait: all of it, now.  Once for each group of results. */
void completion_sync(int wait);
/* ms until that is due; -1: nothing is held back. */
int  completion_timeout(void);
/* Jobs that have ended and are not out. */
uint64_t completion_waiting(void);
/* What jobs have written there so far (PUBLISH_OUT, PUBLISH_ERR), in bytes. */
uint64_t completion_written(int stream);

#endif

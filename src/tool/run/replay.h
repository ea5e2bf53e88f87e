/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay - with a journal, what earlier runs did comes first: their part of the input is compared
 * with the journal, task by task; then those of their results go out that are not out yet; only
 * then jobs begin.
 *
 * Tasks that earlier runs did not finish wait here until all are compared, since nothing happens if
 * the input turns out to be another one.
 */
#ifndef FORKPOOL_TOOL_REPLAY_H
#define FORKPOOL_TOOL_REPLAY_H

#include "tool/run/run_state.h"
#include "tool/task/job.h"

/*
 * Compare as much of the input as has come.  1: all is compared and replayed, and jobs may begin.
 * 0: not yet; *input_waits: more of the input is to come.  0 also where the run cannot go on, which
 * is then broken (run_totals).
 */
int  replay_input(const struct run *, int *input_waits);
/* Whether replay_input() has returned 1. */
int  replay_is_over(void);

/* Whether there are tasks that were compared and are to begin. */
int  replay_has_tasks(void);
/* The first of these, as a job, or NULL.  With --pipe it has the channel with its block of the
   input. */
struct job *replay_next_job(void);

/* Asks the journal about a job that is to begin.  0: it begins.  1: it does not, and is not the
   caller's any more: earlier runs ended it, or began it as often as they might, or the journal has
   another job under its number, and then the run is broken. */
int  replay_ended(const struct run *, struct job *);
/* The input has ended: if earlier runs had more of it, say so, and the run is broken. */
void replay_input_ended(const struct run *);
/* All results of earlier runs have gone out: cut off what the output has behind them, of entries
   that the journal lost. */
void replay_caught_up(void);
/* Where no job was left to begin: says how many are done, and what can be done about those that
   failed. */
void replay_say_all_done(const struct run *);

#endif

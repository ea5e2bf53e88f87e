/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal - what has begun, what is done and what has been published, so that a run that was killed can go on.
 *
 * Why each result comes out once, whenever a run is killed:
 *  - a job that begins is noted by its worker in a page of the file, before anything of it runs (begun.h);
 *  - its end, with all that is needed to record and publish it, is an entry of the file, and on the disk before
 *    anything of it goes out.  Entries have numbers, 0, 1, ... in the order of journal_done();
 *  - what goes out, goes out in that order, or with -k in that of the input; so for each place that it goes to, one
 *    number and one offset say what is out, and are noted there with a few stores (outlet.h, mark.h);
 *  - the next run first looks at each task of the input that earlier ones had: done, in flight when the run was killed
 *    (and not to be run again unless tries are left), to be run, or another, and then it is refused.  Only then it lets
 *    out what is done and not out, and runs what is to run.
 * A kill loses nothing that was handed to the system, so only a crash of the system needs the disk: entries are synced
 * in groups, before they go out.  After such a crash jobs that had begun in the last moments may be run again.
 *
 * Includes begun, ending, journal_entry, journal_file, options, outlet, store, task.
 */
#ifndef FORKPOOL_TOOL_JOURNAL_H
#define FORKPOOL_TOOL_JOURNAL_H

#include "tool/cli/options.h"
#include "tool/journal/sink.h"
#include "tool/task/outcome.h"
#include "tool/task/output_buffer.h"
#include "tool/task/task.h"

struct journal;

/* Where results go; each is attached before journal_replay(). */
enum journal_sink {
	JOURNAL_OUT = 0,     /* standard output and error: in the order of the input with -k */
	JOURNAL_ERR,
	JOURNAL_JOBLOG,      /* these always in the order of entries */
	JOURNAL_RESULTS_JSON,
	JOURNAL_RESULTS,     /* files of their own, written anew: no descriptor, it only counts */
};

enum journal_state {
	JOURNAL_TO_RUN = 0,  /* task->attempts: how often it has begun and been lost with its run */
	JOURNAL_DONE,        /* recorded and published by this run's replay or an earlier run: only its ending counts */
	JOURNAL_UNKNOWN,     /* it has begun as often as it may: hand its ending in by journal_done() */
	JOURNAL_CHANGED,     /* that number was another job (said): the run cannot go on */
};

/*
 * Before the pool is opened, since workers share the page.  NULL without --journal.  Ends the tool with a sentence
 * where another runner holds it, it is another command's, or is damaged.
 */
struct journal *journal_open(const struct options *);
/* It is of this run alone: files of ours are begun anew, else appended to. */
int  journal_is_new(const struct journal *);
/* fd -1: it only counts; shared: others write there as well. */
void journal_attach(struct journal *, enum journal_sink, struct sink *, int fd, int shared);
/* The number of a task that journal_done() took or journal_replay() gave, for outlet_wants(). */
uint64_t journal_number(const struct journal *, enum journal_sink, const struct task *);
/* With -k: the first in the order of the input that has not been published by earlier runs. */
uint64_t journal_first_seq(const struct journal *);
/*
 * The next that is done and not out everywhere: to be recorded and published now, before anything else.  The task is
 * new, the pockets are empty before, the ending's texts are valid until the next call.  1; 0: no more; -1: it could
 * not be read back (said).
 */
int journal_replay(struct journal *, struct task **, struct outcome *, struct output_buffer *out,
    struct output_buffer *err);

/* What it knows of that task: fills in the ending where it is DONE (verdict, exit status, signal) or UNKNOWN. */
enum journal_state journal_check(struct journal *, struct task *, struct outcome *);
/* Earlier runs came as far in the input as that task.  0: there was none, or there is no journal. */
uint64_t journal_known(const struct journal *);
/* Say that the input has ended before that. */
void journal_input_ended(const struct journal *, uint64_t last_seq);

/* A job's end, not yet on the disk; 0, or -1 (said): it is not to go out. */
int journal_done(struct journal *, struct task *, const struct outcome *,
    const struct output_buffer *out, const struct output_buffer *err);
/* It was not begun, or was ended by us: a run to come has it again.  It is not to go out now. */
void journal_not_done(struct journal *, struct task *);
/* Hand what there is to the system, so that it survives a kill of ours; once for each group of ends. */
int  journal_flush(struct journal *);
/* And see it on the disk: then all that is done may go out.  -1 (said): nothing of it may. */
int  journal_sync(struct journal *);
/* ms until journal_sync() is due, 0: now; -1: nothing waits for it. */
int  journal_timeout(const struct journal *);

void journal_close(struct journal *); /* NULL is fine */

#endif

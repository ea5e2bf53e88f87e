/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal - what has begun, what is done and what is published, so that after a kill a later run
 * can go on.
 *
 * Each result comes out once, whenever a run is killed, because
 *  - the worker notes a job in a page of the file before anything of the job runs (inflight.h);
 *  - the job's end, with all that is needed to record and publish it, is an entry of the file, and
 *    is on the disk before anything of it goes out.  Entries have numbers, 0, 1, ... in the order
 *    of journal_done();
 *  - results go out in the order of the entries, or with -k in that of the input.  So for each sink
 *    one number and one offset say what is out, and a few stores note them there (sink.h,
 *    checkpoint.h);
 *  - the next run first looks at each task of the input that earlier runs came to.  Such a task is
 *    done; or was in flight when the run was killed, and runs again only if tries are left; or is
 *    still to be run; or is another task than before, and then the run is refused.  Only after that
 *    the run publishes what is done and not out, and then runs what is to run.
 * A kill of the tool loses nothing that was handed to the system, so only a crash of the system
 * needs the disk: entries are synced in groups, before they go out.  After such a crash jobs that
 * had begun in the last moments may run again.
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
	JOURNAL_OUT = 0,     /* standard output and error: with -k in the order of the input */
	JOURNAL_ERR,
	JOURNAL_JOBLOG,      /* this and the following: always in the order of the entries */
	JOURNAL_RESULTS_JSON,
	JOURNAL_RESULTS,     /* a tree has no descriptor: its sink only counts entries */
};

enum journal_state {
	JOURNAL_TO_RUN = 0,  /* task->attempts: how often it has begun and been lost with its run */
	JOURNAL_DONE,        /* recorded and published by journal_replay() or an earlier run */
	JOURNAL_UNKNOWN,     /* has begun as often as allowed: hand its outcome to journal_done() */
	JOURNAL_CHANGED,     /* that number was another job (said): the run cannot go on */
};

/*
 * Call it before the pool is opened, since the workers share the page.  NULL without --journal.
 * Ends the tool with a sentence where another runner holds the journal, or where the journal is
 * another command's or damaged.
 */
struct journal *journal_open(const struct options *);
/*
 * A descriptor that the workers must keep as long as they can begin jobs: so a later run waits for
 * the workers of a runner that was killed.  -1 without a journal.
 */
int journal_descriptor(const struct journal *);
/* No earlier run has begun a job: the files of records are emptied, else appended to. */
int  journal_is_new(const struct journal *);
/* fd -1: the sink only counts entries; shared: others write to the file as well. */
void journal_attach(struct journal *, enum journal_sink, struct sink *, int fd, int shared);
/* For sink_wants(): the number of a task from journal_done() or journal_replay(). */
uint64_t journal_number(const struct journal *, enum journal_sink, const struct task *);
/*
 * The place, 0, 1, ..., in the order of the input of the result of that job which is the entry of
 * that number, or where it has none UINT64_MAX.  A job that is run again has one for each result
 * (rounds.h).
 */
uint64_t journal_place(const struct journal *, uint64_t seq, uint64_t entry);
/* With -k: the first place that earlier runs have not published, or that something wants all the
   same. */
uint64_t journal_first_place(const struct journal *);
/* Something wants all that is done, whatever is out: journal_replay() begins with the first job. */
void journal_replay_all(struct journal *);
/*
 * The next job that is done and not out everywhere: record and publish it now, before anything
 * else.  The task is new, both buffers must be empty before, the outcome's texts are valid until
 * the next call.  1; 0: there is none left; -1: it could not be read back (said).
 */
int journal_replay(struct journal *, struct task **, struct outcome *, struct output_buffer *out,
    struct output_buffer *err);

/*
 * What the journal knows of that task.  Fills in the outcome of a task that is DONE (verdict, exit
 * status and signal alone) or UNKNOWN.
 */
enum journal_state journal_check(struct journal *, struct task *, struct outcome *);
/* The last seq that earlier runs came to.  0: there is none, or no journal. */
uint64_t journal_known(const struct journal *);
/*
 * The input is the same as far as the journal knows, and jobs may begin: notes that those that have
 * failed are run again, if the options say so.  -1 (said): none may.
 */
int journal_begin(struct journal *);
/* Says that the input has ended before that seq. */
void journal_input_ended(const struct journal *, uint64_t last_seq);

/*
 * Adds a job's end, which is not on the disk yet.  0; -1 (said): it could not be added, and must
 * not go out.
 */
int journal_done(struct journal *, struct task *, const struct outcome *,
    const struct output_buffer *out, const struct output_buffer *err);
/* The job was not begun, or this run ended it: it must not go out, and a later run has it again. */
void journal_not_done(struct journal *, struct task *);
/*
 * Hands all ends to the system, so that they survive a kill of the tool; called once for each
 * group of ends.
 */
int  journal_flush(struct journal *);
/* Waits until all ends are on the disk and may go out.  -1 (said): none of them may. */
int  journal_sync(struct journal *);
/* ms until journal_sync() is due, 0: now; -1: no end waits for it. */
int  journal_timeout(const struct journal *);

void journal_close(struct journal *); /* NULL is fine */

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * records - what is recorded of each job when it has ended: --joblog, --results, --results-json,
 * --junit, --json.
 *
 * One call for each job; a recorder that was not asked for costs a comparison.
 */
#ifndef FORKPOOL_TOOL_RECORDS_H
#define FORKPOOL_TOOL_RECORDS_H

#include "tool/cli/options.h"
#include "tool/journal/journal.h"
#include "tool/records/joblog.h"
#include "tool/records/record.h"

/*
 * Opens the files that the options name.  A file that cannot be opened ends the tool, before any
 * job has run.  With a journal (else NULL) that an earlier run has begun, records are added to
 * that run's.
 */
void records_open(const struct options *, struct journal *);
/*
 * Ends the tool where a file that this run or a later one reads back, and believes, lies where jobs
 * can write.  Call it before any of the files is opened.
 */
void records_check(const struct options *);
/*
 * The records of a job that has ended; with a journal the joblog's line as well.  -1: one could not
 * be written (said); the run must end with status 1, and the job gets no line of the joblog.
 */
int  records_add(const struct job_record *);
/* The task has failed so, and been tried again. */
void records_again(struct task *, const struct job_record *);
/* The same job as records_add() had, when its output goes out: with -k in the order of the input.
   Its output is whole still.  Only the last result of a job. */
void records_add_in_turn(const struct job_record *);
/*
 * Without a journal: adds the joblog's line of the job, which is to be written when the job's
 * output is out and not sooner: --resume believes it.  Adds nothing where the job has none.
 */
void records_row(const struct job_record *, struct bytes *);
/*
 * Where that job's output is kept, for the line that explains a failure; valid until the next
 * call.  NULL: nowhere.
 */
const char *records_place(const struct job_record *);
/*
 * --json: adds the object and its newline, for standard output.  -1: there is no room for it
 * (said), and nothing was added.
 */
int  records_json(const struct job_record *, struct output_buffer *);
/* stopped: why the run ended before all jobs had run; NULL: it did not. */
int  records_close(const char *stopped);
/* Whether a record has standard output and standard error each for itself. */
int  records_keep_apart(const struct options *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * records - what is noted of each job when it has ended: joblog, --results, --results-json, --json.
 *
 * One call a job; a recorder that was not asked for costs a comparison.
 * Includes joblog, journal, options, record, results_dir, results_json, results_table.
 */
#ifndef FORKPOOL_TOOL_RECORDS_H
#define FORKPOOL_TOOL_RECORDS_H

#include "tool/cli/options.h"
#include "tool/journal/journal.h"
#include "tool/records/joblog.h"
#include "tool/records/record.h"

/*
 * Opens what the options name; what cannot be opened ends the tool (before any job has run).  With a journal (else NULL) that an
 * earlier run has begun, it goes on there.
 */
void records_open(const struct options *, struct journal *);
/* -1: one could not be written (it has been said); the run is to end with status 1. */
int  records_add(const struct job_record *);
/* Where that job's output is kept, for the line that explains a failure, until the next call; NULL: nowhere. */
const char *records_place(const struct job_record *);
/* --json: the object and its newline, to go to standard output; -1: there is no room for it (said), nothing was added. */
int  records_json(const struct job_record *, struct output_buffer *);
int  records_close(void);

#endif

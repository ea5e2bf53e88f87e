/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record_name - what a run and its jobs are called where a person looks for them: in test reports
 * and on the page of --report.
 */
#ifndef FORKPOOL_TOOL_RECORD_NAME_H
#define FORKPOOL_TOOL_RECORD_NAME_H

#include "tool/cli/options.h"
#include "tool/records/record.h"

/* Adds the command line that all jobs are made of, or the plug-in with its functions. */
void   record_run_name(const struct options *, struct bytes *);
/*
 * Writes the job's items with blanks between them, or the command if it has none or all are empty,
 * on one line, as escape_text() does.  Returns the length.
 */
size_t record_job_name(char *buffer, size_t size, const struct task *, const char *command,
    size_t len);
/* Whether record_job_name() takes the items. */
int    record_named_by_items(const struct task *);
/* Adds the name, without its directory, of the program or function that the job runs. */
void   record_program_name(const struct options *, const struct task *, struct bytes *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * results_dir - --results DIR or a template: files with each job's number, standard output and
 * standard error.
 */
#ifndef FORKPOOL_TOOL_RESULTS_DIR_H
#define FORKPOOL_TOOL_RESULTS_DIR_H

#include "tool/cli/options.h"
#include "tool/records/results_path.h"

/* Makes DIR.  Ends the tool where it cannot be made. */
void results_dir_open(const struct options *);
/* 0; -1: the files could not be written (said once). */
int  results_dir_add(const struct job_record *);
/*
 * The file with the job's standard error or, if it wrote none, its output: for a message.  The
 * next call overwrites the text.
 */
const char *results_dir_place(const struct job_record *);
void results_dir_close(void);

#endif

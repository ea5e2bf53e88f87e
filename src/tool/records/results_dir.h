/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * results_dir - --results DIR or a template: files with each job's number, standard output and
 * standard error.
 */
#ifndef FORKPOOL_TOOL_RESULTS_DIR_H
#define FORKPOOL_TOOL_RESULTS_DIR_H

#include "tool/cli/options.h"
#include "tool/records/results_path.h"

/* Takes note of what --results names, and makes nothing: for results_dir_file() alone. */
void results_dir_name(const struct options *);
/* Makes DIR.  Ends the tool where it cannot be made. */
void results_dir_open(const struct options *);
/* 0; -1: the files could not be written (said once). */
int  results_dir_add(const struct job_record *);
/*
 * The file with the job's standard error or, if it wrote none, its output: for a message.  The
 * next call overwrites the text.
 */
const char *results_dir_place(const struct job_record *);
/* The file with the job's standard output or standard error, likewise. */
const char *results_dir_file(const struct job_record *, int is_err);
void results_dir_close(void);

#endif

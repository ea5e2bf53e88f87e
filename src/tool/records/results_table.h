/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * results_table - --results FILE.csv, FILE.tsv or FILE.json: a row for each job, with its output,
 * in GNU parallel's form; and FILE.tap, by results_tap.
 */
#ifndef FORKPOOL_TOOL_RESULTS_TABLE_H
#define FORKPOOL_TOOL_RESULTS_TABLE_H

#include "tool/records/record_writer.h"
#include "tool/records/results_path.h"

/* Ends the tool where the file cannot be opened. */
void results_table_open(const char *name, enum results_kind, enum record_open);
/* 0; -1: the row could not be written (said once). */
int  results_table_add(const struct job_record *, const char *command, size_t len);
/* stopped: why the run ended early; NULL: it did not. */
int  results_table_close(const char *stopped);
struct record_writer *results_table_file(void);

#endif

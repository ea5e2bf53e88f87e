/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * results_path - what --results names: a table in one file, files from a template, or a tree of
 * directories.
 *
 * The tree is GNU parallel's: DIR/1/first/2/second/{seq,stdout,stderr}; columns that have names
 * stand under their names, in the order of these, instead of under numbers.  Whatever an item is,
 * its name is that of one directory below the one before: `/` becomes `\_`, NUL `\0`, tab `\t`,
 * backslash `\\`, and (unlike GNU parallel) "." and ".." become `\.` and `\..`.
 */
#ifndef FORKPOOL_TOOL_RESULTS_PATH_H
#define FORKPOOL_TOOL_RESULTS_PATH_H

#include "tool/records/record.h"

enum results_kind { RESULTS_TREE, RESULTS_CSV, RESULTS_TSV, RESULTS_JSON, RESULTS_TAP };

/* A table if the name ends in .csv, .tsv, .json or .tap. */
enum results_kind results_kind(const char *name);
/*
 * Sets names to those of the job's directories below DIR, each followed by a NUL.  Returns how
 * many.  A name longer than name_max is cut, and a hash of all of it is put at its end.
 */
size_t results_names(const struct job_record *, size_t name_max, struct bytes *names);
/* Whether path has a ".." among its names. */
int    results_path_leaves(const char *path);

#endif

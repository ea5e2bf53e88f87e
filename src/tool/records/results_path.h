/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * results_path - what --results names: a table of one file, files from a template, or a tree of directories.
 *
 * The tree is GNU parallel's: DIR/1/first/2/second/{seq,stdout,stderr}, with the columns' names in place of numbers, and in
 * their order, where they have some.  Whatever an item is, each of its names is that of one directory below the one before:
 * `/` becomes `\_`, NUL `\0`, tab `\t`, backslash `\\`, and (unlike there) "." and ".." become `\.` and `\..`.
 * Includes checksum, record.
 */
#ifndef FORKPOOL_TOOL_RESULTS_PATH_H
#define FORKPOOL_TOOL_RESULTS_PATH_H

#include "tool/records/record.h"

enum results_kind { RESULTS_TREE, RESULTS_CSV, RESULTS_TSV, RESULTS_JSON };

/* A table by the end of its name: .csv, .tsv, .json. */
enum results_kind results_kind(const char *name);
/*
 * The job's directories below DIR, each name followed by a NUL; how many.  One that is longer than name_max is cut and
 * gets a hash of the whole at its end.
 */
size_t results_names(const struct job_record *, size_t name_max, struct bytes *names);
/* Whether path has a ".." among its names. */
int    results_path_leaves(const char *path);

#endif

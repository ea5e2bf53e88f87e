/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rows - combines the sources of items (words behind :::, files, standard input) into rows, as GNU
 * parallel does.
 *
 * Rows are read as they are needed and without ever blocking: while the next item has not come yet
 * rows_fd() is the descriptor to poll.  Only items that are needed again stay in memory: those of
 * all sources but the first, where there are several.
 */
#ifndef FORKPOOL_TOOL_ROWS_H
#define FORKPOOL_TOOL_ROWS_H

#include "tool/cli/options.h"
#include "tool/items/input_error.h"
#include "tool/items/record_reader.h"
#include "tool/task/task.h"

struct row {
	const struct item *items; /* one a source, or one a column; valid until the next call */
	size_t   count;
	uint64_t number;          /* 1, 2, ... */
	int      ends_line;       /* for -L: the last row of a line (xargs: several a line) */
	uint64_t taken;           /* rows_taken() when it was complete */
};

struct rows;
struct rows *rows_open(const struct options *);
void         rows_close(struct rows *);
enum next    rows_next(struct rows *, struct row *);
int          rows_fd(const struct rows *); /* to poll for input after NEXT_WAIT */
/* Bytes taken of standard input so far; 0 where it is no source. */
uint64_t     rows_taken(const struct rows *);
/* Leaves standard input behind so many bytes, see record_reader_put_back(). */
void         rows_put_back(const struct rows *, uint64_t taken);
/* --header: the names of the columns; count 0 without it.  Valid after the first rows_next(). */
const struct row *rows_header(const struct rows *);
/* How many rows there will be in all; 0: not known yet. */
uint64_t     rows_total(const struct rows *);
/* The first error in the input and its exit status, as input_error_first(). */
const char  *rows_error(const struct rows *, int *status);
/* For errors that are found in a row later. */
struct input_error *rows_input_error(struct rows *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sources - rows of items: from the words behind :::, from files, from standard input; combined as GNU parallel does.
 *
 * Read lazily and never waiting: where the next item has not come yet the caller is told which descriptor to poll.  Only what
 * has to be gone through again is kept in memory: all sources but the first, where there are several.
 * Includes options, task (for struct item), reader (for enum next), blame.
 */
#ifndef FORKPOOL_TOOL_SOURCES_H
#define FORKPOOL_TOOL_SOURCES_H

#include "tool/cli/options.h"
#include "tool/items/input_error.h"
#include "tool/items/record_reader.h"
#include "tool/task/task.h"

struct row {
	const struct item *items; /* one a source, or one a column; valid until the next call */
	size_t   count;
	uint64_t number;          /* 1, 2, ... */
	int      ends_line;       /* for -L: it is the last of its line (xargs' quoting: several items a line) */
};

struct rows;
struct rows *rows_open(const struct options *);
void            rows_close(struct rows *);
enum next       rows_next(struct rows *, struct row *);
int             rows_fd(const struct rows *);   /* to poll for input after NEXT_WAIT */
/* --header: the columns' names; count 0 without it.  Valid after the first sources_next(). */
const struct row *rows_header(const struct rows *);
/* How many rows there will be in all: 0 as long as that is not known. */
uint64_t        rows_total(const struct rows *);
/* The first sentence said of an item that was wrong, and the status that it makes; NULL where all is well. */
const char     *rows_error(const struct rows *, int *status);
/* To say so of one that turns out to be wrong later. */
struct input_error   *rows_input_error(struct rows *);

#endif

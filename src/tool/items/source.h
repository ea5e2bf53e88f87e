/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source - one source of items: the words behind :::, a file or standard input.
 */
#ifndef FORKPOOL_TOOL_SOURCE_H
#define FORKPOOL_TOOL_SOURCE_H

#include "tool/cli/options.h"
#include "tool/items/input_error.h"
#include "tool/items/record_reader.h"

/* The longest item of a command: Linux accepts arguments of 128 KiB with their NUL. */
#define ITEM_MOST        (128 * 1024 - 1)
#define PLUGIN_ITEM_MOST (64 * 1024 * 1024)

struct source {
	const struct source_option *option;
	const struct options *options;
	struct input_error    *input_error;
	size_t   word;       /* index of the next one in option->words */
	struct record_reader  *reader;   /* NULL: words */
	struct xargs_splitter *splitter; /* NULL: the reader's records are the items */
	int      ended;
	int      ends_line;  /* the item was the last of its line */
	int      advanced;   /* for rows.c: this source has its item of the next row already */
	int      recycled;   /* for rows.c: it has begun anew (--link) */
	uint64_t number;     /* items read */
	int      warned;     /* of NUL bytes */
	struct bytes joined; /* an item unlike the input: lines joined (-L), NULs replaced */
	struct item  item;   /* the current item of a source that is not kept */
	int      kept;       /* its items are needed again: all so far are in store */
	struct bytes store;
	size_t  *ends;       /* where each item in store ends */
	size_t   count, room;
	size_t   at;         /* index of the current item in store, + 1 */
};

struct source *
source_open(const struct source_option *, const struct options *, struct input_error *);
void        source_close(struct source *);
/* Keep all items for source_rewind(); before the first item. */
void        source_keep(struct source *);
/* How many items it can have at most; UINT64_MAX: not known. */
uint64_t    source_most(const struct source *);
/* The next item of the input, valid until the next call. */
enum next   source_read(struct source *, struct item *);
/* Makes the next item the current one: the next in store, or else one that is read. */
enum next   source_advance(struct source *);
/* Makes an empty item the current one, and the last one. */
void        source_put_empty(struct source *);
/* Makes the first item the current one; only of a source that is kept. */
void        source_rewind(struct source *);
struct item source_current(const struct source *);
int         source_fd(const struct source *);
/* Of a source that is no words: record_reader_taken(), record_reader_put_back(). */
uint64_t    source_taken(const struct source *);
void        source_put_back(const struct source *, uint64_t taken);

#endif

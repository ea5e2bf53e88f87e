/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source - one source of items: the words behind :::, a file or standard input.
 *
 * Includes blame, options, reader.
 */
#ifndef FORKPOOL_TOOL_SOURCE_H
#define FORKPOOL_TOOL_SOURCE_H

#include "tool/cli/options.h"
#include "tool/items/input_error.h"
#include "tool/items/record_reader.h"

/* The longest item of a command: Linux takes words of 128 KiB with their NUL. */
#define ITEM_MOST        (128 * 1024 - 1)
#define PLUGIN_ITEM_MOST (64 * 1024 * 1024)

struct source {
	const struct source_option *option;
	const struct options *options;
	struct input_error    *input_error;
	size_t           word;      /* the next of option->words */
	struct record_reader   *reader;    /* NULL: words */
	struct xargs_splitter *splitter;  /* NULL: the reader's records are the items */
	int      ended;
	int      ends_line;  /* the item was the last of its line */
	int      advanced;   /* sources' own: has gone on already in this step */
	uint64_t number;     /* items read */
	int      warned;     /* of NUL bytes */
	struct bytes joined; /* an item that is not as it was read: lines that go on (-L), NULs replaced */
	struct item  item;   /* the present one, where they are not kept */
	int      kept;       /* to be gone through again: all items so far stand in store, each to its end */
	struct bytes store;
	size_t  *ends;
	size_t   count, room;
	size_t   at;         /* the present one among them, + 1 */
};

struct source *
source_open(const struct source_option *, const struct options *, struct input_error *);
void        source_close(struct source *);
void        source_keep(struct source *);
/* How many items it can have at most; UINT64_MAX: not known. */
uint64_t    source_most(const struct source *);
/* The next item as it comes, valid until the next call. */
enum next   source_read(struct source *, struct item *);
/* Go on to the next item, from the store first; source_current() is it. */
enum next   source_advance(struct source *);
void        source_put_empty(struct source *); /* one empty item, and that was all */
void        source_rewind(struct source *);    /* to the first item; of one that is kept */
struct item source_current(const struct source *);
int         source_fd(const struct source *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "tool/taskgen/batcher.h"

#include <stdlib.h>
#include <string.h>

#include "tool/taskgen/command_limit.h"
#include "tool/taskgen/task_builder.h"

/* Rows whose command does not grow with them, as with {#} alone, are to fit in memory nevertheless. */
#define WAITING_MOST (64 * 1024 * 1024)

struct waiting {
	size_t items; /* how many */
	int    ends_line;
};

struct batcher {
	const struct options *options;
	struct rows    *sources;
	struct task_builder *maker;     /* NULL: the header has not come yet */
	struct command_limit limit;
	size_t   most_rows, most_lines; /* 0: no cap */
	uint64_t seq;
	int      ended;
	uint64_t last_number;         /* of the row that came last */

	/* Rows that wait to become jobs: their items one behind the other, each with a NUL. */
	struct bytes     text;
	struct item_list items;       /* data is set when they are needed: text may move */
	struct waiting  *rows;
	size_t   row_count, row_room;
	size_t   lines;               /* that end in them */
	size_t   in_size;             /* items that size has */
	struct template_size size;    /* of a command with all rows, but the last where that was too much */
	int      overflows;           /* the last row is for the next job */
	size_t   share;               /* the rest is spread, so many rows each; 0: not yet */
};

/* The header, if there is one, has been read. */
static void
open_maker(struct batcher *b)
{
	if (b->maker == NULL)
		b->maker = task_builder_open(b->options,
		    b->options->header ? rows_header(b->sources) : NULL);
}

struct batcher *
batcher_open(const struct options *options, struct rows *sources)
{
	struct batcher *b = calloc(1, sizeof *b);

	if (b == NULL)
		fail_memory();
	b->options = options;
	b->sources = sources;
	command_limit_init(&b->limit, options);
	b->most_rows = options->max_items;
	b->most_lines = options->max_lines;
	/* GNU parallel has no lines but items. */
	if (options->dialect != DIALECT_XARGS && b->most_lines > 0) {
		b->most_rows = b->most_lines;
		b->most_lines = 0;
	}
	if (options->packing == PACK_ONE && b->most_rows == 0)
		b->most_rows = 1;
	/* What is wrong with a template is said without waiting for input. */
	if (!options->header)
		open_maker(b);
	return b;
}

void
batcher_close(struct batcher *b)
{
	if (b == NULL)
		return;
	task_builder_close(b->maker);
	bytes_free(&b->text);
	item_list_free(&b->items);
	free(b->rows);
	free(b);
}

static void
measure(struct batcher *b, const struct row *row, struct template_size *size)
{
	for (size_t i = 0; i < row->count; i++)
		task_builder_measure(b->maker, &row->items[i], b->in_size + i, b->seq + 1, size);
}

static void
begin(struct batcher *b)
{
	b->size = (struct template_size){ 0 };
	b->in_size = 0;
	task_builder_measure(b->maker, NULL, 0, b->seq + 1, &b->size);
}

static int
allows(const struct batcher *b, const struct template_size *size)
{
	return b->options->plugin_file != NULL || command_limit_allows(&b->limit, size);
}

/* No command can have this row. */
static void
refuse(struct batcher *b, const struct row *row, const struct template_size *size)
{
	input_error_report(rows_input_error(b->sources), row->number,
	    row->count > 0 ? row->items[0] : (struct item){ "", 0 },
	    "makes a command of %zu bytes; at most %zu%s", size->bytes, b->limit.bytes,
	    size->longest > b->limit.word ? ", and 131072 in one argument, are possible" :
					    " are possible");
	if (b->options->exit_if_too_long)
		rows_input_error(b->sources)->stop = 1;
}

static void
keep(struct batcher *b, const struct row *row)
{
	if (b->row_count == b->row_room) {
		size_t room = b->row_room == 0 ? 64 : b->row_room * 2;
		struct waiting *rows = reallocarray(b->rows, room, sizeof *rows);
		if (rows == NULL)
			fail_memory();
		b->rows = rows;
		b->row_room = room;
	}
	b->rows[b->row_count++] = (struct waiting){ row->count, row->ends_line };
	for (size_t i = 0; i < row->count; i++) {
		item_list_add(&b->items, (struct item){ NULL, row->items[i].len });
		bytes_add(&b->text, row->items[i].data, row->items[i].len);
		bytes_add_byte(&b->text, '\0');
	}
}

/* All waiting items have their addresses; how many of them the first rows have. */
static size_t
locate(struct batcher *b, size_t rows)
{
	const char *at = b->text.at;
	size_t count = 0;

	for (size_t i = 0; i < b->items.count; i++) {
		b->items.at[i].data = at;
		at += b->items.at[i].len + 1;
	}
	for (size_t i = 0; i < rows; i++)
		count += b->rows[i].items;
	return count;
}

/* A job of the first rows; those behind them move up. */
static struct task *
take(struct batcher *b, size_t rows)
{
	size_t count = locate(b, rows);
	struct task *task = task_builder_build(b->maker, b->items.at, count, ++b->seq);
	task->columns = rows > 0 ? b->rows[0].items : 0;
	size_t bytes =
	    count < b->items.count ? (size_t)(b->items.at[count].data - b->text.at) : b->text.len;

	if (bytes > 0)
		memmove(b->text.at, b->text.at + bytes, b->text.len - bytes);
	b->text.len -= bytes;
	if (count > 0)
		memmove(b->items.at, b->items.at + count,
		    (b->items.count - count) * sizeof *b->items.at);
	b->items.count -= count;
	if (rows > 0)
		memmove(b->rows, b->rows + rows, (b->row_count - rows) * sizeof *b->rows);
	b->row_count -= rows;
	return task;
}

/* What waits is measured anew: the rows before it are gone. */
static void
begin_with_rest(struct batcher *b)
{
	size_t count = locate(b, b->row_count);
	struct row row = { .items = b->items.at, .count = count };

	begin(b);
	b->lines = 0;
	measure(b, &row, &b->size);
	b->in_size = count;
	for (size_t i = 0; i < b->row_count; i++)
		b->lines += (size_t)b->rows[i].ends_line;
}

/* GNU parallel's -m and -X share what comes last among the workers: so a job is not complete before the row behind it is seen. */
static int
is_spread(const struct batcher *b)
{
	return (b->options->packing == PACK_FULL || b->options->packing == PACK_CONTEXT) &&
	    b->options->dialect != DIALECT_XARGS && b->options->workers > 0;
}

static int
is_full(const struct batcher *b)
{
	return (b->most_rows > 0 && b->row_count >= b->most_rows) ||
	    (b->most_lines > 0 && b->lines >= b->most_lines) || b->text.len >= WAITING_MOST;
}

static void
forget(struct batcher *b)
{
	b->row_count = b->items.count = 0;
	bytes_clear(&b->text);
}

/* Where xargs is to stop at what does not fit (-x), what waits before it does not run either. */
static int
stops_at(const struct batcher *b, const struct row *row)
{
	struct template_size size = { 0 };

	if (!b->options->exit_if_too_long)
		return 0;
	if (b->most_rows > 0 || b->most_lines > 0)
		return 1;
	task_builder_measure(b->maker, NULL, 0, b->seq + 1, &size);
	for (size_t i = 0; i < row->count; i++)
		task_builder_measure(b->maker, &row->items[i], i, b->seq + 1, &size);
	return !allows(b, &size);
}

/* The row joins those that wait, or makes them complete. */
static void
add(struct batcher *b, const struct row *row)
{
	struct template_size size;

	if (b->row_count == 0)
		begin_with_rest(b);
	size = b->size;
	measure(b, row, &size);
	if (b->row_count > 0 && is_full(b)) {
		b->overflows = 1;
	} else if (!allows(b, &size)) {
		if (b->row_count == 0 || stops_at(b, row)) {
			refuse(b, row, &size);
			if (b->row_count > 0)
				forget(b);
			return;
		}
		b->overflows = 1;
	} else {
		b->size = size;
		b->in_size += row->count;
		b->lines += (size_t)row->ends_line;
	}
	keep(b, row);
}

/* All rows but the last one, which is too much: it begins the next job, if it fits alone. */
static struct task *
take_before_last(struct batcher *b)
{
	struct task *task = take(b, b->row_count - 1);

	b->overflows = 0;
	begin_with_rest(b);
	if (!allows(b, &b->size)) {
		struct row row = { .items = b->items.at,
			.count = b->items.count,
			.number = b->last_number };
		refuse(b, &row, &b->size);
		forget(b);
	}
	return task;
}

static enum next
rest(struct batcher *b, struct task **task)
{
	/* xargs runs its command once where there is no input. */
	int once = b->seq == 0 && b->row_count == 0 && b->options->dialect == DIALECT_XARGS &&
	    !b->options->no_run_if_empty && !b->options->replace_given &&
	    !rows_input_error(b->sources)->stop;

	/* Where it was to stop at an item that does not fit, it stops at other faults, too, with what it has. */
	if (b->options->dialect == DIALECT_XARGS && b->options->exit_if_too_long &&
	    rows_input_error(b->sources)->stop)
		forget(b);
	if (b->row_count == 0 && !once)
		return NEXT_END;
	if (b->share == 0)
		b->share = is_spread(b) ?
		    (b->row_count + b->options->workers - 1) / b->options->workers :
		    b->row_count;
	*task = take(b, b->share < b->row_count ? b->share : b->row_count);
	return NEXT_GOT;
}

enum next
batcher_next(struct batcher *b, struct task **task)
{
	struct row row;

	for (;;) {
		if (b->overflows) {
			*task = take_before_last(b);
			return NEXT_GOT;
		}
		if (b->row_count > 0 && !is_spread(b) && is_full(b)) {
			*task = take(b, b->row_count);
			return NEXT_GOT;
		}
		if (b->ended)
			return rest(b, task);
		enum next next = rows_next(b->sources, &row);
		if (next == NEXT_WAIT)
			return NEXT_WAIT;
		open_maker(b);
		if (next == NEXT_END) {
			b->ended = 1;
			continue;
		}
		b->last_number = row.number;
		if (b->most_rows != 1 || is_spread(b)) {
			add(b, &row);
			continue;
		}
		/* One each: it need not wait anywhere. */
		begin(b);
		measure(b, &row, &b->size);
		if (!allows(b, &b->size)) {
			refuse(b, &row, &b->size);
			continue;
		}
		*task = task_builder_build(b->maker, row.items, row.count, ++b->seq);
		(*task)->columns = row.count;
		return NEXT_GOT;
	}
}

int
batcher_fd(const struct batcher *b)
{
	return rows_fd(b->sources);
}

uint64_t
batcher_total(const struct batcher *b)
{
	uint64_t rows;

	if (b->ended)
		return b->share > 0   ? b->seq + (b->row_count + b->share - 1) / b->share :
		    b->row_count == 0 ? b->seq :
					0;
	if (b->options->packing != PACK_ONE || b->most_rows == 0)
		return 0;
	rows = rows_total(b->sources);
	return (rows + b->most_rows - 1) / b->most_rows;
}

const char *
batcher_error(const struct batcher *b, int *status)
{
	return rows_error(b->sources, status);
}

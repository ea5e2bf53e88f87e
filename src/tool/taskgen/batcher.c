/* SPDX-License-Identifier: BSD-2-Clause */
/* Collecting rows until a command line is full. */
#include "config.h"
#include "tool/taskgen/batcher.h"

#include <stdlib.h>
#include <string.h>

#include "tool/base/array.h"
#include "tool/base/message.h"
#include "tool/items/item_store.h"
#include "tool/taskgen/command_limit.h"
#include "tool/taskgen/task_builder.h"

/* Limits rows in memory where the command does not grow with them, as with {#} alone. */
#define WAITING_MOST (64 * 1024 * 1024)

struct waiting {
	size_t   items; /* how many it has */
	int      ends_line;
	uint64_t taken;
};

struct batcher {
	const struct options *options;
	struct rows *input;
	struct task_builder *builder;   /* NULL: the header was not read yet */
	struct command_limit limit;
	size_t   most_rows, most_lines; /* 0: no cap */
	uint64_t seq;
	int      ended;
	uint64_t last_number;         /* number of the row that was read last */

	/* Rows that wait to become jobs. */
	struct item_store items;      /* of all of them */
	struct waiting   *rows;
	size_t   row_count, row_room;
	size_t   lines;               /* how many lines end in them */
	int      overflows;           /* the last row does not fit: it is for the next job */
	struct template_size size;    /* of a command with all rows but the one that overflows */
	size_t   in_size;             /* how many items size counts */
	size_t   share;               /* rows of each last job, where they are spread; 0: not yet */
};

/* Call it when the header, if there is one, has been read. */
static void
open_builder(struct batcher *b)
{
	if (b->builder == NULL)
		b->builder = task_builder_open(b->options,
		    b->options->header ? rows_header(b->input) : NULL);
}

/* Adds the row to size, a size that counts so many items. */
static void
measure(const struct batcher *b, const struct row *row, size_t before, struct template_size *size)
{
	for (size_t i = 0; i < row->count; i++)
		task_builder_measure(b->builder, &row->items[i], before + i, b->seq + 1, size);
}

static struct template_size
size_without_items(const struct batcher *b)
{
	struct template_size size = { 0 };

	task_builder_measure(b->builder, NULL, 0, b->seq + 1, &size);
	return size;
}

static int
allows(const struct batcher *b, const struct template_size *size)
{
	return b->options->plugin_file != NULL || command_limit_allows(&b->limit, size);
}

/* Without -I, xargs' command has a length before any item has come. */
static void
check_command(const struct batcher *b)
{
	const struct template_size size = size_without_items(b);

	if (!allows(b, &size))
		fail("the command alone has %zu bytes; at most %zu are possible", size.bytes,
		    b->limit.bytes);
}

struct batcher *
batcher_open(const struct options *options, struct rows *sources)
{
	struct batcher *b = calloc(1, sizeof *b);

	if (b == NULL)
		fail_memory();
	b->options = options;
	b->input = sources;
	command_limit_init(&b->limit, options);
	b->most_rows = options->max_items;
	b->most_lines = options->max_lines;
	/* Only xargs has several items a line: otherwise a line is a row. */
	if (options->dialect != DIALECT_XARGS && b->most_lines > 0) {
		b->most_rows = b->most_lines;
		b->most_lines = 0;
	}
	if (options->packing == PACK_ONE && b->most_rows == 0)
		b->most_rows = 1;
	/* Errors in a template are reported without waiting for input. */
	if (!options->header)
		open_builder(b);
	if (b->builder != NULL && options->dialect == DIALECT_XARGS && !options->replace_given)
		check_command(b);
	return b;
}

void
batcher_close(struct batcher *b)
{
	if (b == NULL)
		return;
	task_builder_close(b->builder);
	item_store_free(&b->items);
	free(b->rows);
	free(b);
}

/* Reports a row that fits in no command. */
static void
refuse(struct batcher *b, const struct row *row, const struct template_size *size)
{
	struct item first = row->count > 0 ? row->items[0] : (struct item){ "", 0 };
	int long_word = size->longest > b->limit.word;

	input_error_report(rows_input_error(b->input), row->number, first,
	    "makes a command of %zu bytes; at most %zu%s are possible", size->bytes,
	    b->limit.bytes, long_word ? ", and 131072 in one argument," : "");
	if (b->options->exit_if_too_long)
		rows_input_error(b->input)->stop = 1;
}

static void
keep(struct batcher *b, const struct row *row)
{
	b->rows = array_reserve(b->rows, b->row_count, &b->row_room, sizeof *b->rows);
	b->rows[b->row_count++] = (struct waiting){ row->count, row->ends_line, row->taken };
	for (size_t i = 0; i < row->count; i++)
		item_store_add(&b->items, row->items[i]);
}

/* Makes a job of the first rows and drops them. */
static struct task *
take(struct batcher *b, size_t rows)
{
	size_t count = 0;

	for (size_t i = 0; i < rows; i++)
		count += b->rows[i].items;
	struct task *task =
	    task_builder_build(b->builder, item_store_items(&b->items), count, ++b->seq);
	/* What GNU xargs has read ahead of a command's items, or without any, counts as read. */
	task->taken = b->options->dialect == DIALECT_XARGS ? rows_taken(b->input) :
							     b->rows[rows - 1].taken;
	if (rows == 0)
		return task;
	task->columns = b->rows[0].items;
	item_store_drop(&b->items, count);
	b->row_count -= rows;
	memmove(b->rows, b->rows + rows, b->row_count * sizeof *b->rows);
	return task;
}

/* All items that wait, as one row. */
static struct row
waiting_items(struct batcher *b)
{
	return (struct row){ .items = item_store_items(&b->items), .count = b->items.items.count };
}

/* Measures the rows that wait anew: the rows before them are gone. */
static void
measure_waiting(struct batcher *b)
{
	struct row row = waiting_items(b);

	b->size = size_without_items(b);
	measure(b, &row, 0, &b->size);
	b->in_size = row.count;
	b->lines = 0;
	for (size_t i = 0; i < b->row_count; i++)
		b->lines += (size_t)b->rows[i].ends_line;
}

/*
 * GNU parallel's -m and -X share the last rows among the workers: so a full job must wait until the
 * row behind it is seen.
 */
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
	    (b->most_lines > 0 && b->lines >= b->most_lines) || b->items.text.len >= WAITING_MOST;
}

static void
forget(struct batcher *b)
{
	item_store_drop(&b->items, b->items.items.count);
	b->row_count = 0;
}

/* -x: whether the rows that wait do not run either when this one does not fit. */
static int
stops_at(const struct batcher *b, const struct row *row)
{
	if (!b->options->exit_if_too_long)
		return 0;
	if (b->most_rows > 0 || b->most_lines > 0)
		return 1;
	struct template_size alone = size_without_items(b);
	measure(b, row, 0, &alone);
	return !allows(b, &alone);
}

/* The row joins those that wait, or overflows: then they are complete. */
static void
add(struct batcher *b, const struct row *row)
{
	struct template_size size;

	if (b->row_count == 0)
		measure_waiting(b);
	size = b->size;
	measure(b, row, b->in_size, &size);
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

/* Takes all rows but the last, which begins the next job if it fits alone. */
static struct task *
take_before_last(struct batcher *b)
{
	struct task *task = take(b, b->row_count - 1);

	b->overflows = 0;
	measure_waiting(b);
	if (!allows(b, &b->size)) {
		struct row row = waiting_items(b);
		row.number = b->last_number;
		refuse(b, &row, &b->size);
		forget(b);
	}
	return task;
}

/* The next job when the input has ended. */
static enum next
rest(struct batcher *b, struct task **task)
{
	/* xargs runs its command once without input. */
	int once = b->seq == 0 && b->row_count == 0 && b->options->dialect == DIALECT_XARGS &&
	    !b->options->no_run_if_empty && !b->options->replace_given &&
	    !rows_input_error(b->input)->stop;

	/* With -x xargs drops the rows that wait at other errors in the input too. */
	if (b->options->dialect == DIALECT_XARGS && b->options->exit_if_too_long &&
	    rows_input_error(b->input)->stop)
		forget(b);
	if (b->row_count == 0 && !once)
		return NEXT_END;
	if (b->share == 0) {
		unsigned jobs = is_spread(b) ? b->options->workers : 1;
		b->share = (b->row_count + jobs - 1) / jobs;
	}
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
		enum next next = rows_next(b->input, &row);
		if (next == NEXT_WAIT)
			return NEXT_WAIT;
		open_builder(b);
		if (next == NEXT_END) {
			b->ended = 1;
			continue;
		}
		b->last_number = row.number;
		if (b->most_rows != 1 || is_spread(b)) {
			add(b, &row);
			continue;
		}
		/* One row a job: it need not wait. */
		b->size = size_without_items(b);
		measure(b, &row, 0, &b->size);
		if (!allows(b, &b->size)) {
			refuse(b, &row, &b->size);
			continue;
		}
		*task = task_builder_build(b->builder, row.items, row.count, ++b->seq);
		(*task)->columns = row.count;
		(*task)->taken = row.taken;
		return NEXT_GOT;
	}
}

int
batcher_fd(const struct batcher *b)
{
	return rows_fd(b->input);
}

uint64_t
batcher_total(const struct batcher *b)
{
	uint64_t rows;

	if (b->ended && b->share > 0)
		return b->seq + (b->row_count + b->share - 1) / b->share;
	if (b->ended)
		return b->row_count == 0 ? b->seq : 0;
	if (b->options->packing != PACK_ONE || b->most_rows == 0)
		return 0;
	rows = rows_total(b->input);
	return (rows + b->most_rows - 1) / b->most_rows;
}

const char *
batcher_error(const struct batcher *b, int *status)
{
	return rows_error(b->input, status);
}

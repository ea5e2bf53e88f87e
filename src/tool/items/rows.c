/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows of items: reading the header, and counting through the combinations of all sources. */
#include "config.h"
#include "tool/items/rows.h"

#include <stdlib.h>
#include <unistd.h>

#include "tool/items/columns.h"
#include "tool/items/item_store.h"
#include "tool/items/source.h"

/* A source and the sources linked to it (:::+), which advance together. */
struct group {
	size_t first, end; /* indices in all */
};

struct rows {
	const struct options *options;
	struct source **all;
	size_t   count;
	struct source *standard_input; /* one of all; NULL: it is none of them */
	struct group *groups;
	size_t   group_count;
	enum { HEADER = 0, BEGIN, ROWS, OVER } phase;
	size_t   at;         /* ROWS: the group to advance next; before: the source to read next */
	int      any;        /* at least one source has an item */
	struct columns *columns;
	struct columns *header_columns;
	struct item_store header;
	struct item_list  items;  /* of the current row */
	uint64_t row_count;
	struct input_error input_error;
};

/* Whether that group starts again: if an earlier group can have several items, or by --link. */
static int
is_repeated(const struct rows *r, size_t group)
{
	if (r->options->link)
		return r->count > 1;
	for (size_t g = 0; g < group; g++) {
		int single = 0;
		for (size_t i = r->groups[g].first; i < r->groups[g].end; i++)
			single |= source_most(r->all[i]) <= 1;
		if (!single)
			return 1;
	}
	return 0;
}

struct rows *
rows_open(const struct options *options)
{
	static char minus[] = "-";
	static const struct source_option input = { .kind = SOURCE_FILE, .file = minus };
	struct rows *r = calloc(1, sizeof *r);

	if (r == NULL)
		fail_memory();
	r->options = options;
	r->count = options->source_count == 0 ? 1 : options->source_count;
	r->all = calloc(r->count, sizeof *r->all);
	r->groups = calloc(r->count, sizeof *r->groups);
	if (r->all == NULL || r->groups == NULL)
		fail_memory();
	r->input_error.dialect = options->dialect;
	for (size_t i = 0; i < r->count; i++) {
		const struct source_option *option =
		    options->source_count == 0 ? &input : &options->sources[i];
		r->all[i] = source_open(option, options, &r->input_error);
		if (source_fd(r->all[i]) == STDIN_FILENO)
			r->standard_input = r->all[i];
		if (i == 0 || (!option->linked && !options->link))
			r->groups[r->group_count++].first = i;
		r->groups[r->group_count - 1].end = i + 1;
	}
	for (size_t g = 0; g < r->group_count; g++) {
		if (!is_repeated(r, g))
			continue;
		for (size_t i = r->groups[g].first; i < r->groups[g].end; i++)
			source_keep(r->all[i]);
	}
	if (options->colsep != NULL)
		r->columns = columns_open(options->colsep);
	if (options->header)
		r->header_columns = columns_open(options->colsep != NULL ? options->colsep : "\t");
	return r;
}

void
rows_close(struct rows *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->count; i++)
		source_close(r->all[i]);
	columns_close(r->columns);
	columns_close(r->header_columns);
	item_store_free(&r->header);
	item_list_free(&r->items);
	input_error_free(&r->input_error);
	free(r->all);
	free(r->groups);
	free(r);
}

/* The first item of each source names its columns. */
static enum next
read_header(struct rows *r)
{
	for (; r->at < r->count; r->at++) {
		struct item line;
		enum next next = source_read(r->all[r->at], &line);
		if (next == NEXT_WAIT)
			return NEXT_WAIT;
		if (next == NEXT_END)
			line = (struct item){ "", 0 };
		struct item_list names = { 0 };
		columns_split(r->header_columns, line, &names);
		for (size_t i = 0; i < names.count; i++)
			item_store_add(&r->header, names.at[i]);
		item_list_free(&names);
	}
	(void)item_store_items(&r->header);
	return NEXT_GOT;
}

/* The first row: a source without items counts as one empty item, unless all are without. */
static enum next
begin(struct rows *r)
{
	for (; r->at < r->count; r->at++) {
		enum next next = source_advance(r->all[r->at]);
		if (next == NEXT_WAIT)
			return NEXT_WAIT;
		if (next == NEXT_END)
			source_put_empty(r->all[r->at]);
		r->any |= next == NEXT_GOT;
	}
	return r->any ? NEXT_GOT : NEXT_END;
}

/*
 * Advances all sources of a group; the group ends where the first of them does.  With --link it
 * ends where the last one does: those that have ended before begin anew.
 */
static enum next
group_advance(struct rows *r, const struct group *g)
{
	const int link = r->options->link;
	int ended = link;

	for (size_t i = g->first; i < g->end; i++) {
		struct source *s = r->all[i];
		if (s->advanced) /* before a NEXT_WAIT */
			continue;
		enum next next = source_advance(s);
		if (next == NEXT_WAIT)
			return NEXT_WAIT;
		if (next == NEXT_END && !link) {
			ended = 1;
			break;
		}
		if (next == NEXT_END) {
			s->recycled = 1;
			source_rewind(s);
		}
		s->advanced = 1;
	}
	for (size_t i = g->first; i < g->end; i++) {
		r->all[i]->advanced = 0;
		ended &= !link || r->all[i]->recycled;
	}
	return ended ? NEXT_END : NEXT_GOT;
}

/* The last group varies fastest.  While a group waits, all groups behind it are rewound. */
static enum next
advance(struct rows *r)
{
	for (;;) {
		const struct group *g = &r->groups[r->at];
		enum next next = group_advance(r, g);
		if (next == NEXT_WAIT || (next == NEXT_END && r->at == 0))
			return next;
		if (next == NEXT_GOT) {
			r->at = r->group_count - 1;
			return NEXT_GOT;
		}
		for (size_t i = g->first; i < g->end; i++)
			source_rewind(r->all[i]);
		r->at--;
	}
}

static void
put_row(struct rows *r, struct row *row)
{
	r->items.count = 0;
	for (size_t i = 0; i < r->count; i++) {
		struct item item = source_current(r->all[i]);
		if (r->columns != NULL)
			columns_split(r->columns, item, &r->items);
		else
			item_list_add(&r->items, item);
	}
	*row = (struct row){
		.items = r->items.at,
		.count = r->items.count,
		.number = ++r->row_count,
		.ends_line = r->all[0]->ends_line,
		.taken = rows_taken(r),
	};
}

enum next
rows_next(struct rows *r, struct row *row)
{
	enum next next = NEXT_END;

	if (r->input_error.stop)
		r->phase = OVER;
	if (r->phase == HEADER) {
		next = r->header_columns == NULL ? NEXT_GOT : read_header(r);
		if (next != NEXT_GOT)
			return next;
		r->phase = BEGIN;
		r->at = 0;
	}
	switch (r->phase) {
	case HEADER: /* has ended above */
	case BEGIN:
		next = begin(r);
		if (next == NEXT_GOT) {
			r->phase = ROWS;
			r->at = r->group_count - 1;
		}
		break;
	case ROWS:
		next = advance(r);
		break;
	case OVER:
		return NEXT_END;
	}
	if (next == NEXT_END || r->input_error.stop) {
		r->phase = OVER;
		return NEXT_END;
	}
	if (next == NEXT_GOT)
		put_row(r, row);
	return next;
}

int
rows_fd(const struct rows *r)
{
	if (r->phase != ROWS)
		return source_fd(r->all[r->at < r->count ? r->at : 0]);
	for (size_t i = r->groups[r->at].first; i < r->groups[r->at].end; i++) {
		if (!r->all[i]->advanced)
			return source_fd(r->all[i]);
	}
	return -1;
}

uint64_t
rows_taken(const struct rows *r)
{
	return r->standard_input != NULL ? source_taken(r->standard_input) : 0;
}

void
rows_put_back(const struct rows *r, uint64_t taken)
{
	if (r->standard_input != NULL)
		source_put_back(r->standard_input, taken);
}

const struct row *
rows_header(const struct rows *r)
{
	static struct row row;

	row = (struct row){ .items = r->header.items.at, .count = r->header.items.count };
	return &row;
}

uint64_t
rows_total(const struct rows *r)
{
	uint64_t total = 1;

	if (r->phase == OVER)
		return r->row_count;
	for (size_t g = 0; g < r->group_count; g++) {
		uint64_t rows = r->options->link ? 0 : UINT64_MAX;
		for (size_t i = r->groups[g].first; i < r->groups[g].end; i++) {
			uint64_t most = source_most(r->all[i]);
			/* Unknown, or empty: then begin() decides whether it counts as one item. */
			if (most == UINT64_MAX || most == 0)
				return 0;
			if (r->options->link ? most > rows : most < rows)
				rows = most;
		}
		if (total > UINT64_MAX / rows)
			return 0;
		total *= rows;
	}
	return total;
}

const char *
rows_error(const struct rows *r, int *status)
{
	return input_error_first(&r->input_error, status);
}

struct input_error *
rows_input_error(struct rows *r)
{
	return &r->input_error;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "tool/items/rows.h"

#include <stdlib.h>

#include "tool/items/columns.h"
#include "tool/items/source.h"

/* A source and those linked to it (:::+): they advance together. */
struct group {
	size_t first, end; /* among the sources */
};

struct rows {
	const struct options *options;
	struct source **all;
	size_t   count;
	struct group *groups;
	size_t   group_count;
	size_t   at;         /* the group that is to advance; before the first row: the source that is to begin */
	enum { HEADER = 0, BEGIN, ROWS, OVER } phase;
	int      any;        /* not all sources are empty */
	struct columns *columns;
	struct columns *header_columns;
	struct bytes     header_text;
	struct item_list header;
	struct item_list items;   /* of the row */
	uint64_t rows;
	struct input_error input_error;
};

/* Whether an earlier group can make that one be gone through again. */
static int
is_repeated(const struct rows *s, size_t group)
{
	for (size_t g = 0; g < group; g++) {
		int single = 0;
		for (size_t i = s->groups[g].first; i < s->groups[g].end; i++)
			single |= source_most(s->all[i]) <= 1;
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
	struct rows *s = calloc(1, sizeof *s);

	if (s == NULL)
		fail_memory();
	s->options = options;
	s->count = options->source_count == 0 ? 1 : options->source_count;
	s->all = calloc(s->count, sizeof *s->all);
	s->groups = calloc(s->count, sizeof *s->groups);
	if (s->all == NULL || s->groups == NULL)
		fail_memory();
	s->input_error.dialect = options->dialect;
	for (size_t i = 0; i < s->count; i++) {
		const struct source_option *option =
		    options->source_count == 0 ? &input : &options->sources[i];
		s->all[i] = source_open(option, options, &s->input_error);
		if (i == 0 || !option->linked)
			s->groups[s->group_count++].first = i;
		s->groups[s->group_count - 1].end = i + 1;
	}
	for (size_t g = 0; g < s->group_count; g++) {
		for (size_t i = s->groups[g].first; i < s->groups[g].end && is_repeated(s, g); i++)
			source_keep(s->all[i]);
	}
	if (options->colsep != NULL)
		s->columns = columns_open(options->colsep);
	if (options->header)
		s->header_columns = columns_open(options->colsep != NULL ? options->colsep : "\t");
	return s;
}

void
rows_close(struct rows *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->count; i++)
		source_close(s->all[i]);
	columns_close(s->columns);
	columns_close(s->header_columns);
	bytes_free(&s->header_text);
	item_list_free(&s->header);
	item_list_free(&s->items);
	input_error_free(&s->input_error);
	free(s->all);
	free(s->groups);
	free(s);
}

/* The first item of each source names its columns. */
static enum next
read_header(struct rows *s)
{
	for (; s->at < s->count; s->at++) {
		struct item line;
		enum next next = source_read(s->all[s->at], &line);
		if (next == NEXT_WAIT)
			return NEXT_WAIT;
		if (next == NEXT_END)
			line = (struct item){ "", 0 };
		struct item_list names = { 0 };
		columns_split(s->header_columns, line, &names);
		for (size_t i = 0; i < names.count; i++) {
			/* Only its length for now: the text may yet move. */
			item_list_add(&s->header, (struct item){ NULL, names.at[i].len });
			bytes_add(&s->header_text, names.at[i].data, names.at[i].len);
			bytes_add_byte(&s->header_text, '\0');
		}
		item_list_free(&names);
	}
	const char *text = s->header_text.at;
	for (size_t i = 0; i < s->header.count; i++) {
		s->header.at[i].data = text;
		text += s->header.at[i].len + 1;
	}
	return NEXT_GOT;
}

/* The first row: a source that has nothing counts as one empty item, unless none has anything. */
static enum next
begin(struct rows *s)
{
	for (; s->at < s->count; s->at++) {
		enum next next = source_advance(s->all[s->at]);
		if (next == NEXT_WAIT)
			return NEXT_WAIT;
		if (next == NEXT_END)
			source_put_empty(s->all[s->at]);
		s->any |= next == NEXT_GOT;
	}
	return s->any ? NEXT_GOT : NEXT_END;
}

/* All sources of a group go on by one; the group is at its end where one of them is. */
static enum next
group_advance(struct rows *s, const struct group *g)
{
	for (size_t i = g->first; i < g->end; i++) {
		if (s->all[i]->advanced)
			continue;
		enum next next = source_advance(s->all[i]);
		if (next == NEXT_WAIT)
			return NEXT_WAIT;
		if (next == NEXT_END) {
			for (i = g->first; i < g->end; i++)
				s->all[i]->advanced = 0;
			return NEXT_END;
		}
		s->all[i]->advanced = 1;
	}
	for (size_t i = g->first; i < g->end; i++)
		s->all[i]->advanced = 0;
	return NEXT_GOT;
}

/* The last group varies fastest.  Where one waits, those behind it have begun again already. */
static enum next
advance(struct rows *s)
{
	for (;;) {
		const struct group *g = &s->groups[s->at];
		enum next next = group_advance(s, g);
		if (next == NEXT_WAIT || (next == NEXT_END && s->at == 0))
			return next;
		if (next == NEXT_GOT) {
			s->at = s->group_count - 1;
			return NEXT_GOT;
		}
		for (size_t i = g->first; i < g->end; i++)
			source_rewind(s->all[i]);
		s->at--;
	}
}

static void
put_row(struct rows *s, struct row *row)
{
	s->items.count = 0;
	for (size_t i = 0; i < s->count; i++) {
		struct item item = source_current(s->all[i]);
		if (s->columns != NULL)
			columns_split(s->columns, item, &s->items);
		else
			item_list_add(&s->items, item);
	}
	*row = (struct row){ s->items.at, s->items.count, ++s->rows, s->all[0]->ends_line };
}

enum next
rows_next(struct rows *s, struct row *row)
{
	enum next next = NEXT_END;

	if (s->input_error.stop)
		s->phase = OVER;
	if (s->phase == HEADER) {
		next = s->header_columns == NULL ? NEXT_GOT : read_header(s);
		if (next != NEXT_GOT)
			return next;
		s->phase = BEGIN;
		s->at = 0;
	}
	switch (s->phase) {
	case HEADER: /* not any more */
	case BEGIN:
		next = begin(s);
		if (next == NEXT_GOT) {
			s->phase = ROWS;
			s->at = s->group_count - 1;
		}
		break;
	case ROWS:
		next = advance(s);
		break;
	case OVER:
		return NEXT_END;
	}
	if (next == NEXT_END || s->input_error.stop) {
		s->phase = OVER;
		return NEXT_END;
	}
	if (next == NEXT_GOT)
		put_row(s, row);
	return next;
}

int
rows_fd(const struct rows *s)
{
	if (s->phase != ROWS)
		return source_fd(s->all[s->at < s->count ? s->at : 0]);
	for (size_t i = s->groups[s->at].first; i < s->groups[s->at].end; i++) {
		if (!s->all[i]->advanced)
			return source_fd(s->all[i]);
	}
	return -1;
}

const struct row *
rows_header(const struct rows *s)
{
	static struct row row;

	row = (struct row){ .items = s->header.at, .count = s->header.count };
	return &row;
}

uint64_t
rows_total(const struct rows *s)
{
	uint64_t total = 1;

	if (s->phase == OVER)
		return s->rows;
	for (size_t g = 0; g < s->group_count; g++) {
		uint64_t least = UINT64_MAX;
		for (size_t i = s->groups[g].first; i < s->groups[g].end; i++) {
			uint64_t most = source_most(s->all[i]);
			if (most == UINT64_MAX || most == 0) /* not known; and the rule for empty ones is begin()'s */
				return 0;
			least = most < least ? most : least;
		}
		if (total > UINT64_MAX / least)
			return 0;
		total *= least;
	}
	return total;
}

const char *
rows_error(const struct rows *s, int *status)
{
	return input_error_first(&s->input_error, status);
}

struct input_error *
rows_input_error(struct rows *s)
{
	return &s->input_error;
}

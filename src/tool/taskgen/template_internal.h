/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * template_internal - what a template consists of, for template_*.c alone.
 *
 * A template is a row of parts: texts and placeholders.  The parts between two blanks are a group.
 * In the forms that are argv each group is a word, or one word for each item; in the forms that are
 * one text a group is followed by one byte of that text.
 */
#ifndef FORKPOOL_TOOL_TEMPLATE_INTERNAL_H
#define FORKPOOL_TOOL_TEMPLATE_INTERNAL_H

#include "tool/taskgen/placeholder.h"
#include "tool/taskgen/template.h"

struct part {
	enum placeholder place;
	struct item text;     /* PLACEHOLDER_NONE: the literal text */
	long        position; /* 1, 2, ..., or from the end -1, -2, ...; 0: all items */
};

struct group {
	size_t first, end; /* parts */
	char   behind;     /* the byte that follows it; NUL at the end of a word */
	int    has_place;  /* a part is a placeholder */
	int    has_all;    /* a part stands for all items */
	int    alone;      /* that part is the only one */
};

struct template {
	enum template_form form;
	int           context;  /* -X: repeat a group that has all items for each of them */
	int           nothing;  /* -n 0: items are left out */
	int           raw;      /* quote no item: TEMPLATE_PLAIN, or an item is the command */
	int           has_place;
	struct part  *parts;
	size_t        part_count, part_room;
	struct group *groups;
	size_t        group_count, group_room;
};

/*
 * The number of the column whose name text begins with, letters such as those of {name/} behind it;
 * 0: none.  *len is the length of the name.
 */
long template_column(const struct row *header, const char *text, int plus, size_t *len);

static inline int
template_is_argv(const struct template *t)
{
	return t->form <= TEMPLATE_ARGUMENTS;
}

static inline int
part_is_all(const struct part *part)
{
	return part->position == 0 && placeholder_takes_item(part->place);
}

#endif

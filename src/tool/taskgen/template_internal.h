/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * template_parts - what a template is made of, for template_parse.c and template_expand.c alone.
 *
 * Its parts are texts and places in a row.  Groups of them are what stands between blanks: in the forms that are argv each group
 * is a word, or becomes one for each item; in those that are one text each is followed by a byte of it.
 */
#ifndef FORKPOOL_TOOL_TEMPLATE_PARTS_H
#define FORKPOOL_TOOL_TEMPLATE_PARTS_H

#include "tool/taskgen/placeholder.h"
#include "tool/taskgen/template.h"

struct part {
	enum placeholder  place;
	struct item text;     /* PLACEHOLDER_NONE: of words */
	long        position; /* 1 .. or, from the end, -1 ..; 0: all items */
};

struct group {
	size_t first, end; /* parts */
	char   behind;     /* the byte that follows it; NUL at the end of a word */
	int    has_place;
	int    has_all;    /* one that stands for all items */
	int    alone;      /* it is nothing but that */
};

struct template {
	enum template_form form;
	int           context;  /* -X: groups with all items are repeated for each */
	int           nothing;  /* -n 0: no item goes in */
	int           raw;      /* QUOTED, and an item is the command itself: nothing is quoted */
	int           has_place;
	struct part  *parts;
	size_t        part_count, part_room;
	struct group *groups;
	size_t        group_count, group_room;
};

/* The column whose name, with letters as of {name/} behind it, text begins with: 1 .., or 0; *len is the name's length. */
long template_column(const struct row *header, const char *text, size_t *len);

static inline int
template_is_argv(const struct template *t)
{
	return t->form <= TEMPLATE_ARGUMENTS;
}

static inline int
part_is_all(const struct part *part)
{
	return part->position == 0 && part->place >= PLACEHOLDER_ITEM && part->place <= PLACEHOLDER_BASE_STEM;
}

#endif

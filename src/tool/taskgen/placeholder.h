/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * placeholder - {} {.} {/} {//} {/.} {#} {%} and those of --plus: their letters, and what part of
 * an item each stands for.
 */
#ifndef FORKPOOL_TOOL_PLACEHOLDER_H
#define FORKPOOL_TOOL_PLACEHOLDER_H

#include "tool/task/task.h"

enum placeholder {
	PLACEHOLDER_NONE = 0,     /* literal text */
	PLACEHOLDER_ITEM,         /* {} */
	PLACEHOLDER_STEM,         /* {.}   without its extension */
	PLACEHOLDER_BASE,         /* {/}   its last component */
	PLACEHOLDER_DIRECTORY,    /* {//} */
	PLACEHOLDER_BASE_STEM,    /* {/.} */
	/* --plus: {} is {+/}/{/}, {.}.{+.}, {..}.{+..} and {...}.{+...} */
	PLACEHOLDER_STEM_2,       /* {..}   without its two extensions */
	PLACEHOLDER_STEM_3,       /* {...} */
	PLACEHOLDER_BASE_STEM_2,  /* {/..} */
	PLACEHOLDER_BASE_STEM_3,  /* {/...} */
	PLACEHOLDER_PARENT,       /* {+/}   what is before its last component */
	PLACEHOLDER_EXTENSION,    /* {+.} */
	PLACEHOLDER_EXTENSIONS_2, /* {+..} */
	PLACEHOLDER_EXTENSIONS_3, /* {+...} */
	PLACEHOLDER_SEQ,          /* {#} */
	PLACEHOLDER_SLOT,         /* {%} */
};

/* Whether it stands for an item or a part of one. */
static inline int
placeholder_takes_item(enum placeholder placeholder)
{
	return placeholder >= PLACEHOLDER_ITEM && placeholder < PLACEHOLDER_SEQ;
}

/* What a placeholder that takes an item makes of it: a part of the item, or a static text. */
struct item placeholder_apply(enum placeholder, struct item);
/*
 * The placeholder whose letters text begins with, "}" included; *len is their number.  plus: those
 * of --plus as well.  PLACEHOLDER_NONE: text begins with no such letters.
 */
enum placeholder placeholder_parse(const char *text, int plus, size_t *len);

#endif

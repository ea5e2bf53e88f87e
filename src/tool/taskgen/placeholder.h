/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * place - what {.} {/} {//} {/.} make of an item.
 *
 * Includes task (for struct item).
 */
#ifndef FORKPOOL_TOOL_PLACE_H
#define FORKPOOL_TOOL_PLACE_H

#include "tool/task/task.h"

enum placeholder {
	PLACEHOLDER_NONE = 0,     /* text that stays */
	PLACEHOLDER_ITEM,         /* {} */
	PLACEHOLDER_STEM,         /* {.}   without its extension */
	PLACEHOLDER_BASE,         /* {/}   its last component */
	PLACEHOLDER_DIRECTORY,    /* {//} */
	PLACEHOLDER_BASE_STEM,    /* {/.} */
	PLACEHOLDER_SEQ,          /* {#} */
	PLACEHOLDER_SLOT,         /* {%} */
};

/* The part of item (or a static text) that goes into that place, of PLACEHOLDER_ITEM to PLACEHOLDER_BASE_STEM. */
struct item placeholder_apply(enum placeholder, struct item);
/* The place whose letters stand from text on up to a "}": its kind and, in *len, their number; PLACEHOLDER_NONE where it is none. */
enum placeholder  placeholder_parse(const char *text, size_t *len);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * place - what {.} {/} {//} {/.} make of an item.
 *
 * Includes task (for struct item).
 */
#ifndef FORKPOOL_TOOL_PLACE_H
#define FORKPOOL_TOOL_PLACE_H

#include "tool/task/task.h"

enum place {
	PLACE_NONE = 0,     /* text that stays */
	PLACE_ITEM,         /* {} */
	PLACE_STEM,         /* {.}   without its extension */
	PLACE_BASE,         /* {/}   its last component */
	PLACE_DIRECTORY,    /* {//} */
	PLACE_BASE_STEM,    /* {/.} */
	PLACE_SEQ,          /* {#} */
	PLACE_SLOT,         /* {%} */
};

/* The part of item (or a static text) that goes into that place, of PLACE_ITEM to PLACE_BASE_STEM. */
struct item placeholder_item(enum place, struct item);
/* The place whose letters stand from text on up to a "}": its kind and, in *len, their number; PLACE_NONE where it is none. */
enum place  placeholder_letters(const char *text, size_t *len);

#endif

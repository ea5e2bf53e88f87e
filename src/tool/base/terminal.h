/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * terminal - the one that standard error is: whether it can be drawn on, how large it is, where its cursor stands.
 *
 * No mode of it is changed beyond a single write, so that it is as it was whenever and however the tool ends.
 * Includes bytes.
 */
#ifndef FORKPOOL_TOOL_TERMINAL_H
#define FORKPOOL_TOOL_TERMINAL_H

#include <stddef.h>

#include "tool/base/bytes.h"

/* It is one, and knows how to move a cursor: not where TERM is "dumb", empty or unset. */
int  terminal_is_able(void);
/* NO_COLOR is not set. */
int  terminal_has_colours(void);
/* Made narrower, it breaks the lines that are there; others cut them off. */
int  terminal_breaks_lines(void);
/* We are not in the background of it. */
int  terminal_is_ours(void);
/* It takes something now: nobody has stopped it, and it is not behind. */
int  terminal_is_ready(void);

struct terminal_size {
	size_t columns, lines;  /* at least 1; 80 and 24 where it does not tell */
};
struct terminal_size terminal_size(void);

/* Write all of it, whatever becomes of it, and clear it. */
void terminal_put(struct bytes *);

/* Something else was written there, and last was its last byte. */
void terminal_wrote(char last);
/* Then the cursor may stand behind what is to stay. */
int  terminal_is_midline(void);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * terminal - the terminal on standard error: whether it can be drawn on, its size, whether the
 * cursor is within a line.
 *
 * No mode of the terminal is changed beyond a single write: it is as before, however the tool ends.
 */
#ifndef FORKPOOL_TOOL_TERMINAL_H
#define FORKPOOL_TOOL_TERMINAL_H

#include <stddef.h>

#include "tool/base/bytes.h"

/* Standard error is a terminal that can move its cursor: TERM is set, and not to "dumb". */
int  terminal_is_able(void);
/* NO_COLOR is not set. */
int  terminal_has_colours(void);
/* When its window becomes narrower, this terminal wraps long lines anew; others cut them off. */
int  terminal_breaks_lines(void);
/* The tool is not in the background of the terminal. */
int  terminal_is_ours(void);
/* The terminal accepts output now: nobody has stopped it, and it is not behind. */
int  terminal_is_ready(void);

struct terminal_size {
	size_t columns, lines;  /* at least 1; 80 and 24 where the terminal does not say */
};
struct terminal_size terminal_size(void);

/* Writes the bytes, ignoring errors, and clears the buffer. */
void terminal_put(struct bytes *);

/* Something else wrote to the terminal, and last was its last byte. */
void terminal_wrote(char last);
/* The last byte written was no newline: to draw now would overwrite that line. */
int  terminal_is_midline(void);

#endif

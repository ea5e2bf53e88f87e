/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * display_width - how many columns of a terminal a text takes.
 *
 * The text is UTF-8 that may be shown, as escape_text() makes it.  Where the width of a character
 * is unknown the larger one is assumed, so that no line becomes longer than the terminal.
 */
#ifndef FORKPOOL_TOOL_DISPLAY_WIDTH_H
#define FORKPOOL_TOOL_DISPLAY_WIDTH_H

#include <stddef.h>

#include "tool/base/bytes.h"

size_t display_width(const char *text, size_t len);
/* How many bytes of text fit in so many columns; never a part of a character. */
size_t display_width_fit(const char *text, size_t len, size_t columns);
/*
 * Adds the text; one wider than columns as its beginning, of head columns, dots, and as much of its
 * end as there is room for.
 */
void   display_width_cut(struct bytes *out, const char *text, size_t len, size_t columns,
    size_t head);

#endif

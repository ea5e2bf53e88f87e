/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * width - how many columns of a terminal a text takes.
 *
 * The text is UTF-8 that is fit to be shown, as visible() makes it; what is not is taken for wider rather than
 * narrower than it is.  Includes visible.
 */
#ifndef FORKPOOL_TOOL_WIDTH_H
#define FORKPOOL_TOOL_WIDTH_H

#include <stddef.h>

size_t width_of(const char *text, size_t len);
/* What of text goes into so many columns, in bytes; never a part of a character. */
size_t width_fitting(const char *text, size_t len, size_t columns);

#endif

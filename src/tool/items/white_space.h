/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * white_space - white space as in the C locale, whatever the locale of the caller is.
 */
#ifndef FORKPOOL_TOOL_WHITE_SPACE_H
#define FORKPOOL_TOOL_WHITE_SPACE_H

static inline int
is_white_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

#endif

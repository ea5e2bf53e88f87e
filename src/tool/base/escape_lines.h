/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * escape_lines - output of jobs as a person, XML 1.0 and YAML can read it: text of several lines,
 * which comes in pieces.
 *
 * Newlines and tabs stay what they are; all else becomes what escape_text() makes of it.
 */
#ifndef FORKPOOL_TOOL_ESCAPE_LINES_H
#define FORKPOOL_TOOL_ESCAPE_LINES_H

#include "tool/base/bytes.h"

/*
 * Returns how much of data was used: all of it, or up to a character that may go on behind it,
 * unless is_last says that nothing comes.  What is added does not depend on where pieces end.
 */
size_t escape_lines(struct bytes *, const char *data, size_t len, int is_last);

#endif

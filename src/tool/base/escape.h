/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * visible - bytes from outside (items, file names, output) as a person can read them on one line of a terminal.
 *
 * UTF-8 is left as it is; control characters, those that turn the direction of writing, and bytes that are
 * not UTF-8 become escapes of C.  Includes nothing of the tool.
 */
#ifndef FORKPOOL_TOOL_VISIBLE_H
#define FORKPOOL_TOOL_VISIBLE_H

#include <stddef.h>

/* Length of the UTF-8 sequence that data begins with; 0: it begins with none that is valid. */
size_t utf8_sequence(const char *data, size_t len);

/* At most size - 1 bytes and a NUL, with "..." at the end where it had to be cut; the length of what stands there. */
size_t escape_text(char *buffer, size_t size, const char *data, size_t len);

#endif

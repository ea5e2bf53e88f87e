/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * escape - bytes from outside (items, file names, output) as a person can read them on one line of
 * a terminal.
 *
 * UTF-8 stays as it is.  Control characters, characters that change the direction of writing, and
 * bytes that are not UTF-8 become escapes of C.
 *
 * What is left is text that XML 1.0 and YAML take as well.
 */
#ifndef FORKPOOL_TOOL_ESCAPE_H
#define FORKPOOL_TOOL_ESCAPE_H

#include <stddef.h>

/* Length of the UTF-8 sequence at the beginning of data; 0: there is no valid one. */
size_t utf8_sequence(const char *data, size_t len);

/* Length of the character at the beginning of data that a terminal can show as it is, of UTF-8 or
   ASCII; 0: it must be escaped. */
size_t printable_sequence(const char *data, size_t len);

/*
 * Writes the character at the beginning of data, of at least one byte, or escapes in its place,
 * without a NUL: at most ESCAPE_MAX bytes.  Returns how many; *used: of how many in data.
 */
#define ESCAPE_MAX 16
size_t escape_one(char *to, const char *data, size_t len, size_t *used);

/*
 * Writes at most size - 1 bytes and a NUL, with "..." at the end of a text that had to be cut.
 * Returns the length of the text in buffer.
 */
size_t escape_text(char *buffer, size_t size, const char *data, size_t len);

#endif

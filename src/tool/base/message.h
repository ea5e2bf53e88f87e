/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message - lines on standard error, one write() each, that begin with the tool's name.
 *
 * Text from outside (items, file names, job output) goes through message_word(), so that it cannot
 * move the cursor or end the line.
 */
#ifndef FORKPOOL_TOOL_MESSAGE_H
#define FORKPOOL_TOOL_MESSAGE_H

#include <stddef.h>

#if defined(__GNUC__)
#define MESSAGE_PRINTF(format, first) __attribute__((__format__(__printf__, format, first)))
#else
#define MESSAGE_PRINTF(format, first)
#endif

/* The name at the beginning of each line: "forkpool", or the one that --compat gives. */
extern const char *message_name;

/* Called before and after each line, so that a bar on the same terminal can make room; or NULL. */
extern void (*message_before)(void);
extern void (*message_after)(void);

void message(const char *format, ...) MESSAGE_PRINTF(1, 2);
/* The same, with ": " and the text for errno at the end. */
void message_errno(const char *format, ...) MESSAGE_PRINTF(1, 2);

/* Sets message_name, and the status that fail() exits with (1 at first). */
void message_as(const char *name, int status);

/* Print the line and exit.  Only before the pool is open, or where nothing can go on. */
_Noreturn void fail(const char *format, ...) MESSAGE_PRINTF(1, 2);
_Noreturn void fail_errno(const char *format, ...) MESSAGE_PRINTF(1, 2);
_Noreturn void fail_memory(void);

/*
 * Writes data as one word that a person can read and a shell would accept: quoted where necessary,
 * with control bytes and all bytes that are not ASCII as $'\ooo', and cut to what fits, with "..."
 * at the end.  Returns buffer.
 */
const char *message_word(char *buffer, size_t size, const char *data, size_t len);
/* The same of a string. */
const char *message_text(char *buffer, size_t size, const char *text);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message - what the tool says on standard error: whole lines, one write each, with the name it was called by.
 *
 * Whatever comes from outside (items, file names, job output) is shown so that it cannot move the cursor or end
 * the line.  Includes nothing of the tool.
 */
#ifndef FORKPOOL_TOOL_MESSAGE_H
#define FORKPOOL_TOOL_MESSAGE_H

#include <stddef.h>

#if defined(__GNUC__)
#define MESSAGE_PRINTF(format, first) __attribute__((__format__(__printf__, format, first)))
#else
#define MESSAGE_PRINTF(format, first)
#endif

/* The name that goes before each line: "forkpool", or as --compat has it. */
extern const char *message_name;

/* Called before and after each line, so that a bar on the same terminal can make room; NULL: nobody. */
extern void (*message_before)(void);
extern void (*message_after)(void);

void message(const char *format, ...) MESSAGE_PRINTF(1, 2);
/* The same, with ": " and what errno says at the end. */
void message_errno(const char *format, ...) MESSAGE_PRINTF(1, 2);

/* Whose name goes before each line, and the status that fail() leaves with. */
void message_as(const char *name, int status);

/* Say it and leave with status 1 (usage or internal; or as message_as() has it).  Only before the pool is open, or where nothing can go on. */
_Noreturn void fail(const char *format, ...) MESSAGE_PRINTF(1, 2);
_Noreturn void fail_errno(const char *format, ...) MESSAGE_PRINTF(1, 2);
_Noreturn void fail_memory(void);

/*
 * data as one word that a person can read and a shell would take: quoted where it has to be, control and invalid
 * bytes as $'\ooo'; cut to what fits, with "..." at the end.  Returns buffer.
 */
const char *message_word(char *buffer, size_t size, const char *data, size_t len);

#endif

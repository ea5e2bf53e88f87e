/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * backtrace - a job's frames in words: all of them, a line each, or where it was, in a few words.
 */
#ifndef FORKPOOL_BACKTRACE_H
#define FORKPOOL_BACKTRACE_H

#include "lib/symbols/symbols.h"

#define BACKTRACE_PLACE_SIZE 256u

/* One frame a line, the innermost first, and a line of its own for each function that was inlined;
   in memory from malloc().  NULL: there are none, or no memory. */
char *backtrace_text(struct symbols *, const uint64_t *address, size_t frames);

/*
 * By a quick look: " in parse() at pic.c:41", to be put behind what ended the process; "" where
 * there is nothing to say.  Where the innermost frame has no lines, as in the C library, the first
 * that has some follows, or, where none has, the first of another object: " in strlen(), called
 * from parse() at pic.c:41".
 */
void backtrace_place(struct symbols *, const uint64_t *address, size_t frames,
    char text[BACKTRACE_PLACE_SIZE]);

#endif

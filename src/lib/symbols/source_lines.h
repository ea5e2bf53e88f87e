/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source_lines - functions and source lines at an address, from debug information and symbol
 * tables, by libdw of elfutils.
 *
 * libdw is loaded when it is first asked: a program that nobody asks for a crash does not have it,
 * nor its four libraries in each process that it forks.  Where it is missing there are no lines.
 *
 * Reading can take long: a debug file of a C library is compressed, and takes a third of a second.
 * So there are two depths.
 *
 * Files are the objects' own, and separate debug files of the same build ID below /usr/lib/debug or
 * beside them.  Nothing is fetched: libdw would ask a debuginfod server only in its own functions
 * for finding files, and these here take their place.
 */
#ifndef FORKPOOL_SOURCE_LINES_H
#define FORKPOOL_SOURCE_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "lib/symbols/object_map.h"

#define SOURCE_CALLS_MAX 16u

enum source_depth {
	SOURCE_QUICK, /* in milliseconds: lines that the object has in its own file, not compressed,
	                 and not many; of others the functions alone */
	SOURCE_ALL,
};

/* A function that was at work; all texts last until source_lines_drop(). */
struct source_call {
	const char *function;   /* as the source has it; NULL: not known */
	const char *linkage;    /* as the linker has it, where that differs; else NULL */
	const char *file;       /* NULL: not known */
	int         line;
	uintptr_t   offset;     /* of the address in the function, where the line is not known */
};

struct libdw;

struct source_lines {
	struct libdw *libdw;    /* NULL: not loaded */
	int missing;            /* it cannot be loaded */
};

/* The functions at this address of the object: the innermost first, each inlined into the next.
   How many; 0: nothing is known. */
size_t source_lines_find(struct source_lines *, struct object *, uintptr_t address,
    enum source_depth, struct source_call[SOURCE_CALLS_MAX]);

/* Free what was read of the objects, and what is needed to read. */
void source_lines_drop(struct source_lines *, struct object_map *);

#endif

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
 * for finding files, and these here take their place.  Nor is any further file read: of one that
 * several debug files share (dwz -m), or that has a unit's functions (-gsplit-dwarf), there are no
 * names, and those of the symbol table stand for them.
 *
 * What is read of an object is held from the first look at it until source_lines_drop(), or until a
 * look that is deeper reads it anew: a copy of its symbol tables and debug information
 * (object_image.h), and what libdw has made of it.  The file may be written anew meanwhile.
 *
 * A file is compared with the object, and not examined: debug information that somebody has forged,
 * build ID and all, may make libdw do anything.  It comes with code that the caller runs.
 */
#ifndef FORKPOOL_SOURCE_LINES_H
#define FORKPOOL_SOURCE_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "lib/symbols/object_map.h"

#define SOURCE_CALLS_MAX 16u
/* So many bytes of files are held at most, of all objects of a pool together, with the size of what
   is unpacked: room for the debug information of all but the largest programs. */
#define SOURCE_BYTES_MAX ((uint64_t)512 << 20)

enum source_depth {
	SOURCE_QUICK, /* in milliseconds, the first look at a large object in 0.1 s or so: lines
	                 that the object has in its own file, not compressed, and of 64 MB at
	                 most; of others the functions alone */
	SOURCE_ALL,
};

/* A function that was at work.  Its texts last until source_lines_drop(), or until a look at the
   same object that is the first one of SOURCE_ALL. */
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
	uint64_t held;          /* bytes of files */
};

/* The functions at this address of the object: the innermost first, each inlined into the next.
   How many; 0: nothing is known. */
size_t source_lines_find(struct source_lines *, struct object *, uintptr_t address,
    enum source_depth, struct source_call[SOURCE_CALLS_MAX]);

/* Free what was read of the objects, and what is needed to read. */
void source_lines_drop(struct source_lines *, struct object_map *);

#endif

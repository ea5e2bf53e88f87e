/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * symbols - what lies at a code address of a job: function, source line, object.
 *
 * Addresses come from dead jobs, who may have made them up.  They are compared with ranges, and
 * never followed.
 */
#ifndef FORKPOOL_SYMBOLS_H
#define FORKPOOL_SYMBOLS_H

#include "lib/symbols/object_map.h"
#include "lib/symbols/source_lines.h"

struct symbols {
	struct object_map   map;
	struct source_lines lines;
};

struct symbol {
	uintptr_t   address;
	const char *object;      /* its name without directories; NULL: it is in none.  It lasts as
	                            the map, the program's as the process */
	uintptr_t   offset;      /* the address in the object, as addr2line -e takes it */
	struct source_call call[SOURCE_CALLS_MAX];
	size_t      calls;       /* 0: no function is known */
};

/* Note what lies where in this process, before any job's process is forked.  Later calls to
   symbols_find() mean this moment. */
void symbols_take(struct symbols *);
void symbols_release(struct symbols *);

/* Look up an address, so deep.  returned_to: it is where a call returns to, and the call is meant.
   The texts are valid until symbols_release(), or until a call of SOURCE_ALL; those that only the
   dynamic linker knows, until it unloads the object. */
void symbols_find(struct symbols *, struct symbol *, uintptr_t address, bool returned_to,
    enum source_depth);

/* A function's name for a person, in memory from malloc(); NULL: not known, or no memory. */
char *symbols_function(const struct source_call *);

#endif

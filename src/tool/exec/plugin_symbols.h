/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin_symbols - the names of the functions that a shared object itself defines, read from the
 * file.
 *
 * dlsym() does not suffice: it also finds names in the object's dependencies, and it finds data as
 * it finds functions.
 */
#ifndef FORKPOOL_TOOL_PLUGIN_SYMBOLS_H
#define FORKPOOL_TOOL_PLUGIN_SYMBOLS_H

#include "tool/base/bytes.h"

enum plugin_symbols {
	PLUGIN_SYMBOLS_OK = 0,
	PLUGIN_SYMBOLS_NOT_OBJECT,  /* the file is no ELF file */
	PLUGIN_SYMBOLS_UNKNOWN,     /* it has no such table, or its format is not known here */
};

/* The functions among the dynamic symbols, each followed by a NUL.  The file may hold anything. */
enum plugin_symbols plugin_symbols_read(const char *path, struct bytes *names);

#endif

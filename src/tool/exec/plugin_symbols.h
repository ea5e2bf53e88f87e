/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin_names - the functions that a shared object itself defines, read from the file.
 *
 * dlsym() finds a name in what the object depends on as well, and data like functions.  Includes bytes.
 */
#ifndef FORKPOOL_TOOL_PLUGIN_NAMES_H
#define FORKPOOL_TOOL_PLUGIN_NAMES_H

#include "tool/base/bytes.h"

enum plugin_symbols {
	PLUGIN_NAMES_OK = 0,
	PLUGIN_NAMES_NO_OBJECT,  /* the file is something else */
	PLUGIN_NAMES_UNKNOWN,    /* it has no table of them, or is of a format that is not known here */
};

/* Those of its dynamic symbols, each followed by a NUL.  The file may hold anything. */
enum plugin_symbols plugin_symbols_read(const char *path, struct bytes *names);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * debug_file - the separate file with an object's debug information, where it has one.
 */
#ifndef FORKPOOL_DEBUG_FILE_H
#define FORKPOOL_DEBUG_FILE_H

#include "lib/symbols/object_map.h"

/* A descriptor of the file of the object's build ID, below /usr/lib/debug, or beside the object
   under the name that this links to (NULL: none); -1: there is none. */
int debug_file_open(const struct object *, const char *link);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * whole_file - a file that is there whole or not at all, whenever the tool is killed: written under a name of its own
 * beside it and put in its place by rename().
 *
 * Only a regular file is replaced: a device or a pipe of that name would be gone after that.  What goes wrong is for the
 * caller to say.  Includes bytes.
 */
#ifndef FORKPOOL_TOOL_WHOLE_FILE_H
#define FORKPOOL_TOOL_WHOLE_FILE_H

#include <stddef.h>

struct atomic_file {
	char *path;       /* what is replaced: name, or where that points to */
	char *temporary;  /* beside it, while it is written */
	int   fd;
	int   error;      /* errno of what went wrong first */
};

/* Ends the tool with one line where such a file could not be made; leaves nothing behind. */
void atomic_file_check(const char *name);
/* 0, or -1 and errno. */
int  atomic_file_open(struct atomic_file *, const char *name);
/* What goes wrong is kept for the end. */
void atomic_file_add(struct atomic_file *, const void *data, size_t len);
/* In its place.  -1 and errno: what was there before is still there, and nothing else. */
int  atomic_file_close(struct atomic_file *);

#endif

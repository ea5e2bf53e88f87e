/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * atomic_file - a file that is complete or absent, whenever the tool is killed.
 *
 * The contents go into a temporary file beside the final one, and rename() puts that in its place.
 * Only a regular file is replaced: rename() would destroy a device or a pipe of that name.  The
 * caller reports errors.
 */
#ifndef FORKPOOL_TOOL_ATOMIC_FILE_H
#define FORKPOOL_TOOL_ATOMIC_FILE_H

#include <stddef.h>

struct atomic_file {
	char *path;       /* the file to replace, behind any symbolic link */
	char *temporary;  /* the file beside it that is being written */
	int   fd;
	int   error;      /* errno of the first write that failed */
};

/* Ends the tool with one line where such a file cannot be made; leaves nothing behind. */
void atomic_file_check(const char *name);
/* 0, or -1 and errno. */
int  atomic_file_open(struct atomic_file *, const char *name);
/* A failed write is reported by atomic_file_close(). */
void atomic_file_add(struct atomic_file *, const void *data, size_t len);
/* Puts the file in its place.  -1 and errno: nothing has changed; the new file is gone. */
int  atomic_file_close(struct atomic_file *);

#endif

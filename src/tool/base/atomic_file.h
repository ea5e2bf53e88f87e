/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * atomic_file - a file that is complete or absent, whenever the tool is killed.
 *
 * The contents go into a temporary file beside the final one, and a rename puts that in its place.
 * Only a regular file is replaced: a rename would destroy a device or a pipe of that name.  The
 * caller decides which errors are told.
 */
#ifndef FORKPOOL_TOOL_ATOMIC_FILE_H
#define FORKPOOL_TOOL_ATOMIC_FILE_H

#include <stddef.h>

#include "tool/base/anchored_file.h"

struct atomic_file {
	const char *option;         /* for messages */
	const char *path;
	struct anchored_file place; /* what path leads to: at the start, if jobs can plant links */
	mode_t mode;                /* as the file was at the start */
	int    fd;
	int    error;               /* errno of the first write that failed */
};

/*
 * Looks path up; it must last, as option must.  Ends the tool with one line where such a file
 * cannot be made.  Leaves nothing behind.
 */
void atomic_file_prepare(struct atomic_file *, const char *option, const char *path);
/* May be called again for the next contents.  0, or -1 and errno. */
int  atomic_file_open(struct atomic_file *);
/* A failed write is reported by atomic_file_close(). */
void atomic_file_add(struct atomic_file *, const void *data, size_t len);
/* Puts the file in its place.  -1 and errno: nothing has changed; the new file is gone. */
int  atomic_file_close(struct atomic_file *);
/* A line that the file cannot be written, with errno. */
void atomic_file_complain(const struct atomic_file *);
void atomic_file_free(struct atomic_file *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * held_bytes - what is to stand in a file that is written as a whole at the end: until then it
 * waits in a file without a name.
 */
#ifndef FORKPOOL_TOOL_HELD_BYTES_H
#define FORKPOOL_TOOL_HELD_BYTES_H

#include <stdint.h>

#include "tool/base/atomic_file.h"
#include "tool/base/bytes.h"

struct held_bytes {
	const char  *option;  /* for messages */
	int          fd;
	int          error;   /* errno of the first write that failed (said) */
	uint64_t     written;
	struct bytes waiting; /* not written yet: add to it, and call held_bytes_settle() */
};

/* A failure ends the tool. */
void     held_bytes_open(struct held_bytes *, const char *option);
/* Writes what waits, once it is enough to be worth it. */
void     held_bytes_settle(struct held_bytes *);
/* All bytes so far. */
uint64_t held_bytes_size(const struct held_bytes *);
/* Adds all of it to the file.  0; -1 and errno: not all was kept, or it cannot be read back. */
int      held_bytes_copy(struct held_bytes *, struct atomic_file *);
void     held_bytes_close(struct held_bytes *);

#endif

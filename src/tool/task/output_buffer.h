/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store - job output that waits to be published: in memory up to a budget for all of it, beyond that in one file
 * without a name, whose space is given back as it is taken.
 *
 * A pocket is one stream's bytes, in order; only its front is taken and its end added to.  Trouble with the file ends
 * the tool's run: store_error() then tells.
 */
#ifndef FORKPOOL_TOOL_STORE_H
#define FORKPOOL_TOOL_STORE_H

#include <stdint.h>
#include <sys/queue.h>

#include "tool/base/bytes.h"

/* So much memory for all pockets. */
#define STORE_MEMORY (UINT64_C(16) << 20)

struct output_buffer_piece;
struct output_buffer {
	STAILQ_HEAD(output_buffer_pieces, output_buffer_piece) pieces;
	uint64_t len;
};

void     output_buffer_init(struct output_buffer *);
void     output_buffer_clear(struct output_buffer *);
/* 0, or -1 and errno: no room on disk; nothing was added. */
int      output_buffer_add(struct output_buffer *, const void *data, size_t len);
/* All of from to the end of to, without copying; from is empty then. */
void     output_buffer_move(struct output_buffer *to, struct output_buffer *from);
/* A view of bytes at its front, at most size (they are read into buffer where they lie in the file, or in several small
   pieces); its length, 0 where it is empty, -1 and errno. */
ssize_t
output_buffer_front(const struct output_buffer *, const char **data, char *buffer, size_t size);
/* The same from any offset, copied (reading in a row is fast); as much as lies together. */
ssize_t
output_buffer_read(const struct output_buffer *, uint64_t offset, void *buffer, size_t size);
void     output_buffer_drop(struct output_buffer *, size_t len); /* from the front */

/* A file without a name in $TMPDIR, or /tmp: its descriptor (close-on-exec), or -1 and errno. */
int      output_buffer_file(void);
uint64_t output_buffer_bytes(void); /* in all pockets */
void     output_buffer_close(void); /* the pockets are empty */

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * output_buffer - job output that waits to be published: all buffers together have a budget of
 * memory, and beyond it the bytes lie in one file without a name, which shrinks again as they are
 * taken.
 *
 * A buffer has one stream's bytes, in order: they are added at its end and taken from its front.
 */
#ifndef FORKPOOL_TOOL_OUTPUT_BUFFER_H
#define FORKPOOL_TOOL_OUTPUT_BUFFER_H

#include <stdint.h>
#include <sys/queue.h>

#include "tool/base/bytes.h"

/* The memory for all buffers. */
#define OUTPUT_BUFFER_MEMORY (UINT64_C(16) << 20)

struct output_buffer_piece;
struct output_buffer {
	STAILQ_HEAD(output_buffer_pieces, output_buffer_piece) pieces;
	uint64_t len;
};

void     output_buffer_init(struct output_buffer *);
void     output_buffer_clear(struct output_buffer *);
/* 0, or -1 and errno: no room on disk; nothing was added. */
int      output_buffer_add(struct output_buffer *, const void *data, size_t len);
/* Says that a buffer could not be added to, or read, and errno; once. */
void     output_buffer_complain(void);
/* Moves all of from to the end of to, without copying; from is empty then. */
void     output_buffer_move(struct output_buffer *to, struct output_buffer *from);
/* A view of at most size bytes at the front: in memory, or copied into buffer if they lie in the
   file or in several small pieces.  Returns their number, 0 if the buffer is empty, or -1 and
   errno. */
ssize_t  output_buffer_front(const struct output_buffer *, const char **data, char *buffer,
    size_t size);
/* Copies at most size bytes from any offset, as many as lie together; reading on from there is
   fast.  Returns as output_buffer_front(). */
ssize_t  output_buffer_read(const struct output_buffer *, uint64_t offset, void *buffer,
    size_t size);
/* Removes len bytes from the front. */
void     output_buffer_drop(struct output_buffer *, size_t len);

/* A new file without a name in $TMPDIR, or /tmp: its descriptor (close-on-exec), or -1 and
   errno. */
int      output_buffer_file(void);
/* Ends the tool where jobs can write to that directory and such a file would have a name for a
   moment. */
void     output_buffer_check(void);
/* Bytes in all buffers. */
uint64_t output_buffer_bytes(void);
/* All buffers have to be empty. */
void     output_buffer_close(void);

#endif

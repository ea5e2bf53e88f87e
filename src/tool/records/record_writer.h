/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record_file - a file, or a pocket, that gets a record for each job: whole or not at all.
 *
 * What goes wrong is said once for each file.  Includes outlet, store.
 */
#ifndef FORKPOOL_TOOL_RECORD_WRITER_H
#define FORKPOOL_TOOL_RECORD_WRITER_H

#include <sys/types.h>

#include "tool/journal/sink.h"
#include "tool/task/output_buffer.h"

struct record_writer {
	const char    *option, *name; /* for messages */
	int            fd;      /* -1: into the pocket */
	struct output_buffer *stored;
	struct bytes   buffer;
	struct sink  sink;  /* with a journal: what earlier runs have written */
	uint64_t       len;     /* of this record, by now */
	off_t          began;   /* where in the file the record begins; -1: it is no regular file */
	int            error;   /* errno of what went wrong with this record */
	int            said;
};

enum record_open { RECORD_REPLACE, RECORD_APPEND };

/* Its descriptor too is close-on-exec.  Ends the tool where that cannot be opened. */
void
record_writer_open(struct record_writer *, const char *option, const char *name, enum record_open);
void record_writer_into(struct record_writer *, struct output_buffer *);
/* 0, or -1: what was written may not be on the disk (said). */
int  record_writer_close(struct record_writer *);

void record_begin(struct record_writer *);
void record_add(struct record_writer *, const void *data, size_t len);
void record_text(struct record_writer *, const char *text);
/* 0; -1: nothing of it was written (said). */
int  record_end(struct record_writer *);

/* The pocket's bytes by and by: piece is called with a buffer of at most RECORD_PIECE bytes; 0, or -1 and errno. */
#define RECORD_PIECE ((size_t)49152)
typedef int record_piece(void *arg, const char *data, size_t len);
int  record_pieces(const struct output_buffer *, record_piece *, void *arg);

#endif

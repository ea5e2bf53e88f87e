/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record_writer - writes a record for each job to a file or an output buffer, whole or not at all.
 *
 * The first error of a file is told, later ones are not.
 */
#ifndef FORKPOOL_TOOL_RECORD_WRITER_H
#define FORKPOOL_TOOL_RECORD_WRITER_H

#include <sys/types.h>

#include "tool/journal/sink.h"
#include "tool/task/output_buffer.h"

struct record_writer {
	const char    *option, *name; /* for messages */
	int            fd;      /* -1: records go into stored */
	struct output_buffer *stored;
	struct bytes   buffer;
	struct sink    sink;    /* with a journal: what earlier runs have written */
	uint64_t       len;     /* of this record so far */
	off_t          began;   /* where in the file the record begins; -1: not a regular file */
	int            error;   /* this record's errno */
	int            said;
};

enum record_open { RECORD_REPLACE, RECORD_APPEND };

/* Opens the file, close-on-exec.  Ends the tool where it cannot be opened. */
void record_writer_open(struct record_writer *, const char *option, const char *name,
    enum record_open);
void record_writer_into(struct record_writer *, struct output_buffer *);
/* 0, or -1: records may not be on the disk (said). */
int  record_writer_close(struct record_writer *);

void record_begin(struct record_writer *);
void record_add(struct record_writer *, const void *data, size_t len);
void record_text(struct record_writer *, const char *text);
/* 0; -1: nothing of the record is in the file (said). */
int  record_end(struct record_writer *);

/*
 * Calls piece with all of a job's output, piece by piece, each of at most RECORD_PIECE bytes.  0,
 * or -1 and errno.
 */
#define RECORD_PIECE ((size_t)49152)
typedef int record_piece(void *arg, const char *data, size_t len);
int  record_pieces(const struct output_buffer *, record_piece *, void *arg);
/*
 * The same with the bytes from..to of the output, as escape_lines() writes them, each piece as it
 * comes out of that.
 */
int  record_lines(const struct output_buffer *, uint64_t from, uint64_t to, record_piece *,
    void *arg);
/* A piece: writes it to the descriptor at arg, an int.  0, or -1 and errno. */
int  record_piece_write(void *arg, const char *data, size_t len);

#endif

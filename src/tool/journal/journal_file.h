/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal_file - the journal as a file: who holds it, whose it is, and records that are whole or are not there.
 *
 *	header   64 KiB: what it is, whose command's; marks that change all the time (mapped, see mark.h)
 *	page     64 KiB: jobs that have begun (mapped in the workers too, see begun.h)
 *	records  each with its length, kind and checksum, which also covers its place and this journal's own number
 *
 * Records are gathered and written in groups, and are on the disk when journal_file_sync() has returned.  Reading
 * stops at the first bad one: if it was not known to be on the disk, or the file was cut there, that is the torn end of
 * a run that was killed, and it is cut off; else the file is damaged, and not touched.
 * Numbers are in this machine's byte order, which the header tells.  Includes bytes, journal_parts, mark.
 */
#ifndef FORKPOOL_TOOL_JOURNAL_FILE_H
#define FORKPOOL_TOOL_JOURNAL_FILE_H

#include <stdint.h>

#include "tool/base/bytes.h"
#include "tool/journal/checkpoint.h"
#include "tool/journal/journal_internal.h"

enum journal_kind {
	JOURNAL_PART = 1,  /* of an entry, which is a stream of bytes: another record follows */
	JOURNAL_ENTRY,     /* its last piece */
	JOURNAL_BEGUN,     /* a job that was in flight when a run was killed; its data is a word of the page */
};

struct journal_record {
	enum journal_kind kind;
	uint64_t    seq;
	uint32_t    part;   /* 0, 1, ... of an entry */
	uint32_t    len;
	const char *data;   /* until the next call */
	uint64_t    at, next; /* where it lies in the file, and the one behind it */
};

struct journal_file;

/*
 * Open it, or make it.  hash: of all that makes this command line what it is; text: the command, for the sentence that
 * refuses another one's.  Ends the tool with a sentence where another runner holds it or it is another's or no journal.
 */
struct journal_file *journal_file_open(const char *path, uint64_t hash, const char *text);
void        journal_file_close(struct journal_file *);
const char *journal_file_path(const struct journal_file *);
struct checkpoint *journal_file_checkpoint(struct journal_file *, unsigned sink);
void       *journal_file_page(struct journal_file *);

/* The record at that place, 0 being the first.  1; 0: there is none; -1: it is bad (errno 0), or cannot be read. */
int      journal_file_read(struct journal_file *, uint64_t at, struct journal_record *);
/* All up to there are good, and what is behind is cut off; ends the tool where the file is damaged there. */
void     journal_file_cut(struct journal_file *, uint64_t at);

/* Where the next record will lie. */
uint64_t journal_file_end(const struct journal_file *);
/* 0, or -1 and errno: nothing was added. */
int journal_file_add(struct journal_file *, enum journal_kind, uint64_t seq, uint32_t part,
    const void *data, uint32_t len);
/* Take back what was added last, down to that end. */
int      journal_file_take_back(struct journal_file *, uint64_t end);
/* Hand to the system what was added; -1 and errno: it is still there, to be handed over later. */
int      journal_file_flush(struct journal_file *);
/* And see it on the disk. */
int      journal_file_sync(struct journal_file *);

#endif

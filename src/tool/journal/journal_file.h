/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal_file - the journal as a file: who holds it, whose it is, and records that are whole or
 * not there.
 *
 *	header   64 KiB: what the file is, whose command's, and the checkpoints (mapped)
 *	page     64 KiB: jobs in flight (mapped in the workers too, see inflight.h)
 *	records  each with its length, kind and checksum, which also covers the record's place and
 *	         this journal's own number
 *
 * Records are gathered and written in groups, and are on the disk when journal_file_sync() has
 * returned.  Reading stops at the first bad record.  If that record was not known to be on the
 * disk, or the file was cut there, the bad record is the torn end of a run that was killed, and is
 * cut off; else the file is damaged, and stays as it is.
 * Numbers are in this machine's byte order, which the header tells.
 */
#ifndef FORKPOOL_TOOL_JOURNAL_FILE_H
#define FORKPOOL_TOOL_JOURNAL_FILE_H

#include <stdint.h>

#include "tool/base/bytes.h"
#include "tool/journal/checkpoint.h"
#include "tool/journal/journal_internal.h"

enum journal_kind {
	JOURNAL_PART = 1,  /* a piece of an entry, which goes on in the next record */
	JOURNAL_ENTRY,     /* the last piece of an entry */
	JOURNAL_INFLIGHT,  /* a job in flight when a run was killed; its data is a page's word */
	JOURNAL_AGAIN,     /* a run began to run again what had failed; seq: the last known job */
};

struct journal_record {
	enum journal_kind kind;
	uint64_t    seq;
	uint32_t    part;   /* 0, 1, ... of an entry */
	uint32_t    len;
	const char *data;   /* valid until the next call */
	uint64_t    at, next; /* where in the file the record lies, and the one behind it */
};

struct journal_file;

/*
 * Opens the file, or makes it.  hash: of all that decides what this command line does; text: the
 * command, for the sentence that refuses another command's journal.  Ends the tool with a sentence
 * where another runner holds the file, or the file is another command's or no journal.
 */
struct journal_file *journal_file_open(const char *path, uint64_t hash, const char *text);
void        journal_file_close(struct journal_file *);
/* It holds the file, in each process that has it. */
int          journal_file_descriptor(const struct journal_file *);
const char *journal_file_path(const struct journal_file *);
struct checkpoint *journal_file_checkpoint(struct journal_file *, unsigned sink);
void       *journal_file_page(struct journal_file *);

/*
 * The record at that place, 0 being the first.  1; 0: there is none; -1: it is bad (errno 0), or
 * cannot be read.
 */
int      journal_file_read(struct journal_file *, uint64_t at, struct journal_record *);
/*
 * All records before that place are good: what is behind them is cut off.  Ends the tool where the
 * file is damaged there.
 */
void     journal_file_cut(struct journal_file *, uint64_t at);

/* Where the next record will lie. */
uint64_t journal_file_end(const struct journal_file *);
/* 0, or -1 and errno: nothing was added. */
int journal_file_add(struct journal_file *, enum journal_kind, uint64_t seq, uint32_t part,
    const void *data, uint32_t len);
/* Takes back the records added last, down to that end. */
int      journal_file_take_back(struct journal_file *, uint64_t end);
/* Hands added records to the system.  -1 and errno: they are kept, for a later call. */
int      journal_file_flush(struct journal_file *);
/* Flushes, and waits until all records are on the disk. */
int      journal_file_sync(struct journal_file *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal_internal - the layout of the file and its state, for journal_file.c (records) and
 * journal_file_open.c (the file itself).
 */
#ifndef FORKPOOL_TOOL_JOURNAL_INTERNAL_H
#define FORKPOOL_TOOL_JOURNAL_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include "tool/base/bytes.h"
#include "tool/journal/checkpoint.h"

enum {
	JOURNAL_PIECE_MAX = 1 << 18, /* a record's bytes */
	JOURNAL_SINKS = 5,
	CHECKPOINTS_AT = 4096,
	PAGE_AT = 65536,       /* a multiple of any system's page */
	RECORDS_AT = 131072,
	READ_SIZE = 1 << 20,   /* bytes read at once */
};

struct journal_header {
	char     magic[16];
	uint32_t format, byte_order;
	uint64_t number;   /* random: no record is taken for one of another journal */
	uint64_t hash;     /* of the command line */
	int64_t  made;     /* time() */
	char     text[2000];
	uint32_t check;    /* CRC32C of all fields before this one */
};
_Static_assert(sizeof(struct journal_header) <= CHECKPOINTS_AT,
    "the header ends before the checkpoints");

/* The number of the file's own checkpoint. */
enum { FILE_SYNCED };

struct journal_checkpoints {
	struct checkpoint file;
	struct checkpoint sink[JOURNAL_SINKS];
};

struct journal_file {
	char    *path;
	int      fd;
	void    *front, *page;    /* mapped: the header with the checkpoints; the jobs in flight */
	struct journal_header *header;
	struct journal_checkpoints *checkpoints;
	uint64_t end;             /* of the written records, in the file */
	uint64_t synced;          /* up to here the records are known to be on the disk */
	uint64_t limit;           /* RLIMIT_FSIZE: a write past it would send us SIGXFSZ */
	struct bytes added;       /* records that will be written at end */
	/* The system has forgotten the data that a sync could not write: each later sync fails. */
	int      sync_failed;
	char    *buffer;          /* buffer_len bytes of the file from buffer_at on */
	uint64_t buffer_at;
	size_t   buffer_len;
};

/* Notes how much of the file is known to be on the disk. */
void journal_note_synced(struct journal_file *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal_parts - what journal_file.c (records) and journal_make.c (the file itself) have in common.
 *
 * Includes bytes, mark.
 */
#ifndef FORKPOOL_TOOL_JOURNAL_PARTS_H
#define FORKPOOL_TOOL_JOURNAL_PARTS_H

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
	WINDOW = 1 << 20,      /* what is read at once */
};

struct header {
	char     magic[16];
	uint32_t format, byte_order;
	uint64_t number;   /* by chance: records of one journal are none of another */
	uint64_t hash;     /* of the command line */
	int64_t  made;     /* time() */
	char     text[2000];
	uint32_t check;    /* CRC32C of all before it */
};
_Static_assert(sizeof(struct header) <= CHECKPOINTS_AT, "the header is in front of the marks");

/* The file's own mark. */
enum { CHECKPOINT_SYNCED, CHECKPOINT_HOLDER };

struct checkpoints {
	struct checkpoint file;
	struct checkpoint sink[JOURNAL_SINKS];
};

struct journal_file {
	char    *path;
	int      fd;
	void    *front, *page;    /* mapped */
	struct header *header;
	struct checkpoints  *marks;
	uint64_t end;             /* of what is written, in the file */
	uint64_t synced;
	uint64_t limit;           /* RLIMIT_FSIZE: writing past it would cost us a SIGXFSZ */
	struct bytes added;       /* and what is to follow it */
	int      sync_failed;     /* then the system has forgotten what is not on the disk: nothing can be known any more */
	char    *window;          /* what is read: window_len bytes of the file from window_at */
	uint64_t window_at;
	size_t   window_len;
};

/* Who holds it, and how much of it is known to be on the disk. */
void journal_note_state(struct journal_file *);

#endif

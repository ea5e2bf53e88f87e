/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record_reader - reads records from a descriptor: as they are needed, in constant memory, and
 * without ever blocking.
 *
 * Other processes may share the descriptor, so its O_NONBLOCK flag stays as it is; the reader polls
 * before each read().  A record that is longer than the bound is skipped, but for its beginning.
 */
#ifndef FORKPOOL_TOOL_RECORD_READER_H
#define FORKPOOL_TOOL_RECORD_READER_H

#include <stdint.h>

#include "tool/task/task.h"

enum next {
	NEXT_END = 0,
	NEXT_GOT = 1,
	NEXT_WAIT = 2, /* no input yet: poll for it, and call again */
};

#define RECORD_BEGINNING 80 /* bytes kept of a record that is too long */

struct record {
	struct item item;     /* without the separator; valid until the next call */
	uint64_t    number;   /* 1, 2, ... */
	uint64_t    len;      /* of the whole record */
	int         too_long; /* longer than the bound: item is the beginning only */
};

struct record_reader;
/* Closes fd at the end, unless it is standard input.  bound: bytes of the longest record. */
struct record_reader *record_reader_open(int fd, int separator, size_t bound);
void      record_reader_close(struct record_reader *);
enum next record_reader_record(struct record_reader *, struct record *);
/* Input that was not taken yet, at least a byte; record_reader_take() takes its first len bytes. */
enum next record_reader_bytes(struct record_reader *, struct item *);
void      record_reader_take(struct record_reader *, size_t len);
/* Bytes taken so far: records with their separators, or what record_reader_take() took. */
uint64_t  record_reader_taken(const struct record_reader *);
/* Where the descriptor can be sought, leaves it behind the first bytes of the input, so many of
   them, for whoever reads on.  The last use of the reader. */
void      record_reader_put_back(const struct record_reader *, uint64_t taken);
int       record_reader_fd(const struct record_reader *);
/* After NEXT_END: errno of the read() that failed, or 0 at the end of the file. */
int       record_reader_errno(const struct record_reader *);

#endif

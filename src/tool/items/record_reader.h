/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reader - records from a descriptor: lazily, in constant memory, and without ever waiting.
 *
 * It polls before it reads, since the descriptor may be shared with others: its flags stay as they are.  A record that is
 * longer than the bound is read over; of it only the beginning is kept.  Includes task (for struct item).
 */
#ifndef FORKPOOL_TOOL_READER_H
#define FORKPOOL_TOOL_READER_H

#include <stdint.h>

#include "tool/task/task.h"

enum next { NEXT_END = 0, NEXT_GOT = 1, NEXT_WAIT = 2 }; /* NEXT_WAIT: poll for input, and come again */

#define RECORD_BEGINNING 80 /* bytes kept of a record that is too long */

struct record {
	struct item item;   /* without the separator; valid until the next call */
	uint64_t    number; /* 1, 2, ... */
	uint64_t    len;    /* what it had */
	int         too_long; /* more than the bound: item is its beginning */
};

struct record_reader;
/* Takes over the descriptor, which is closed at the end unless it is standard input.  bound: bytes of the longest record. */
struct record_reader *record_reader_open(int fd, int separator, size_t bound);
void      record_reader_close(struct record_reader *);
enum next record_reader_record(struct record_reader *, struct record *);
/* What has come and was not taken yet, at least a byte; reader_take() goes past its first len bytes. */
enum next record_reader_bytes(struct record_reader *, struct item *);
void      record_reader_take(struct record_reader *, size_t len);
int       record_reader_fd(const struct record_reader *);
/* After NEXT_END: errno of the read() that failed, or 0 at the end of file. */
int       record_reader_errno(const struct record_reader *);

#endif

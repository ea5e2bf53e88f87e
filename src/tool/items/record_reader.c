/* SPDX-License-Identifier: BSD-2-Clause */
/* A buffer behind a descriptor, and records searched in it. */
#include "config.h"
#include "tool/items/record_reader.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK (64 * 1024)

struct record_reader {
	int      fd;
	int      separator;
	size_t   bound;
	char    *buffer;
	size_t   room;
	size_t   from, to;  /* the part of buffer that was read and not taken yet */
	size_t   looked;    /* no separator stands between from and here */
	uint64_t read;      /* bytes in all */
	uint64_t number;
	uint64_t skipped;   /* bytes skipped so far of a record that is too long; 0: none */
	char     beginning[RECORD_BEGINNING]; /* of that record */
	int      ended;
	int      error;
};

struct record_reader *
record_reader_open(int fd, int separator, size_t bound)
{
	struct record_reader *r = calloc(1, sizeof *r);

	if (r == NULL || (r->buffer = malloc(CHUNK)) == NULL)
		fail_memory();
	r->fd = fd;
	r->separator = separator;
	r->bound = bound;
	r->room = CHUNK;
	return r;
}

void
record_reader_close(struct record_reader *r)
{
	if (r == NULL)
		return;
	if (r->fd > STDERR_FILENO)
		(void)close(r->fd);
	free(r->buffer);
	free(r);
}

int
record_reader_fd(const struct record_reader *r)
{
	return r->fd;
}

int
record_reader_errno(const struct record_reader *r)
{
	return r->error;
}

uint64_t
record_reader_taken(const struct record_reader *r)
{
	return r->read - (r->to - r->from);
}

void
record_reader_put_back(const struct record_reader *r, uint64_t taken)
{
	/* By as much as this reader has moved it: others may have moved it too. */
	if (taken < r->read)
		(void)lseek(r->fd, -(off_t)(r->read - taken), SEEK_CUR);
}

/* Reads more input.  Moves what it has to the front, or enlarges the buffer. */
static enum next
fill(struct record_reader *r)
{
	struct pollfd poll_fd = { .fd = r->fd, .events = POLLIN };
	int ready;

	if (r->ended)
		return NEXT_END;
	do
		ready = poll(&poll_fd, 1, 0);
	while (ready == -1 && errno == EINTR);
	if (ready == 0)
		return NEXT_WAIT;
	if (r->from > 0 && (r->from == r->to || r->room - r->to < CHUNK / 2)) {
		memmove(r->buffer, r->buffer + r->from, r->to - r->from);
		r->looked -= r->from;
		r->to -= r->from;
		r->from = 0;
	}
	if (r->room == r->to) {
		char *larger = realloc(r->buffer, r->room * 2);
		if (larger == NULL)
			fail_memory();
		r->buffer = larger;
		r->room *= 2;
	}
	for (;;) {
		ssize_t n = read(r->fd, r->buffer + r->to, r->room - r->to);
		if (n > 0) {
			r->to += (size_t)n;
			r->read += (uint64_t)n;
			return NEXT_GOT;
		}
		if (n == -1 && errno == EINTR)
			continue;
		/* The descriptor is non-blocking, and another reader was faster. */
		if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return NEXT_WAIT;
		r->error = n == -1 ? errno : 0;
		r->ended = 1;
		return NEXT_END;
	}
}

enum next
record_reader_bytes(struct record_reader *r, struct item *item)
{
	if (r->from == r->to) {
		enum next next = fill(r);
		if (next != NEXT_GOT)
			return next;
	}
	*item = (struct item){ r->buffer + r->from, r->to - r->from };
	return NEXT_GOT;
}

void
record_reader_take(struct record_reader *r, size_t len)
{
	r->from += len;
	r->looked = r->from;
}

/* Drops the input: a part of a record that is too long.  Its beginning was kept the first time. */
static void
skip(struct record_reader *r)
{
	size_t len = r->to - r->from;

	if (r->skipped == 0)
		memcpy(r->beginning, r->buffer + r->from, sizeof r->beginning);
	r->skipped += len;
	r->from = r->to = r->looked = 0;
	if (r->room > CHUNK) {
		char *smaller = realloc(r->buffer, CHUNK);
		if (smaller != NULL) {
			r->buffer = smaller;
			r->room = CHUNK;
		}
	}
}

/* The record ends at end; the next one begins at next. */
static enum next
complete(struct record_reader *r, struct record *record, size_t end, size_t next)
{
	size_t len = end - r->from;

	record->number = ++r->number;
	record->len = r->skipped + len;
	record->too_long = record->len > r->bound;
	if (r->skipped > 0)
		record->item = (struct item){ r->beginning, sizeof r->beginning };
	else if (record->too_long)
		record->item = (struct item){ r->buffer + r->from,
		    len < sizeof r->beginning ? len : sizeof r->beginning };
	else
		record->item = (struct item){ r->buffer + r->from, len };
	r->skipped = 0;
	r->from = r->looked = next;
	return NEXT_GOT;
}

enum next
record_reader_record(struct record_reader *r, struct record *record)
{
	for (;;) {
		char *at = r->looked == r->to ? NULL :
		    memchr(r->buffer + r->looked, r->separator, r->to - r->looked);
		if (at != NULL) {
			size_t end = (size_t)(at - r->buffer);
			return complete(r, record, end, end + 1);
		}
		r->looked = r->to;
		if (r->to - r->from > r->bound && r->to - r->from >= sizeof r->beginning)
			skip(r);
		enum next next = fill(r);
		if (next == NEXT_WAIT)
			return NEXT_WAIT;
		if (next == NEXT_END) {
			/* A last record needs no separator, but must not be empty. */
			if (r->from == r->to && r->skipped == 0)
				return NEXT_END;
			return complete(r, record, r->to, r->to);
		}
	}
}

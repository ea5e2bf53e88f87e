/* SPDX-License-Identifier: BSD-2-Clause */
/* Records of the journal's file: reading, adding, cutting off, and when they are on the disk. */
#include "config.h"
#include "tool/journal/journal_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tool/base/checksum.h"
#include "tool/base/file_io.h"
#include "tool/base/message.h"
#include "tool/journal/journal_internal.h"

/* Records are written when they have so many bytes. */
#define FLUSH_FROM (1u << 20)

struct record_head {
	/* CRC32C of the journal's number, the record's place, the rest of the head and the data. */
	uint32_t check;
	uint16_t magic, kind;
	uint32_t len, part;
	uint64_t seq;
};
#define RECORD_MAGIC 0x664au

void
journal_note_synced(struct journal_file *f)
{
	const uint64_t number[CHECKPOINT_NUMBERS] = { [FILE_SYNCED] = f->synced };

	checkpoint_store(&f->checkpoints->file, number);
}

static size_t
padded(uint32_t len)
{
	return ((size_t)len + 7) & ~(size_t)7;
}

static uint32_t
check_of(const struct journal_file *f, uint64_t at, const struct record_head *head,
    const void *data)
{
	const uint64_t place[2] = { f->header->number, at };
	uint32_t crc = checksum_crc(0, place, sizeof place);

	crc = checksum_crc(crc, (const char *)head + sizeof head->check,
	    sizeof *head - sizeof head->check);
	return checksum_crc(crc, data, head->len);
}

static const char padding[8];

/* The file's bytes at that place: *len of them, or as many as there are.  NULL and errno. */
static const char *
peek(struct journal_file *f, uint64_t at, size_t *len)
{
	if (at < f->buffer_at || at + *len > f->buffer_at + f->buffer_len) {
		f->buffer_at = at;
		f->buffer_len = 0;
		while (f->buffer_len < READ_SIZE) {
			ssize_t n = pread(f->fd, f->buffer + f->buffer_len,
			    READ_SIZE - f->buffer_len, (off_t)(at + f->buffer_len));
			if (n == -1 && errno == EINTR)
				continue;
			if (n == -1)
				return NULL;
			if (n == 0)
				break;
			f->buffer_len += (size_t)n;
		}
	}
	size_t there = f->buffer_len - (size_t)(at - f->buffer_at);
	*len = *len < there ? *len : there;
	return f->buffer + (at - f->buffer_at);
}

int
journal_file_read(struct journal_file *f, uint64_t at, struct journal_record *record)
{
	struct record_head head;
	size_t len = sizeof head;

	at = at == 0 ? RECORDS_AT : at;
	record->at = at;
	if (at >= f->end)
		return 0;
	const char *data = peek(f, at, &len);
	if (data == NULL)
		return -1;
	errno = 0;
	if (len < sizeof head)
		return -1;
	memcpy(&head, data, sizeof head);
	if (head.magic != RECORD_MAGIC || head.len > JOURNAL_PIECE_MAX ||
	    head.kind < JOURNAL_PART || head.kind > JOURNAL_AGAIN)
		return -1;
	len = sizeof head + padded(head.len);
	if ((data = peek(f, at, &len)) == NULL)
		return -1;
	errno = 0;
	if (len < sizeof head + padded(head.len) ||
	    memcmp(data + sizeof head + head.len, padding, padded(head.len) - head.len) != 0 ||
	    head.check != check_of(f, at, &head, data + sizeof head))
		return -1;
	*record = (struct journal_record){ .kind = (enum journal_kind)head.kind,
		.seq = head.seq,
		.part = head.part,
		.len = head.len,
		.data = data + sizeof head,
		.at = at,
		.next = at + len };
	return 1;
}

/* Whether a good record lies behind that place. */
static int
any_behind(struct journal_file *f, uint64_t at)
{
	struct journal_record record;

	for (at += 8; at + sizeof(struct record_head) <= f->end; at += 8)
		if (journal_file_read(f, at, &record) == 1)
			return 1;
	return 0;
}

void
journal_file_cut(struct journal_file *f, uint64_t at)
{
	at = at == 0 ? RECORDS_AT : at;
	/* All that was on the disk is there, and bad: no kill can have done that. */
	int damaged = at < f->synced && (f->end >= f->synced || any_behind(f, at));
	if (damaged)
		fail("--journal %s: damaged at byte %" PRIu64
		     ", and not at its end: name another file, or remove it",
		    f->path, at);
	if (at < f->end && (ftruncate(f->fd, (off_t)at) == -1 || file_sync_data(f->fd) == -1))
		fail_errno("--journal %s", f->path);
	f->end = at;
	f->buffer_len = 0;
	f->synced = at;
	journal_note_synced(f);
}

uint64_t
journal_file_end(const struct journal_file *f)
{
	return f->end + f->added.len;
}

int
journal_file_add(struct journal_file *f, enum journal_kind kind, uint64_t seq, uint32_t part,
    const void *data, uint32_t len)
{
	struct record_head head = { .magic = RECORD_MAGIC,
		.kind = (uint16_t)kind,
		.len = len,
		.part = part,
		.seq = seq };

	if (f->added.len >= FLUSH_FROM && journal_file_flush(f) == -1)
		return -1;
	head.check = check_of(f, journal_file_end(f), &head, data);
	bytes_add(&f->added, &head, sizeof head);
	bytes_add(&f->added, data, len);
	bytes_add(&f->added, padding, padded(len) - len);
	return 0;
}

int
journal_file_take_back(struct journal_file *f, uint64_t end)
{
	if (end >= f->end) {
		f->added.len = (size_t)(end - f->end);
		return 0;
	}
	f->added.len = 0;
	f->end = end;
	f->buffer_len = 0;
	return ftruncate(f->fd, (off_t)end);
}

int
journal_file_flush(struct journal_file *f)
{
	if (f->added.len == 0)
		return 0;
	int error = f->end + f->added.len > f->limit ? EFBIG : 0;
	if (error == 0 && file_write_at(f->fd, f->end, f->added.at, f->added.len) == -1) {
		error = errno;
		/* Leave no half group.  If the cut fails as well, tell the first error. */
		int cut = ftruncate(f->fd, (off_t)f->end);
		(void)cut;
	}
	if (error != 0) {
		errno = error;
		return -1;
	}
	f->end += f->added.len;
	f->added.len = 0;
	return 0;
}

int
journal_file_sync(struct journal_file *f)
{
	if (f->sync_failed) {
		errno = EIO;
		return -1;
	}
	if (journal_file_flush(f) == -1)
		return -1;
	if (file_sync_data(f->fd) == -1) {
		f->sync_failed = 1;
		return -1;
	}
	f->synced = f->end;
	journal_note_synced(f);
	return 0;
}

void
journal_file_close(struct journal_file *f)
{
	if (f == NULL)
		return;
	(void)munmap(f->front, PAGE_AT);
	(void)munmap(f->page, RECORDS_AT - PAGE_AT);
	(void)close(f->fd);
	bytes_free(&f->added);
	free(f->buffer);
	free(f->path);
	free(f);
}

int
journal_file_descriptor(const struct journal_file *f)
{
	return f->fd;
}

const char *
journal_file_path(const struct journal_file *f)
{
	return f->path;
}

struct checkpoint *
journal_file_checkpoint(struct journal_file *f, unsigned sink)
{
	return &f->checkpoints->sink[sink];
}

void *
journal_file_page(struct journal_file *f)
{
	return f->page;
}

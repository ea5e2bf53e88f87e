/* SPDX-License-Identifier: BSD-2-Clause */
/* Records of a file or an output buffer, each whole or cut off again. */
#include "config.h"
#include "tool/records/record_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/base/anchored_file.h"
#include "tool/base/escape_lines.h"
#include "tool/base/message.h"
#include "tool/base/temporary.h"

/* A shorter record is one write(), so that it stays together if others append to the file too. */
#define BUFFER_MAX ((size_t)256 << 10)

void
record_writer_open(struct record_writer *f, const char *option, const char *name,
    enum record_open how)
{
	const int flags = O_APPEND | (how == RECORD_REPLACE ? O_TRUNC : 0);
	struct anchored_file place;
	const char *why = NULL;
	struct stat st;

	*f = (struct record_writer){ .option = option, .name = name, .began = -1 };
	if (anchored_file_find(&place, NULL, name, ANCHORED_FIND) == -1)
		fail("%s: cannot write %s: %s", option, name, anchored_why(&place.dir));
	if (place.dir.place.trust != TRUSTED &&
	    (why = anchored_file_not_regular(&place)) != NULL)
		fail("%s: cannot write %s: %s", option, name, why);
	/* Append in both cases: after a record was cut off, the next one goes in its place. */
	f->fd = anchored_file_open(&place, O_RDWR | flags);
	/* joblog.c and sink.c read the file back; one that can only be written will do. */
	if (f->fd == -1 &&
	    (errno == EACCES || errno == ENXIO || errno == EINVAL || errno == ESPIPE))
		f->fd = anchored_file_open(&place, O_WRONLY | flags);
	if (f->fd == -1 || anchored_file_put(&place) == -1)
		fail_errno("%s: cannot write %s", option, name);
	if (fstat(f->fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		fail_errno("%s: cannot write %s", option, name);
	}
	anchored_file_free(&place);
}

void
record_writer_into(struct record_writer *f, struct output_buffer *stored)
{
	*f = (struct record_writer){ .option = "--json",
		.name = "standard output",
		.fd = -1,
		.stored = stored,
		.began = -1 };
}

static int
said(struct record_writer *f)
{
	if (!f->said && f->stored != NULL)
		message_errno("%s: cannot keep a record in %s", f->option, temporary_place());
	else if (!f->said)
		message_errno("%s: cannot write %s", f->option, f->name);
	f->said = 1;
	return -1;
}

int
record_writer_close(struct record_writer *f)
{
	int failed = f->fd != -1 && close(f->fd) == -1 && errno != EINTR;

	bytes_free(&f->buffer);
	sink_detach(&f->sink);
	f->fd = -1;
	return failed ? said(f) : 0;
}

void
record_begin(struct record_writer *f)
{
	struct stat st;

	bytes_clear(&f->buffer);
	f->error = 0;
	f->len = 0;
	f->began = f->fd != -1 && fstat(f->fd, &st) == 0 && S_ISREG(st.st_mode) ? st.st_size : -1;
}

static void
flush(struct record_writer *f)
{
	const char *at = f->buffer.at;
	size_t left = f->buffer.len;

	bytes_clear(&f->buffer);
	if (f->error != 0 || left == 0)
		return;
	if (f->fd == -1) {
		f->error = output_buffer_add(f->stored, at, left) == -1 ? errno : 0;
		return;
	}
	f->len += left;
	ssize_t passed = sink_pass(&f->sink, at, left);
	f->error = passed == -1 ? errno : 0;
	at += passed > 0 ? passed : 0;
	left -= passed > 0 ? (size_t)passed : 0;
	while (left > 0 && f->error == 0) {
		size_t piece = sink_piece(&f->sink, left);
		sink_tries(&f->sink, piece);
		ssize_t n = write(f->fd, at, piece);
		if (n == -1 && errno != EINTR)
			f->error = errno;
		sink_wrote(&f->sink, n > 0 ? (size_t)n : 0);
		at += n > 0 ? n : 0;
		left -= n > 0 ? (size_t)n : 0;
	}
}

void
record_add(struct record_writer *f, const void *data, size_t len)
{
	if (f->buffer.len + len > BUFFER_MAX)
		flush(f);
	bytes_add(&f->buffer, data, len);
}

void
record_text(struct record_writer *f, const char *text)
{
	record_add(f, text, strlen(text));
}

int
record_end(struct record_writer *f)
{
	flush(f);
	if (f->error == 0) {
		(void)sink_end(&f->sink, f->len);
		return 0;
	}
	sink_give_up(&f->sink);
	/* Cut off half a record: a reader would take it for a whole one, or lose the next one. */
	if (f->began != -1 && ftruncate(f->fd, f->began) == -1)
		message_errno("%s ends with half a record", f->name);
	errno = f->error;
	return said(f);
}

int
record_pieces(const struct output_buffer *p, record_piece *piece, void *arg)
{
	char buffer[RECORD_PIECE];

	for (uint64_t at = 0; at < (p != NULL ? p->len : 0);) {
		ssize_t n = output_buffer_read(p, at, buffer, sizeof buffer);
		if (n <= 0) {
			errno = n == 0 ? EIO : errno;
			return -1;
		}
		if (piece(arg, buffer, (size_t)n) == -1)
			return -1;
		at += (uint64_t)n;
	}
	return 0;
}

int
record_lines(const struct output_buffer *p, uint64_t from, uint64_t to, record_piece *piece,
    void *arg)
{
	struct bytes text = { 0 };
	char buffer[16384];
	size_t len = 0;
	int status = 0;

	while (from < to && status == 0) {
		size_t room = sizeof buffer - len;
		ssize_t n = output_buffer_read(p, from, buffer + len,
		    to - from < room ? (size_t)(to - from) : room);
		if (n <= 0) {
			errno = n == 0 ? EIO : errno;
			status = -1;
			break;
		}
		from += (uint64_t)n;
		len += (size_t)n;
		bytes_clear(&text);
		size_t used = escape_lines(&text, buffer, len, from == to);
		if (text.len > 0)
			status = piece(arg, text.at, text.len);
		len -= used;
		memmove(buffer, buffer + used, len);
	}
	int error = errno;
	bytes_free(&text);
	errno = error;
	return status;
}

int
record_piece_write(void *arg, const char *data, size_t len)
{
	int fd = *(const int *)arg;

	while (len > 0) {
		ssize_t n = write(fd, data, len);
		if (n == -1 && errno != EINTR)
			return -1;
		data += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Output buffers are lists of pieces; once the memory of all of them is used up, new pieces lie in
   a file. */
#include "config.h"
#include "tool/task/output_buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tool/base/anchored_file.h"
#include "tool/base/file_io.h"
#include "tool/base/message.h"
#include "tool/base/temporary.h"

/* A piece has room for 2^6 .. 2^20 bytes.  Each new piece of a buffer is as large as all its pieces
   before, so that neither many small jobs nor many small writes of one job take much more memory
   than they wrote. */
#define ROOM_MIN        64u
#define ROOM_MAX        (1u << 20)
#define ROOM_MAX_MEMORY (64u << 10)
#define CLASSES         15u
/* From this size on a free piece gives its blocks back to the file system (a hole). */
#define PUNCH_MIN       4096u
/* The front of a buffer is copied together with the pieces behind it if it holds less than this. */
#define GATHER_MAX      4096u

struct output_buffer_piece {
	STAILQ_ENTRY(output_buffer_piece) next;
	off_t    at;        /* offset in the file; -1: the bytes are in data */
	uint32_t room;
	uint32_t from, end; /* the part of room that is in use */
	char     data[];
};

static uint64_t total;       /* bytes in all buffers */
static uint64_t in_memory;   /* room of the pieces in memory */
static int      file = -1;
static off_t    file_end, file_max;
static size_t   file_pieces; /* in use */
/* Ranges of the file that are free again, by their size. */
static struct output_buffer_pieces unused[CLASSES];

/* The last piece that output_buffer_read() used, and how many bytes of its buffer are before it:
   reading on starts there. */
static struct {
	const struct output_buffer *buffer;
	const struct output_buffer_piece *piece;
	uint64_t before;
} last_read;

/* ------------------------------------------------------------------------------------- the file */

int
output_buffer_file(void)
{
	struct anchored_file f;
	struct anchored_dir in;
	int fd = -1;

	if (anchored_dir_open(&in, NULL, temporary_directory(), ANCHORED_FIND) == -1)
		return -1;
#ifdef O_TMPFILE
	fd = openat(in.fd, ".", O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
#else
	errno = EOPNOTSUPP;
#endif
	/* No O_TMPFILE here: create a named file and remove it, where no job can be quicker. */
	if (fd == -1 && in.place.trust == TRUSTED && anchored_file_in(&f, &in, "forkpool") == 0) {
		fd = anchored_file_temporary(&f, 0, 0600);
		anchored_file_drop(&f);
	}
	anchored_dir_close(&in);
	return fd;
}

void
output_buffer_check(void)
{
	struct anchored_dir in;
	char shown[512];

	if (!untrusted_places_exist())
		return;
	int opened = anchored_dir_open(&in, NULL, temporary_directory(), ANCHORED_FIND) == 0;
	/* Elsewhere the first file that is needed tells what is wrong. */
	if (in.place.trust == TRUSTED) {
		anchored_dir_close(&in);
		return;
	}
	int fd = opened ? output_buffer_file() : -1;
	const char *why = anchored_why(&in);
	if (fd == -1)
		fail("TMPDIR: jobs can write to %s (--writable), and no file without a name can be "
		     "made there (%s): name a directory elsewhere",
		    message_text(shown, sizeof shown, temporary_directory()), why);
	(void)close(fd);
	anchored_dir_close(&in);
}

void
output_buffer_complain(void)
{
	static int said;

	if (!said)
		message_errno("cannot keep the output of jobs in %s%s", temporary_place(),
		    errno == EFBIG ? " (ulimit -f)" : "");
	said = 1;
}

static int
file_open(void)
{
	struct rlimit limit;

	if (file != -1)
		return 0;
	if ((file = output_buffer_file()) == -1)
		return -1;
	/* A write past the limit would end the tool by SIGXFSZ. */
	file_max = (off_t)INT64_MAX;
	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < (rlim_t)file_max)
		file_max = (off_t)limit.rlim_cur;
	for (size_t i = 0; i < CLASSES; i++)
		STAILQ_INIT(&unused[i]);
	return 0;
}

/* No piece of the file is in use: begin at its start again. */
static void
file_empty(void)
{
	for (size_t i = 0; i < CLASSES; i++) {
		struct output_buffer_piece *piece;
		while ((piece = STAILQ_FIRST(&unused[i])) != NULL) {
			STAILQ_REMOVE_HEAD(&unused[i], next);
			free(piece);
		}
	}
	if (ftruncate(file, 0) == 0)
		file_end = 0;
}

/* --------------------------------------------------------------------------------------- pieces */

static unsigned
class_of(uint32_t room)
{
	unsigned class = 0;

	while (ROOM_MIN << class < room)
		class++;
	return class;
}

static struct output_buffer_piece *
piece_in_memory(uint32_t room)
{
	struct output_buffer_piece *piece = malloc(sizeof *piece + room);

	if (piece == NULL)
		fail_memory();
	piece->at = -1;
	in_memory += room;
	return piece;
}

static struct output_buffer_piece *
piece_in_file(uint32_t room)
{
	unsigned class = class_of(room);
	struct output_buffer_piece *piece;

	if (file_open() == -1)
		return NULL;
	if ((piece = STAILQ_FIRST(&unused[class])) != NULL) {
		STAILQ_REMOVE_HEAD(&unused[class], next);
	} else {
		/* A piece of whole blocks is aligned, so that a hole can take them all. */
		off_t at = room < PUNCH_MIN ?
		    file_end :
		    (file_end + (off_t)PUNCH_MIN - 1) & ~((off_t)PUNCH_MIN - 1);
		if (at > file_max - (off_t)room) {
			errno = EFBIG;
			return NULL;
		}
		if ((piece = malloc(sizeof *piece)) == NULL)
			fail_memory();
		piece->at = at;
		file_end = at + (off_t)room;
	}
	file_pieces++;
	return piece;
}

/* A piece for len more bytes, or some of them, in a buffer that holds before bytes. */
static struct output_buffer_piece *
piece_new(uint64_t before, size_t len)
{
	const uint64_t wanted = len > before ? len : before;
	const uint32_t room_max = in_memory < OUTPUT_BUFFER_MEMORY ? ROOM_MAX_MEMORY : ROOM_MAX;
	uint32_t room = ROOM_MIN;
	struct output_buffer_piece *piece;

	while (room < wanted && room < room_max)
		room *= 2;
	/* The smallest pieces stay in memory: the entry of one in the file would be as large. */
	if (room == ROOM_MIN || in_memory + room <= OUTPUT_BUFFER_MEMORY)
		piece = piece_in_memory(room);
	else
		piece = piece_in_file(room);
	if (piece != NULL) {
		piece->room = room;
		piece->from = piece->end = 0;
	}
	return piece;
}

static void
piece_free(struct output_buffer_piece *piece)
{
	if (piece->at == -1) {
		in_memory -= piece->room;
		free(piece);
		return;
	}
	STAILQ_INSERT_HEAD(&unused[class_of(piece->room)], piece, next);
	if (--file_pieces == 0)
		file_empty();
#ifdef FALLOC_FL_PUNCH_HOLE
	else if (piece->room >= PUNCH_MIN)
		(void)fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, piece->at,
		    (off_t)piece->room);
#endif
}

/* As much of data as the piece has room for. */
static ssize_t
piece_fill(struct output_buffer_piece *piece, const char *data, size_t len)
{
	if (len > piece->room - piece->end)
		len = piece->room - piece->end;
	if (piece->at == -1)
		memcpy(piece->data + piece->end, data, len);
	else if (file_write_at(file, (uint64_t)piece->at + piece->end, data, len) == -1)
		return -1;
	piece->end += (uint32_t)len;
	return (ssize_t)len;
}

static void
pieces_free(struct output_buffer_pieces *list)
{
	struct output_buffer_piece *piece;

	while ((piece = STAILQ_FIRST(list)) != NULL) {
		STAILQ_REMOVE_HEAD(list, next);
		piece_free(piece);
	}
}

/* -------------------------------------------------------------------------------------- buffers */

static void
forget_read(const struct output_buffer *p)
{
	if (last_read.buffer == p)
		last_read.buffer = NULL;
}

void
output_buffer_init(struct output_buffer *p)
{
	forget_read(p);
	STAILQ_INIT(&p->pieces);
	p->len = 0;
}

void
output_buffer_clear(struct output_buffer *p)
{
	forget_read(p);
	pieces_free(&p->pieces);
	total -= p->len;
	p->len = 0;
}

int
output_buffer_add(struct output_buffer *p, const void *data, size_t len)
{
	struct output_buffer_piece *last = STAILQ_LAST(&p->pieces, output_buffer_piece, next);
	struct output_buffer_pieces added = STAILQ_HEAD_INITIALIZER(added);
	uint32_t end = last != NULL ? last->end : 0;
	const char *from = data;
	size_t left = len;

	for (struct output_buffer_piece *piece = last; left > 0;) {
		if (piece == NULL || piece->end == piece->room) {
			if ((piece = piece_new(p->len + (len - left), left)) == NULL)
				goto undo;
			STAILQ_INSERT_TAIL(&added, piece, next);
		}
		ssize_t n = piece_fill(piece, from, left);
		if (n == -1)
			goto undo;
		from += n;
		left -= (size_t)n;
	}
	STAILQ_CONCAT(&p->pieces, &added);
	p->len += len;
	total += len;
	return 0;
undo:;
	int error = errno;
	if (last != NULL)
		last->end = end;
	pieces_free(&added);
	errno = error;
	return -1;
}

void
output_buffer_move(struct output_buffer *to, struct output_buffer *from)
{
	forget_read(from);
	STAILQ_CONCAT(&to->pieces, &from->pieces);
	to->len += from->len;
	from->len = 0;
}

static int
piece_read(const struct output_buffer_piece *piece, uint32_t from, char *buffer, size_t len)
{
	if (piece->at != -1)
		return file_read_at(file, (uint64_t)piece->at + from, buffer, len);
	memcpy(buffer, piece->data + from, len);
	return 0;
}

ssize_t
output_buffer_front(const struct output_buffer *p, const char **data, char *buffer, size_t size)
{
	const struct output_buffer_piece *piece = STAILQ_FIRST(&p->pieces);
	size_t len = 0;

	*data = buffer;
	if (piece == NULL)
		return 0;
	if (piece->at == -1 &&
	    (piece->end - piece->from >= GATHER_MAX || STAILQ_NEXT(piece, next) == NULL)) {
		*data = piece->data + piece->from;
		return (ssize_t)(size < piece->end - piece->from ? size : piece->end - piece->from);
	}
	/* Gather the output of many small jobs, so that one write() takes it; a piece in the file
	   is one read. */
	for (; piece != NULL && len < size && (len == 0 || piece->at == -1);
	     piece = STAILQ_NEXT(piece, next)) {
		size_t held = piece->end - piece->from,
		       take = held < size - len ? held : size - len;
		if (piece_read(piece, piece->from, buffer + len, take) == -1)
			return -1;
		len += take;
	}
	return (ssize_t)len;
}

ssize_t
output_buffer_read(const struct output_buffer *p, uint64_t offset, void *buffer, size_t size)
{
	const struct output_buffer_piece *piece = STAILQ_FIRST(&p->pieces);
	uint64_t before = 0;

	if (last_read.buffer == p && last_read.before <= offset) {
		piece = last_read.piece;
		before = last_read.before;
	}
	while (piece != NULL && offset - before >= piece->end - piece->from) {
		before += piece->end - piece->from;
		piece = STAILQ_NEXT(piece, next);
	}
	if (piece == NULL)
		return 0;
	last_read.buffer = p;
	last_read.piece = piece;
	last_read.before = before;
	uint32_t at = piece->from + (uint32_t)(offset - before);
	if (size > piece->end - at)
		size = piece->end - at;
	return piece_read(piece, at, buffer, size) == -1 ? -1 : (ssize_t)size;
}

void
output_buffer_drop(struct output_buffer *p, size_t len)
{
	struct output_buffer_piece *piece;

	forget_read(p);
	if (len > p->len)
		len = (size_t)p->len;
	p->len -= len;
	total -= len;
	while ((piece = STAILQ_FIRST(&p->pieces)) != NULL) {
		uint32_t held = piece->end - piece->from;
		if (len < held) {
			piece->from += (uint32_t)len;
			return;
		}
		len -= held;
		STAILQ_REMOVE_HEAD(&p->pieces, next);
		piece_free(piece);
	}
}

uint64_t
output_buffer_bytes(void)
{
	return total;
}

void
output_buffer_close(void)
{
	if (file == -1)
		return;
	if (file_pieces == 0)
		file_empty();
	(void)close(file);
	file = -1;
}

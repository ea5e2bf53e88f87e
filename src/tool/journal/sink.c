/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "tool/journal/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/base/message.h"

/* The numbers of its mark; above the flags is how many bytes are tried at base, where it is counted. */
enum { MARK_DEVICE, MARK_INODE, MARK_BASE, MARK_COUNT, MARK_AT, MARK_FLAGS };
enum { FLAG_KNOWN = 1, FLAG_MEASURED = 2, FLAG_LOST = 4, TRIES_SHIFT = 8 };

static void
note(struct sink *o)
{
	uint64_t tries = o->tries > 0 ? o->tries : o->doubt;
	uint64_t number[CHECKPOINT_NUMBERS] = {
		[MARK_DEVICE] = o->device,
		[MARK_INODE] = o->inode,
		[MARK_BASE] = o->measured ? o->base : o->tries_at,
		[MARK_COUNT] = o->count,
		[MARK_AT] = o->measured ? o->entry_at : o->entry_at + o->out - o->started,
		[MARK_FLAGS] = FLAG_KNOWN | (o->measured ? FLAG_MEASURED : 0u) |
		    (o->lost ? FLAG_LOST : 0u) | tries << TRIES_SHIFT,
	};

	o->noted = 1;
	if (o->mark != NULL)
		checkpoint_store(o->mark, number);
}

/* ------------------------------------------------------------------------------------------ attach */

/* Its descriptor is often open for writing only. */
static int
open_for_reading(int fd)
{
	char path[32];

	if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR)
		return dup(fd);
	(void)snprintf(path, sizeof path, "/dev/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Where in the file the output of this run belongs, and what of it may be there. */
static void
measure(struct sink *o, const struct stat *st, const uint64_t *number, int same)
{
	uint64_t size = (uint64_t)st->st_size;
	off_t here = lseek(o->fd, 0, SEEK_CUR);
	int appends = (fcntl(o->fd, F_GETFL) & O_APPEND) != 0;

	if (!same) {
		/* Another file, or the first run: all that is done belongs into it. */
		o->base = appends || here == -1 ? size : (uint64_t)here;
		o->count = 0;
		o->at = o->pass = o->base;
	} else if (size < number[MARK_AT] || o->lost) {
		/* Emptied by its owner's ">", cut short by a crash of the system, or we do not know how much of it is ours. */
		o->base = number[MARK_BASE];
		if (!appends && here > 0 && (uint64_t)here == size)
			o->base = size;
		else if (o->base > size)
			o->base = size;
		o->count = 0;
		o->at = o->base;
		o->pass = size;
	} else {
		o->base = number[MARK_BASE];
		o->at = number[MARK_AT];
		o->pass = size;
	}
	if (o->pass > o->at && (o->reader = open_for_reading(o->fd)) == -1)
		fail_errno("%s cannot be read, to see how much of it an earlier run has written",
		    o->name);
	if (!appends && here != -1 && o->pass <= o->at)
		(void)lseek(o->fd, (off_t)o->at, SEEK_SET);
	o->entry_at = o->at;
}

static void
doubt_end(struct sink *o)
{
	free(o->doubt_text);
	o->doubt_text = NULL;
	o->doubt = o->doubt_len = o->doubt_used = 0;
	o->doubt_from = o->doubt_to = 0;
}

/* An earlier run was killed around a write(). */
static void
doubt_begin(struct sink *o, const uint64_t *number, int same_file)
{
	size_t tried = (size_t)(number[MARK_FLAGS] >> TRIES_SHIFT);

	if (tried == 0 || tried > PIPE_BUF)
		return;
	o->doubt = tried;
	o->tries_at = number[MARK_BASE];
	if (!same_file) {
		o->doubt_from = o->pass;
		o->doubt_to = o->pass + tried;
		return;
	}
	int reader = open_for_reading(o->fd);
	if (reader == -1 || (o->doubt_text = malloc(tried)) == NULL)
		fail_errno("%s cannot be read, to see how much of it an earlier run has written",
		    o->name);
	ssize_t n = pread(reader, o->doubt_text, tried, (off_t)o->tries_at);
	(void)close(reader);
	o->doubt_len = n > 0 ? (size_t)n : 0;
	if (o->doubt_len == 0)
		doubt_end(o);
}

void
sink_attach(struct sink *o, struct checkpoint *mark, int fd, int counted, uint64_t known,
    const char *name, const char *surplus)
{
	uint64_t number[CHECKPOINT_NUMBERS];
	struct stat st = { 0 };

	*o =
	    (struct sink){ .mark = mark, .name = name, .surplus = surplus, .fd = fd, .reader = -1 };
	if (checkpoint_load(mark, number) == -1)
		memset(number, 0, sizeof number);
	if (fd != -1 && fstat(fd, &st) == -1)
		fail_errno("%s", name);
	int regular = fd != -1 && S_ISREG(st.st_mode);
	int same = (number[MARK_FLAGS] & FLAG_KNOWN) != 0 &&
	    (uint64_t)st.st_dev == number[MARK_DEVICE] && (uint64_t)st.st_ino == number[MARK_INODE];
	o->measured = regular && !counted;
	o->device = (uint64_t)st.st_dev;
	o->inode = (uint64_t)st.st_ino;
	o->count = number[MARK_COUNT];
	o->lost = o->count > known || (number[MARK_FLAGS] & FLAG_LOST) != 0;
	if (o->measured) {
		measure(o, &st, number, same && (number[MARK_FLAGS] & FLAG_MEASURED) != 0);
	} else {
		if (regular && (number[MARK_FLAGS] & FLAG_KNOWN) != 0 &&
		    (!same || st.st_size == 0)) {
			o->count = 0;
		} else if (o->count < known && (number[MARK_FLAGS] & FLAG_MEASURED) == 0) {
			o->entry_at = o->pass = number[MARK_AT];
			doubt_begin(o, number, regular);
		} else if (o->count > known)
			o->count = known;
		o->lost = 0;
	}
	if (!o->measured || !same || o->pass <= o->at)
		o->lost = 0;
	o->next = o->count;
}

void
sink_detach(struct sink *o)
{
	if (o->mark != NULL && o->reader != -1)
		(void)close(o->reader);
	free(o->end);
	free(o->doubt_text);
	*o = (struct sink){ .fd = -1, .reader = -1 };
}

/* ------------------------------------------------------------------------------------------ entries */

int
sink_wants(const struct sink *o, uint64_t number)
{
	return o->mark == NULL || (number >= o->next && !o->given_up);
}

/* Those are out whose end is. */
static void
entries_pop(struct sink *o)
{
	while (o->end_count > 0 && o->end[o->end_first] <= o->out) {
		uint64_t left = o->out - o->end[o->end_first];
		o->started = o->end[o->end_first];
		o->entry_at = o->measured ? o->at - left : 0;
		if (!o->measured)
			o->pass = 0;
		o->count++;
		o->end_first = (o->end_first + 1) & (o->end_room - 1);
		o->end_count--;
	}
	note(o);
}

int
sink_end(struct sink *o, uint64_t len)
{
	if (o->mark == NULL)
		return 0;
	int in_doubt = len > 0 && o->queued < o->doubt_to && o->queued + len > o->doubt_from;
	if (o->end_count == o->end_room) {
		size_t room = o->end_room == 0 ? 64 : 2 * o->end_room;
		uint64_t *larger = calloc(room, sizeof *larger);
		if (larger == NULL)
			fail_memory();
		for (size_t i = 0; i < o->end_count; i++)
			larger[i] = o->end[(o->end_first + i) & (o->end_room - 1)];
		free(o->end);
		o->end = larger;
		o->end_first = 0;
		o->end_room = room;
	}
	o->queued += len;
	o->next++;
	o->end[(o->end_first + o->end_count++) & (o->end_room - 1)] = o->queued;
	if (o->queued <= o->out)
		entries_pop(o);
	return in_doubt;
}

/* How far before byte len of what is queued next the last beginning of an entry is; -1: there is none. */
static ssize_t
last_beginning(const struct sink *o, size_t len)
{
	ssize_t last = o->started == o->out ? 0 : -1;

	for (size_t i = 0; i < o->end_count; i++) {
		uint64_t end = o->end[(o->end_first + i) & (o->end_room - 1)];
		if (end > o->out + len)
			break;
		last = (ssize_t)(end - o->out);
	}
	return last;
}

/* ----------------------------------------------------------------------------- what is there already */

/* What the file has from there on goes to FILE.surplus. */
static int
surplus_save(struct sink *o, uint64_t from, uint64_t to)
{
	char buffer[65536];
	int fd = open(o->surplus, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666), error = 0;

	if (fd == -1)
		return -1;
	for (uint64_t at = from; at < to && error == 0;) {
		size_t want = to - at < sizeof buffer ? (size_t)(to - at) : sizeof buffer;
		ssize_t n = pread(o->reader, buffer, want, (off_t)at);
		if (n == -1 && errno != EINTR)
			error = errno;
		if (n == 0)
			break;
		for (ssize_t done = 0; done < n && error == 0;) {
			ssize_t wrote = write(fd, buffer + done, (size_t)(n - done));
			if (wrote == -1 && errno != EINTR)
				error = errno;
			done += wrote > 0 ? wrote : 0;
		}
		at += n > 0 ? (uint64_t)n : 0;
	}
	if (error == 0 && fsync(fd) == -1)
		error = errno;
	if (close(fd) == -1 && error == 0)
		error = errno;
	errno = error;
	return error == 0 ? 0 : -1;
}

/* The comparison is over: what comes next is written, at the file's end. */
static void
pass_over(struct sink *o)
{
	if ((fcntl(o->fd, F_GETFL) & O_APPEND) == 0)
		(void)lseek(o->fd, (off_t)o->at, SEEK_SET);
	(void)close(o->reader);
	o->reader = -1;
	o->pass = o->at;
	o->lost = 0;
}

/* What the file has behind o->at is not what comes. */
static int
differs(struct sink *o)
{
	uint64_t from = o->started == o->out ? o->at : o->entry_at;

	if (!o->lost && o->started == o->out) {
		message("%s has %" PRIu64 " bytes that are not of this run: it goes on behind them",
		    o->name, o->pass - o->at);
		o->at = o->entry_at = o->pass;
	} else {
		if (surplus_save(o, from, o->pass) == -1) {
			int error = errno;
			message_errno("%s", o->surplus);
			errno = error;
			return -1;
		}
		if (ftruncate(o->fd, (off_t)o->at) == -1)
			return -1;
		message("%s had %" PRIu64
			" bytes that the journal does not know of: they are in %s now",
		    o->name, o->pass - from, o->surplus);
	}
	pass_over(o);
	note(o);
	return 0;
}

static ssize_t
pass_measured(struct sink *o, const char *data, size_t len)
{
	char buffer[65536];
	size_t want = o->pass - o->at < len ? (size_t)(o->pass - o->at) : len, same = 0;

	want = want < sizeof buffer ? want : sizeof buffer;
	ssize_t n = pread(o->reader, buffer, want, (off_t)o->at);
	if (n == -1)
		return errno == EINTR ? 0 : -1;
	while (same < (size_t)n && buffer[same] == data[same])
		same++;
	int other = same < (size_t)n || n == 0;
	if (other) {
		ssize_t entry = last_beginning(o, same);
		same = entry >= 0 ? (size_t)entry : same;
	}
	o->at += same;
	o->out += same;
	entries_pop(o);
	if (other)
		return differs(o) == -1 ? -1 : (ssize_t)same;
	if (o->at == o->pass) {
		pass_over(o);
		note(o);
	}
	return (ssize_t)same;
}

/* What was tried, as far as the file has it. */
static size_t
pass_doubt(struct sink *o, const char *data, size_t len)
{
	size_t left = o->doubt_len - o->doubt_used, n = left < len ? left : len;

	if (n == 0 || memcmp(o->doubt_text + o->doubt_used, data, n) != 0) {
		doubt_end(o);
		return 0;
	}
	o->doubt_used += n;
	o->doubt -= n;
	o->tries_at += n;
	o->out += n;
	if (o->doubt_used == o->doubt_len)
		doubt_end(o);
	entries_pop(o);
	return n;
}

static size_t
pass_counted(struct sink *o, const char *data, size_t len)
{
	/* Within its first entry. */
	uint64_t left =
	    o->end_count > 0 && o->end[o->end_first] > o->out ? o->end[o->end_first] - o->out : 0;
	size_t passed = o->pass < len ? (size_t)o->pass : len;

	passed = left < passed ? (size_t)left : passed;
	if (passed == 0)
		return o->doubt_text != NULL ? pass_doubt(o, data, len) : 0;
	o->pass -= passed;
	o->entry_at -= passed;
	o->out += passed;
	entries_pop(o);
	return passed;
}

ssize_t
sink_pass(struct sink *o, const void *data, size_t len)
{
	size_t passed = 0;

	if (o->mark == NULL || len == 0)
		return 0;
	if (!o->measured)
		return (ssize_t)pass_counted(o, data, len);
	while (o->reader != -1 && passed < len) {
		ssize_t n = pass_measured(o, (const char *)data + passed, len - passed);
		if (n == -1)
			return -1;
		passed += (size_t)n;
	}
	return (ssize_t)passed;
}

size_t
sink_piece(const struct sink *o, size_t len)
{
	return o->mark == NULL || o->measured || len <= PIPE_BUF ? len : PIPE_BUF;
}

void
sink_tries(struct sink *o, size_t len)
{
	struct stat st;

	if (o->mark == NULL || (o->measured && o->noted))
		return;
	if (!o->measured) {
		int appends = (fcntl(o->fd, F_GETFL) & O_APPEND) != 0;
		off_t here = appends ? -1 : lseek(o->fd, 0, SEEK_CUR);
		o->tries = len;
		o->tries_at = here != -1   ? (uint64_t)here :
		    fstat(o->fd, &st) == 0 ? (uint64_t)st.st_size :
					     0;
	}
	note(o);
}

void
sink_wrote(struct sink *o, size_t len)
{
	if (o->mark == NULL)
		return;
	o->tries = 0;
	o->doubt -= o->doubt < len ? o->doubt : len;
	if (o->measured && len > 0) {
		/* Others may have appended to it before that. */
		off_t here = lseek(o->fd, 0, SEEK_CUR);
		o->at = here != -1 ? (uint64_t)here : o->at + len;
	}
	o->out += len;
	entries_pop(o);
}

void
sink_give_up(struct sink *o)
{
	o->given_up = 1;
}

int
sink_caught_up(struct sink *o)
{
	if (o->mark == NULL || !o->measured || o->reader == -1 || !o->lost)
		return 0;
	return differs(o);
}

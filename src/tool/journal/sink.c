/* SPDX-License-Identifier: BSD-2-Clause */
/* What of a run's results is out already in a file or a pipe, so that nothing is written twice. */
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

/*
 * The numbers of a sink's checkpoint.  The bits above the flags of a counted sink say how many
 * bytes are tried, or in doubt, at base.
 */
enum { SAVED_DEVICE, SAVED_INODE, SAVED_BASE, SAVED_COUNT, SAVED_AT, SAVED_FLAGS };
enum { FLAG_KNOWN = 1, FLAG_MEASURED = 2, FLAG_LOST = 4, TRIES_SHIFT = 8 };

static void
sink_save(struct sink *s)
{
	uint64_t tries = s->tries > 0 ? s->tries : s->doubt;
	uint64_t number[CHECKPOINT_NUMBERS] = {
		[SAVED_DEVICE] = s->device,
		[SAVED_INODE] = s->inode,
		[SAVED_BASE] = s->measured ? s->base : s->tries_at,
		[SAVED_COUNT] = s->count,
		[SAVED_AT] = s->measured ? s->entry_at : s->entry_at + s->out - s->started,
		[SAVED_FLAGS] = FLAG_KNOWN | (s->measured ? FLAG_MEASURED : 0u) |
		    (s->lost ? FLAG_LOST : 0u) | tries << TRIES_SHIFT,
	};

	s->noted = 1;
	if (s->checkpoint != NULL)
		checkpoint_store(s->checkpoint, number);
}

/* --------------------------------------------------------------------------------------- attach */

/* The sink's own descriptor is often open for writing only. */
static int
open_for_reading(int fd)
{
	char path[32];

	if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR)
		return dup(fd);
	(void)snprintf(path, sizeof path, "/dev/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Decides where in the file this run's output belongs, and how much of it may be there. */
static void
measure(struct sink *s, const struct stat *st, const uint64_t *number, int same)
{
	uint64_t size = (uint64_t)st->st_size;
	off_t here = lseek(s->fd, 0, SEEK_CUR);
	int appends = (fcntl(s->fd, F_GETFL) & O_APPEND) != 0;

	if (!same) {
		/* Another file, or the first run: all entries belong into the file. */
		s->base = appends || here == -1 ? size : (uint64_t)here;
		s->count = 0;
		s->at = s->pass = s->base;
	} else if (size < number[SAVED_AT] || s->lost) {
		/*
		 * The shell's ">" has emptied the file, or a crash of the system has cut it short,
		 * or the journal has lost entries: compare the file from base on.
		 */
		s->base = number[SAVED_BASE];
		if (!appends && here > 0 && (uint64_t)here == size)
			s->base = size;
		else if (s->base > size)
			s->base = size;
		s->count = 0;
		s->at = s->base;
		s->pass = size;
	} else {
		s->base = number[SAVED_BASE];
		s->at = number[SAVED_AT];
		s->pass = size;
	}
	if (s->pass > s->at && (s->reader = open_for_reading(s->fd)) == -1)
		fail_errno("%s cannot be read, to see how much of it an earlier run has written",
		    s->name);
	if (!appends && here != -1 && s->pass <= s->at)
		(void)lseek(s->fd, (off_t)s->at, SEEK_SET);
	s->entry_at = s->at;
}

static void
doubt_end(struct sink *s)
{
	free(s->doubt_text);
	s->doubt_text = NULL;
	s->doubt = s->doubt_len = s->doubt_used = 0;
	s->doubt_from = s->doubt_to = 0;
}

/* If an earlier run was killed around a write(), finds out which bytes are in doubt. */
static void
doubt_begin(struct sink *s, const uint64_t *number, int same_file)
{
	size_t tried = (size_t)(number[SAVED_FLAGS] >> TRIES_SHIFT);

	if (tried == 0 || tried > PIPE_BUF)
		return;
	s->doubt = tried;
	s->tries_at = number[SAVED_BASE];
	if (!same_file) {
		s->doubt_from = s->pass;
		s->doubt_to = s->pass + tried;
		return;
	}
	int reader = open_for_reading(s->fd);
	if (reader == -1 || (s->doubt_text = malloc(tried)) == NULL)
		fail_errno("%s cannot be read, to see how much of it an earlier run has written",
		    s->name);
	ssize_t n = pread(reader, s->doubt_text, tried, (off_t)s->tries_at);
	(void)close(reader);
	s->doubt_len = n > 0 ? (size_t)n : 0;
	if (s->doubt_len == 0)
		doubt_end(s);
}

void
sink_attach(struct sink *s, struct checkpoint *checkpoint, int fd, int counted, uint64_t known,
    const char *name, const char *surplus)
{
	uint64_t number[CHECKPOINT_NUMBERS];
	struct stat st = { 0 };

	*s = (struct sink){
		.checkpoint = checkpoint, .name = name, .surplus = surplus, .fd = fd, .reader = -1
	};
	if (checkpoint_load(checkpoint, number) == -1)
		memset(number, 0, sizeof number);
	if (fd != -1 && fstat(fd, &st) == -1)
		fail_errno("%s", name);
	int regular = fd != -1 && S_ISREG(st.st_mode);
	int was_known = (number[SAVED_FLAGS] & FLAG_KNOWN) != 0;
	int was_measured = (number[SAVED_FLAGS] & FLAG_MEASURED) != 0;
	int same = was_known && (uint64_t)st.st_dev == number[SAVED_DEVICE] &&
	    (uint64_t)st.st_ino == number[SAVED_INODE];
	s->measured = regular && !counted;
	s->device = (uint64_t)st.st_dev;
	s->inode = (uint64_t)st.st_ino;
	s->count = number[SAVED_COUNT];
	s->lost = s->count > known || (number[SAVED_FLAGS] & FLAG_LOST) != 0;
	if (s->measured) {
		measure(s, &st, number, same && was_measured);
	} else if (regular && was_known && (!same || st.st_size == 0)) {
		s->count = 0;
	} else if (s->count < known && !was_measured) {
		s->entry_at = s->pass = number[SAVED_AT];
		doubt_begin(s, number, regular);
	} else if (s->count > known) {
		s->count = known;
	}
	if (!s->measured || !same || s->pass <= s->at)
		s->lost = 0;
	s->next = s->count;
}

void
sink_detach(struct sink *s)
{
	if (s->checkpoint != NULL && s->reader != -1)
		(void)close(s->reader);
	free(s->end);
	free(s->doubt_text);
	*s = (struct sink){ .fd = -1, .reader = -1 };
}

/* -------------------------------------------------------------------------------------- entries */

int
sink_wants(const struct sink *s, uint64_t number)
{
	return s->checkpoint == NULL || (number >= s->next && !s->given_up);
}

/* Counts the entries whose last byte is out. */
static void
entries_pop(struct sink *s)
{
	while (s->end_count > 0 && s->end[s->end_first] <= s->out) {
		uint64_t left = s->out - s->end[s->end_first];
		s->started = s->end[s->end_first];
		s->entry_at = s->measured ? s->at - left : 0;
		if (!s->measured)
			s->pass = 0;
		s->count++;
		s->end_first = (s->end_first + 1) & (s->end_room - 1);
		s->end_count--;
	}
	sink_save(s);
}

int
sink_end(struct sink *s, uint64_t len)
{
	if (s->checkpoint == NULL)
		return 0;
	int in_doubt = len > 0 && s->queued < s->doubt_to && s->queued + len > s->doubt_from;
	if (s->end_count == s->end_room) {
		size_t room = s->end_room == 0 ? 64 : 2 * s->end_room;
		uint64_t *larger = calloc(room, sizeof *larger);
		if (larger == NULL)
			fail_memory();
		for (size_t i = 0; i < s->end_count; i++)
			larger[i] = s->end[(s->end_first + i) & (s->end_room - 1)];
		free(s->end);
		s->end = larger;
		s->end_first = 0;
		s->end_room = room;
	}
	s->queued += len;
	s->next++;
	s->end[(s->end_first + s->end_count++) & (s->end_room - 1)] = s->queued;
	if (s->queued <= s->out)
		entries_pop(s);
	return in_doubt;
}

/* The last offset, at most len, into the bytes to come at which an entry begins; -1: none does. */
static ssize_t
last_beginning(const struct sink *s, size_t len)
{
	ssize_t last = s->started == s->out ? 0 : -1;

	for (size_t i = 0; i < s->end_count; i++) {
		uint64_t end = s->end[(s->end_first + i) & (s->end_room - 1)];
		if (end > s->out + len)
			break;
		last = (ssize_t)(end - s->out);
	}
	return last;
}

/* --------------------------------------------------------------------- passing over what is out */

/* Appends what the file has in that range to FILE.surplus. */
static int
surplus_save(struct sink *s, uint64_t from, uint64_t to)
{
	char buffer[65536];
	int fd = open(s->surplus, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666), error = 0;

	if (fd == -1)
		return -1;
	for (uint64_t at = from; at < to && error == 0;) {
		size_t want = to - at < sizeof buffer ? (size_t)(to - at) : sizeof buffer;
		ssize_t n = pread(s->reader, buffer, want, (off_t)at);
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

/* Ends the comparison: from now on bytes are written, at the file's end. */
static void
pass_over(struct sink *s)
{
	if ((fcntl(s->fd, F_GETFL) & O_APPEND) == 0)
		(void)lseek(s->fd, (off_t)s->at, SEEK_SET);
	(void)close(s->reader);
	s->reader = -1;
	s->pass = s->at;
	s->lost = 0;
}

/* What the file has at s->at differs from the bytes to be written. */
static int
differs(struct sink *s)
{
	uint64_t from = s->started == s->out ? s->at : s->entry_at;

	if (!s->lost && s->started == s->out) {
		message("%s has %" PRIu64 " bytes that are not of this run: it goes on behind them",
		    s->name, s->pass - s->at);
		s->at = s->entry_at = s->pass;
	} else {
		if (surplus_save(s, from, s->pass) == -1) {
			int error = errno;
			message_errno("%s", s->surplus);
			errno = error;
			return -1;
		}
		if (ftruncate(s->fd, (off_t)s->at) == -1)
			return -1;
		message("%s had %" PRIu64
			" bytes that the journal does not know of: they are in %s now",
		    s->name, s->pass - from, s->surplus);
	}
	pass_over(s);
	sink_save(s);
	return 0;
}

static ssize_t
pass_measured(struct sink *s, const char *data, size_t len)
{
	char buffer[65536];
	size_t want = s->pass - s->at < len ? (size_t)(s->pass - s->at) : len, same = 0;

	want = want < sizeof buffer ? want : sizeof buffer;
	ssize_t n = pread(s->reader, buffer, want, (off_t)s->at);
	if (n == -1)
		return errno == EINTR ? 0 : -1;
	while (same < (size_t)n && buffer[same] == data[same])
		same++;
	int other = same < (size_t)n || n == 0;
	if (other) {
		ssize_t entry = last_beginning(s, same);
		same = entry >= 0 ? (size_t)entry : same;
	}
	s->at += same;
	s->out += same;
	entries_pop(s);
	if (other)
		return differs(s) == -1 ? -1 : (ssize_t)same;
	if (s->at == s->pass) {
		pass_over(s);
		sink_save(s);
	}
	return (ssize_t)same;
}

/* Passes over bytes in doubt that the file has. */
static size_t
pass_doubt(struct sink *s, const char *data, size_t len)
{
	size_t left = s->doubt_len - s->doubt_used, n = left < len ? left : len;

	if (n == 0 || memcmp(s->doubt_text + s->doubt_used, data, n) != 0) {
		doubt_end(s);
		return 0;
	}
	s->doubt_used += n;
	s->doubt -= n;
	s->tries_at += n;
	s->out += n;
	if (s->doubt_used == s->doubt_len)
		doubt_end(s);
	entries_pop(s);
	return n;
}

static size_t
pass_counted(struct sink *s, const char *data, size_t len)
{
	/* Pass over bytes of the first entry only. */
	int any = s->end_count > 0 && s->end[s->end_first] > s->out;
	uint64_t left = any ? s->end[s->end_first] - s->out : 0;
	size_t passed = s->pass < len ? (size_t)s->pass : len;

	passed = left < passed ? (size_t)left : passed;
	if (passed == 0)
		return s->doubt_text != NULL ? pass_doubt(s, data, len) : 0;
	s->pass -= passed;
	s->entry_at -= passed;
	s->out += passed;
	entries_pop(s);
	return passed;
}

ssize_t
sink_pass(struct sink *s, const void *data, size_t len)
{
	size_t passed = 0;

	if (s->checkpoint == NULL || len == 0)
		return 0;
	if (!s->measured)
		return (ssize_t)pass_counted(s, data, len);
	while (s->reader != -1 && passed < len) {
		ssize_t n = pass_measured(s, (const char *)data + passed, len - passed);
		if (n == -1)
			return -1;
		passed += (size_t)n;
	}
	return (ssize_t)passed;
}

size_t
sink_piece(const struct sink *s, size_t len)
{
	return s->checkpoint == NULL || s->measured || len <= PIPE_BUF ? len : PIPE_BUF;
}

void
sink_tries(struct sink *s, size_t len)
{
	struct stat st;

	if (s->checkpoint == NULL || (s->measured && s->noted))
		return;
	if (!s->measured) {
		int appends = (fcntl(s->fd, F_GETFL) & O_APPEND) != 0;
		off_t here = appends ? -1 : lseek(s->fd, 0, SEEK_CUR);
		s->tries = len;
		s->tries_at = 0;
		if (here != -1)
			s->tries_at = (uint64_t)here;
		else if (fstat(s->fd, &st) == 0)
			s->tries_at = (uint64_t)st.st_size;
	}
	sink_save(s);
}

void
sink_wrote(struct sink *s, size_t len)
{
	if (s->checkpoint == NULL)
		return;
	s->tries = 0;
	s->doubt -= s->doubt < len ? s->doubt : len;
	if (s->measured && len > 0) {
		/* Others may have appended to the file before this write(). */
		off_t here = lseek(s->fd, 0, SEEK_CUR);
		s->at = here != -1 ? (uint64_t)here : s->at + len;
	}
	s->out += len;
	entries_pop(s);
}

void
sink_give_up(struct sink *s)
{
	s->given_up = 1;
}

int
sink_caught_up(struct sink *s)
{
	if (s->checkpoint == NULL || !s->measured || s->reader == -1 || !s->lost)
		return 0;
	return differs(s);
}

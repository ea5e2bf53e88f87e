/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes job output as far as its readers take it, and tells the journal's sinks what is out. */
#include "config.h"
#include "tool/run/output_writer.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/base/message.h"
#include "tool/base/terminal.h"

/* Once more bytes than that wait for a slow reader, no more jobs start. */
#define WAITING_MAX (UINT64_C(64) << 20)

static struct stream {
	int    fd;
	int    never_waits;   /* a file or a disk: write() takes all */
	int    terminal;
	struct output_buffer waiting;
	uint64_t queued;      /* bytes that were ever added to waiting */
	struct sink sink;
	uint64_t entry;       /* bytes added since the end of the last entry */
} stream[PUBLISH_STREAMS];

/* The errno with which standard output has taken no more; 0: it does.  Then nothing is written any
   more: what came later would stand where the rest of this belongs. */
static int out_error;
static char buffer[65536];
static int one_stream; /* standard error is standard output */
static int held; /* output for a terminal is not written now */

int
output_writer_is_one_file(void)
{
	struct stat out, err;

	return fstat(STDOUT_FILENO, &out) == 0 && fstat(STDERR_FILENO, &err) == 0 &&
	    out.st_dev == err.st_dev && out.st_ino == err.st_ino;
}

static struct stream *
stream_of(int to)
{
	return &stream[one_stream ? PUBLISH_OUT : to];
}

void
output_writer_open(int with_journal)
{
	one_stream = !with_journal && output_writer_is_one_file();
	for (int i = 0; i < PUBLISH_STREAMS; i++) {
		struct stat st;
		stream[i].fd = i == PUBLISH_OUT ? STDOUT_FILENO : STDERR_FILENO;
		stream[i].never_waits =
		    fstat(stream[i].fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode));
		stream[i].terminal = isatty(stream[i].fd);
		output_buffer_init(&stream[i].waiting);
		stream[i].sink = (struct sink){ .fd = stream[i].fd };
	}
}

int
output_writer_add(int to, const void *data, size_t len)
{
	struct stream *s = stream_of(to);

	if (output_buffer_add(&s->waiting, data, len) == -1) {
		output_buffer_complain();
		return -1;
	}
	s->entry += len;
	s->queued += len;
	return 0;
}

/* Add all of from, each line with the tag before it. */
static int
take_tagged(int to, struct output_buffer *from, const struct bytes *tag)
{
	int begins = 1;

	for (;;) {
		const char *data;
		ssize_t n = output_buffer_front(from, &data, buffer, sizeof buffer);
		if (n == -1) {
			message_errno("cannot read the output of a job back");
			return -1;
		}
		if (n == 0)
			return 0;
		for (const char *at = data, *end = data + n; at < end;) {
			const char *newline = memchr(at, '\n', (size_t)(end - at));
			size_t len =
			    newline != NULL ? (size_t)(newline + 1 - at) : (size_t)(end - at);
			if ((begins && output_writer_add(to, tag->at, tag->len) == -1) ||
			    output_writer_add(to, at, len) == -1)
				return -1;
			begins = newline != NULL;
			at += len;
		}
		output_buffer_drop(from, (size_t)n);
	}
}

int
output_writer_take(int to, struct output_buffer *from, const struct bytes *tag)
{
	struct stream *s = stream_of(to);

	if (tag != NULL)
		return take_tagged(to, from, tag);
	s->entry += from->len;
	s->queued += from->len;
	output_buffer_move(&s->waiting, from);
	return 0;
}

int
output_writer_entry_end(int to)
{
	int in_doubt = sink_end(&stream[to].sink, stream[to].entry);

	stream[to].entry = 0;
	return in_doubt;
}

struct sink *
output_writer_sink(int of)
{
	return &stream[of].sink;
}

/*
 * A pipe that poll() calls writable takes PIPE_BUF bytes at once (POSIX, and pipe(7)); a terminal
 * or a socket may take less and then wait for a moment.  The descriptor's own flags are not ours to
 * change.
 */
static ssize_t
write_some(struct stream *s, const char *data, size_t len, int wait)
{
	ssize_t n = sink_pass(&s->sink, data, len);

	if (n != 0)
		return n;
	len = sink_piece(&s->sink, len);
	/* With a journal poll() waits, not write(): a kill during write() leaves it in doubt how
	   much is out. */
	if (!s->never_waits && (!wait || s->sink.checkpoint != NULL)) {
		struct pollfd fd = { .fd = s->fd, .events = POLLOUT };
		int ready = poll(&fd, 1, wait ? -1 : 0);
		if (ready == 0 || (ready == -1 && errno == EINTR))
			return 0;
		len = len > PIPE_BUF ? PIPE_BUF : len;
	}
	if (s->terminal && message_before != NULL)
		message_before();
	sink_tries(&s->sink, len);
	n = write(s->fd, data, len);
	int error = errno;
	sink_wrote(&s->sink, n > 0 ? (size_t)n : 0);
	if (n > 0 && s->terminal)
		terminal_wrote(data[n - 1]);
	errno = error;
	if (n == -1 && (errno == EINTR || errno == EAGAIN)) {
		if (errno == EAGAIN && wait)
			(void)poll(&(struct pollfd){ .fd = s->fd, .events = POLLOUT }, 1, -1);
		return 0;
	}
	return n;
}

/* Write as much as the reader takes now; wait: all. */
static int
stream_flush(struct stream *s, int wait)
{
	if (s->terminal && held && !wait)
		return 0;
	while (s->waiting.len > 0) {
		const char *data;
		ssize_t n = output_buffer_front(&s->waiting, &data, buffer, sizeof buffer);
		if (n == -1)
			return -1;
		for (ssize_t at = 0; at < n;) {
			ssize_t wrote = write_some(s, data + at, (size_t)(n - at), wait);
			if (wrote == -1) {
				output_buffer_drop(&s->waiting, (size_t)at);
				return -1;
			}
			if (wrote == 0 && !wait) {
				output_buffer_drop(&s->waiting, (size_t)at);
				return 0;
			}
			at += wrote;
		}
		output_buffer_drop(&s->waiting, (size_t)n);
	}
	return 0;
}

static int
flush_all(int wait)
{
	if (out_error != 0) {
		errno = out_error;
		return -1;
	}
	/* If nobody reads standard error, drop what is for it: standard output goes on. */
	if (stream_flush(&stream[PUBLISH_ERR], wait) == -1) {
		sink_wrote(&stream[PUBLISH_ERR].sink, (size_t)stream[PUBLISH_ERR].waiting.len);
		output_buffer_clear(&stream[PUBLISH_ERR].waiting);
	}
	if (stream_flush(&stream[PUBLISH_OUT], wait) == 0)
		return 0;
	out_error = errno;
	return -1;
}

int
output_writer_flush(void)
{
	return flush_all(0);
}

int
output_writer_finish(void)
{
	return flush_all(1);
}

void
output_writer_hold(int hold)
{
	held = hold;
}

int
output_writer_terminal_waits(void)
{
	for (int i = 0; i < PUBLISH_STREAMS; i++)
		if (stream[i].terminal && stream[i].waiting.len > 0)
			return 1;
	return 0;
}

uint64_t
output_writer_queued(int of)
{
	return stream[of].queued;
}

uint64_t
output_writer_out(int of)
{
	return stream[of].queued - stream[of].waiting.len;
}

int
output_writer_reader_is_gone(void)
{
	/* What poll() tells of an end for writing, whatever it was asked (POSIX). */
	struct pollfd fd = { .fd = STDOUT_FILENO };

	return poll(&fd, 1, 0) == 1 && (fd.revents & (POLLERR | POLLHUP)) != 0;
}

uint64_t
output_writer_waiting(void)
{
	return stream[PUBLISH_OUT].waiting.len + stream[PUBLISH_ERR].waiting.len;
}

int
output_writer_is_full(void)
{
	return output_writer_waiting() > WAITING_MAX;
}

size_t
output_writer_pollfds(struct pollfd fds[PUBLISH_STREAMS])
{
	size_t n = 0;

	for (int i = 0; i < PUBLISH_STREAMS; i++)
		if (stream[i].waiting.len > 0 && !(held && stream[i].terminal))
			fds[n++] = (struct pollfd){ .fd = stream[i].fd, .events = POLLOUT };
	return n;
}

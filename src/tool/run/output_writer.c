#include "config.h"
#include "tool/run/output_writer.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/base/message.h"
#include "tool/base/terminal.h"

/* So much may wait for a slow reader before jobs have to wait for it too. */
#define WAITING_MAX (UINT64_C(64) << 20)

static struct stream {
	int    fd;
	int    never_waits;   /* a file: it takes what it is given */
	int    terminal;
	struct pocket waiting;
	struct outlet outlet;
	uint64_t entry;       /* bytes added since the last entry's end */
} stream[PUBLISH_STREAMS];

static char buffer[65536];
static int held;

void
publisher_open(void)
{
	for (int i = 0; i < PUBLISH_STREAMS; i++) {
		struct stat st;
		stream[i].fd = i == PUBLISH_OUT ? STDOUT_FILENO : STDERR_FILENO;
		stream[i].never_waits = fstat(stream[i].fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode));
		stream[i].terminal = isatty(stream[i].fd);
		pocket_init(&stream[i].waiting);
		stream[i].outlet = (struct outlet){ .fd = stream[i].fd };
	}
}

int
publisher_add(int to, const void *data, size_t len)
{
	if (pocket_add(&stream[to].waiting, data, len) == -1) {
		message_errno("cannot keep the output of jobs");
		return -1;
	}
	stream[to].entry += len;
	return 0;
}

/* Each line with the tag before it, and the last one whole. */
static int
take_tagged(int to, struct pocket *from, const struct bytes *tag)
{
	int begins = 1;

	for (;;) {
		const char *data;
		ssize_t n = pocket_front(from, &data, buffer, sizeof buffer);
		if (n == -1) {
			message_errno("cannot read the output of a job back");
			return -1;
		}
		if (n == 0)
			return 0;
		for (const char *at = data, *end = data + n; at < end;) {
			const char *newline = memchr(at, '\n', (size_t)(end - at));
			size_t len = newline != NULL ? (size_t)(newline + 1 - at) : (size_t)(end - at);
			if ((begins && publisher_add(to, tag->at, tag->len) == -1) || publisher_add(to, at, len) == -1)
				return -1;
			begins = newline != NULL;
			at += len;
		}
		pocket_drop(from, (size_t)n);
	}
}

int
publisher_take(int to, struct pocket *from, const struct bytes *tag)
{
	if (tag != NULL)
		return take_tagged(to, from, tag);
	stream[to].entry += from->len;
	pocket_move(&stream[to].waiting, from);
	return 0;
}

int
publisher_entry_end(int to)
{
	int in_doubt = outlet_end(&stream[to].outlet, stream[to].entry);

	stream[to].entry = 0;
	return in_doubt;
}

struct outlet *
publisher_outlet(int of)
{
	return &stream[of].outlet;
}

/*
 * A pipe that poll() calls writable takes PIPE_BUF bytes at once (POSIX, and pipe(7)); a terminal or a
 * socket may take less and then wait for a moment.  The descriptor's own flags are not ours to change.
 */
static ssize_t
write_some(struct stream *s, const char *data, size_t len, int wait)
{
	ssize_t n = outlet_pass(&s->outlet, data, len);

	if (n != 0)
		return n;
	len = outlet_piece(&s->outlet, len);
	/* With a journal it waits here, not in write(), where a kill would leave a doubt. */
	if (!s->never_waits && (!wait || s->outlet.mark != NULL)) {
		struct pollfd fd = { .fd = s->fd, .events = POLLOUT };
		int ready = poll(&fd, 1, wait ? -1 : 0);
		if (ready == 0 || (ready == -1 && errno == EINTR))
			return 0;
		len = len > PIPE_BUF ? PIPE_BUF : len;
	}
	if (s->terminal && message_before != NULL)
		message_before();
	outlet_tries(&s->outlet, len);
	n = write(s->fd, data, len);
	int error = errno;
	outlet_wrote(&s->outlet, n > 0 ? (size_t)n : 0);
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

/* As much as goes, or all where it is to wait. */
static int
stream_flush(struct stream *s, int wait)
{
	if (s->terminal && held && !wait)
		return 0;
	while (s->waiting.len > 0) {
		const char *data;
		ssize_t n = pocket_front(&s->waiting, &data, buffer, sizeof buffer);
		if (n == -1)
			return -1;
		for (ssize_t at = 0; at < n;) {
			ssize_t wrote = write_some(s, data + at, (size_t)(n - at), wait);
			if (wrote == -1) {
				pocket_drop(&s->waiting, (size_t)at);
				return -1;
			}
			if (wrote == 0 && !wait) {
				pocket_drop(&s->waiting, (size_t)at);
				return 0;
			}
			at += wrote;
		}
		pocket_drop(&s->waiting, (size_t)n);
	}
	return 0;
}

static int
flush_all(int wait)
{
	/* Nobody is to miss the output since nobody reads the errors. */
	if (stream_flush(&stream[PUBLISH_ERR], wait) == -1) {
		outlet_wrote(&stream[PUBLISH_ERR].outlet, (size_t)stream[PUBLISH_ERR].waiting.len);
		pocket_clear(&stream[PUBLISH_ERR].waiting);
	}
	return stream_flush(&stream[PUBLISH_OUT], wait);
}

int
publisher_flush(void)
{
	return flush_all(0);
}

int
publisher_finish(void)
{
	return flush_all(1);
}

void
publisher_hold(int hold)
{
	held = hold;
}

int
publisher_terminal_waits(void)
{
	for (int i = 0; i < PUBLISH_STREAMS; i++)
		if (stream[i].terminal && stream[i].waiting.len > 0)
			return 1;
	return 0;
}

uint64_t
publisher_waiting(void)
{
	return stream[PUBLISH_OUT].waiting.len + stream[PUBLISH_ERR].waiting.len;
}

int
publisher_is_full(void)
{
	return publisher_waiting() > WAITING_MAX;
}

size_t
publisher_pollfds(struct pollfd fds[PUBLISH_STREAMS])
{
	size_t n = 0;

	for (int i = 0; i < PUBLISH_STREAMS; i++)
		if (stream[i].waiting.len > 0 && !(held && stream[i].terminal))
			fds[n++] = (struct pollfd){ .fd = stream[i].fd, .events = POLLOUT };
	return n;
}

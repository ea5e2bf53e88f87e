/* SPDX-License-Identifier: BSD-2-Clause */
/* The lines one behind the other, and for each the place in both streams that it waits for. */
#include "config.h"
#include "tool/run/joblog_queue.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tool/base/array.h"
#include "tool/base/bytes.h"
#include "tool/records/joblog.h"
#include "tool/run/output_writer.h"

/* Once the lines that wait have more bytes than that, no more jobs start. */
#define LINES_MAX ((size_t)16 << 20)

static struct bytes text;
static size_t written; /* of text */
/* Lines that wait for the same output are one entry. */
static struct waiting {
	size_t   end;                     /* in text */
	uint64_t after[PUBLISH_STREAMS];  /* bytes of each stream that are to be out before */
} *waiting;
static size_t first, count, room;         /* first: before it all are written */

void
joblog_queue_add(const char *lines, size_t len)
{
	struct waiting last = { .end = text.len + len };

	if (len == 0)
		return;
	bytes_add(&text, lines, len);
	for (int i = 0; i < PUBLISH_STREAMS; i++)
		last.after[i] = output_writer_queued(i);
	if (count > first &&
	    memcmp(waiting[count - 1].after, last.after, sizeof last.after) == 0) {
		waiting[count - 1].end = last.end;
		return;
	}
	waiting = array_reserve(waiting, count, &room, sizeof *waiting);
	waiting[count++] = last;
}

static int
is_out(const struct waiting *w)
{
	for (int i = 0; i < PUBLISH_STREAMS; i++)
		if (output_writer_out(i) < w->after[i])
			return 0;
	return 1;
}

/* Move what waits to the front once it is the smaller half, so that each byte moves once or so. */
static void
compact(void)
{
	if (written <= text.len / 2)
		return;
	memmove(waiting, waiting + first, (count - first) * sizeof *waiting);
	count -= first;
	first = 0;
	for (size_t i = 0; i < count; i++)
		waiting[i].end -= written;
	memmove(text.at, text.at + written, text.len - written);
	text.len -= written;
	written = 0;
}

int
joblog_queue_write(void)
{
	const size_t from = written;

	while (first < count && is_out(&waiting[first]))
		written = waiting[first++].end;
	if (written == from)
		return 0;
	int status = joblog_write(text.at + from, written - from);
	compact();
	return status;
}

int
joblog_queue_is_full(void)
{
	return text.len - written > LINES_MAX;
}

void
joblog_queue_close(void)
{
	bytes_free(&text);
	free(waiting);
	waiting = NULL;
	first = count = room = written = 0;
}

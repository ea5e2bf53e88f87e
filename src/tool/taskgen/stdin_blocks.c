/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "tool/taskgen/stdin_blocks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/base/checksum.h"
#include "tool/task/output_buffer.h"
#include "tool/taskgen/task_builder.h"

/* What comes behind the last whole record of a block waits in memory, or, if it is longer than this, in a file. */
#define REST_IN_MEMORY (1024 * 1024)
#define PIECE          (64 * 1024)

struct stdin_blocks {
	const struct options *options;
	struct task_builder *maker;
	struct record_reader *reader;
	struct input_error   input_error;
	uint64_t seq;
	uint64_t target; /* a block has so many bytes before it is cut; more where it is all one record */
	int      begun;  /* what was left stands in the caller's file already */
	uint64_t len;    /* bytes in that file */
	uint64_t cut;    /* where its last whole record ends; 0: none does */
	char    *rest;   /* PIECE bytes at least */
	size_t   rest_room;
	uint64_t rest_len;
	int      rest_fd; /* it is in this file; -1: in memory */
	int      ended;
};

struct stdin_blocks *
stdin_blocks_open(const struct options *options)
{
	struct stdin_blocks *p = calloc(1, sizeof *p);

	if (p == NULL || (p->rest = malloc(PIECE)) == NULL)
		fail_memory();
	p->options = options;
	p->input_error.dialect = options->dialect;
	p->maker = task_builder_open(options, NULL);
	p->reader = record_reader_open(STDIN_FILENO, options->separator, 0);
	p->target = (uint64_t)options->block;
	p->rest_room = PIECE;
	p->rest_fd = -1;
	return p;
}

void
stdin_blocks_close(struct stdin_blocks *p)
{
	if (p == NULL)
		return;
	if (p->rest_fd != -1)
		(void)close(p->rest_fd);
	task_builder_close(p->maker);
	record_reader_close(p->reader);
	input_error_free(&p->input_error);
	free(p->rest);
	free(p);
}

int
stdin_blocks_fd(const struct stdin_blocks *p)
{
	return record_reader_fd(p->reader);
}

const char *
stdin_blocks_error(const struct stdin_blocks *p, int *status)
{
	return input_error_first(&p->input_error, status);
}

static enum next
broken(struct stdin_blocks *p, const char *what)
{
	static const char name[] = "--pipe";

	input_error_report(&p->input_error, 0, (struct item){ name, sizeof name - 1 }, "%s: %s", what,
	    strerror(errno));
	p->ended = 1;
	return NEXT_END;
}

/* All of it, there: 0, or -1 and errno. */
static int
put(int fd, const char *data, size_t len, uint64_t at)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, data, len, (off_t)at);
		if (n == -1 && errno != EINTR)
			return -1;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
			at += (uint64_t)n;
		}
	}
	return 0;
}

static int
get(int fd, char *data, size_t len, uint64_t at)
{
	while (len > 0) {
		ssize_t n = pread(fd, data, len, (off_t)at);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n == 0 ? EIO : errno;
			return -1;
		}
		data += n;
		len -= (size_t)n;
		at += (uint64_t)n;
	}
	return 0;
}

static int
copy(int to, int from, uint64_t at, uint64_t len, char *piece)
{
	for (uint64_t done = 0; done < len;) {
		size_t n = len - done < PIECE ? (size_t)(len - done) : PIECE;
		if (get(from, piece, n, at + done) == -1 || put(to, piece, n, done) == -1)
			return -1;
		done += n;
	}
	return 0;
}

/* Take what stands behind the cut in that file. */
static int
rest_take(struct stdin_blocks *p, int fd)
{
	p->rest_len = p->len - p->cut;
	if (p->rest_len > REST_IN_MEMORY) {
		if (p->rest_fd == -1 && (p->rest_fd = output_buffer_file()) == -1)
			return -1;
		return copy(p->rest_fd, fd, p->cut, p->rest_len, p->rest);
	}
	if (p->rest_fd != -1)
		(void)close(p->rest_fd);
	p->rest_fd = -1;
	if (p->rest_room < p->rest_len) {
		char *larger = realloc(p->rest, (size_t)p->rest_len);
		if (larger == NULL)
			fail_memory();
		p->rest = larger;
		p->rest_room = (size_t)p->rest_len;
	}
	return get(fd, p->rest, (size_t)p->rest_len, p->cut);
}

static int
rest_put(const struct stdin_blocks *p, int fd)
{
	if (p->rest_fd != -1)
		return copy(fd, p->rest_fd, 0, p->rest_len, p->rest);
	return put(fd, p->rest, (size_t)p->rest_len, 0);
}

/* For the journal, what the job reads is a part of what it is. */
static int
add_hash(int fd, uint64_t len, uint64_t *hash)
{
	char buffer[16384];

	for (uint64_t at = 0; at < len;) {
		size_t n = len - at < sizeof buffer ? (size_t)(len - at) : sizeof buffer;
		if (get(fd, buffer, n, at) == -1)
			return -1;
		*hash = checksum_hash(*hash, buffer, n);
		at += n;
	}
	return 0;
}

static enum next
make(struct stdin_blocks *p, int fd, uint64_t len, struct task **task)
{
	if (ftruncate(fd, (off_t)len) == -1)
		return broken(p, "a file for jobs' standard input");
	*task = task_builder_build(p->maker, NULL, 0, ++p->seq);
	(*task)->block_len = len;
	if (p->options->journal != NULL && add_hash(fd, len, &(*task)->hash) == -1) {
		task_free(*task);
		return broken(p, "a file for jobs' standard input");
	}
	p->begun = 0;
	return NEXT_GOT;
}

/* Fill the file up to the target; NEXT_GOT: it has so much, NEXT_END: the input has no more. */
static enum next
fill(struct stdin_blocks *p, int fd)
{
	struct item come;

	while (p->len < p->target) {
		enum next next = record_reader_bytes(p->reader, &come);
		if (next != NEXT_GOT)
			return next;
		size_t n = p->target - p->len < come.len ? (size_t)(p->target - p->len) : come.len;
		if (put(fd, come.data, n, p->len) == -1)
			return broken(p, "a file for jobs' standard input");
		const char *end = memrchr(come.data, p->options->separator, n);
		if (end != NULL)
			p->cut = p->len + (uint64_t)(end + 1 - come.data);
		p->len += n;
		record_reader_take(p->reader, n);
	}
	return NEXT_GOT;
}

enum next
stdin_blocks_next(struct stdin_blocks *p, int fd, struct task **task)
{
	if (p->ended)
		return NEXT_END;
	if (!p->begun) {
		if (rest_put(p, fd) == -1)
			return broken(p, "a file for jobs' standard input");
		p->len = p->rest_len;
		p->cut = 0;
		p->begun = 1;
		/* A long record makes all later blocks larger with GNU parallel, here its own alone. */
		if (p->options->dialect != DIALECT_PARALLEL)
			p->target = (uint64_t)p->options->block;
	}
	for (;;) {
		enum next next = fill(p, fd);
		if (next == NEXT_WAIT || p->ended)
			return next;
		if (next == NEXT_END) {
			p->ended = 1;
			if ((errno = record_reader_errno(p->reader)) != 0)
				(void)broken(p, "standard input cannot be read");
			return p->len == 0 ? NEXT_END : make(p, fd, p->len, task);
		}
		if (p->cut > 0) {
			if (rest_take(p, fd) == -1)
				return broken(p, "a file for jobs' standard input");
			return make(p, fd, p->cut, task);
		}
		/* All one record so far. */
		p->target += (p->target * 3 + 9) / 10 + 1;
	}
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Cutting standard input into blocks; the rest behind the last whole record goes on. */
#include "config.h"
#include "tool/taskgen/stdin_blocks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/base/checksum.h"
#include "tool/base/file_io.h"
#include "tool/base/temporary.h"
#include "tool/task/output_buffer.h"
#include "tool/taskgen/task_builder.h"

/* The rest behind the last whole record of a block; a longer rest waits in a file. */
#define REST_IN_MEMORY (1024 * 1024)
#define PIECE          (64 * 1024)

struct stdin_blocks {
	const struct options *options;
	struct task_builder *builder;
	struct record_reader *reader;
	struct input_error   input_error;
	uint64_t seq;
	uint64_t taken;  /* bytes in all blocks so far */
	uint64_t target; /* bytes to read before a block is cut; grows while it is one record */
	int      begun;  /* the caller's file has begun with the rest of the last block */
	uint64_t len;    /* bytes in that file */
	uint64_t cut;    /* where the last whole record in it ends; 0: there is none */
	char    *rest;   /* at least PIECE bytes, which also serve for copying */
	size_t   rest_room;
	uint64_t rest_len;
	int      rest_fd; /* the file that has the rest; -1: memory has it */
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
	p->builder = task_builder_open(options, NULL);
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
	task_builder_close(p->builder);
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

uint64_t
stdin_blocks_taken(const struct stdin_blocks *p)
{
	return p->taken;
}

void
stdin_blocks_put_back(const struct stdin_blocks *p, uint64_t taken)
{
	record_reader_put_back(p->reader, taken);
}

static enum next
broken(struct stdin_blocks *p, const char *what)
{
	static const char name[] = "--pipe";

	input_error_report(&p->input_error, 0, (struct item){ name, sizeof name - 1 }, "%s: %s",
	    what, strerror(errno));
	p->ended = 1;
	return NEXT_END;
}

/* The file of a block. */
static enum next
file_broken(struct stdin_blocks *p)
{
	char what[640];

	(void)snprintf(what, sizeof what, "a file for jobs' standard input in %s",
	    temporary_place());
	return broken(p, what);
}

/* The first len bytes of to become those of from, from offset at on. */
static int
copy(int to, int from, uint64_t at, uint64_t len, char *piece)
{
	for (uint64_t done = 0; done < len;) {
		size_t n = len - done < PIECE ? (size_t)(len - done) : PIECE;
		if (file_read_at(from, at + done, piece, n) == -1 ||
		    file_write_at(to, done, piece, n) == -1)
			return -1;
		done += n;
	}
	return 0;
}

/* Takes the rest behind the cut from the caller's file. */
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
	return file_read_at(fd, p->cut, p->rest, (size_t)p->rest_len);
}

/* Begins the caller's file with the rest. */
static int
rest_put(const struct stdin_blocks *p, int fd)
{
	if (p->rest_fd != -1)
		return copy(fd, p->rest_fd, 0, p->rest_len, p->rest);
	return file_write_at(fd, 0, p->rest, (size_t)p->rest_len);
}

/* The journal knows a job by its command and its input. */
static int
add_hash(int fd, uint64_t len, uint64_t *hash)
{
	char buffer[16384];

	for (uint64_t at = 0; at < len;) {
		size_t n = len - at < sizeof buffer ? (size_t)(len - at) : sizeof buffer;
		if (file_read_at(fd, at, buffer, n) == -1)
			return -1;
		*hash = checksum_hash(*hash, buffer, n);
		at += n;
	}
	return 0;
}

/* The task of the block that is the first len bytes of the file. */
static enum next
make_task(struct stdin_blocks *p, int fd, uint64_t len, struct task **task)
{
	if (ftruncate(fd, (off_t)len) == -1)
		return file_broken(p);
	*task = task_builder_build(p->builder, NULL, 0, ++p->seq);
	(*task)->block_len = len;
	if (p->options->journal != NULL && add_hash(fd, len, &(*task)->hash) == -1) {
		task_free(*task);
		return file_broken(p);
	}
	p->taken += len;
	(*task)->taken = p->taken;
	p->begun = 0;
	return NEXT_GOT;
}

/* Fills the file up to the target.  NEXT_GOT: it is full, NEXT_END: the input has ended. */
static enum next
fill(struct stdin_blocks *p, int fd)
{
	struct item come;

	while (p->len < p->target) {
		enum next next = record_reader_bytes(p->reader, &come);
		if (next != NEXT_GOT)
			return next;
		size_t n = p->target - p->len < come.len ? (size_t)(p->target - p->len) : come.len;
		if (file_write_at(fd, p->len, come.data, n) == -1)
			return file_broken(p);
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
			return file_broken(p);
		p->len = p->rest_len;
		p->cut = 0;
		p->begun = 1;
		/* In GNU parallel a long record makes all later blocks larger too. */
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
			return p->len == 0 ? NEXT_END : make_task(p, fd, p->len, task);
		}
		if (p->cut > 0) {
			if (rest_take(p, fd) == -1)
				return file_broken(p);
			return make_task(p, fd, p->cut, task);
		}
		/* One record so far: read more, by 30 % each time, until it ends. */
		p->target += (p->target * 3 + 9) / 10 + 1;
	}
}

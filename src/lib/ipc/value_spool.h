/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spool - values and captured output too large for a packet, in a file without a name.
 *
 * Each process of each worker slot (by parity of its generation) has a range of the file of its
 * own.  The worker writes there and names offset and length in its result; the parent reads.
 * A range is used from its beginning again when the parent has taken all that was in it, so
 * its pages stay warm, and it is bounded: past the bound the worker waits for the parent.
 * Past the range for values lies one for what a dying run had printed, which the supervisor fills.
 * Includes clock, fd, os, shared.
 */
#ifndef FORKPOOL_SPOOL_H
#define FORKPOOL_SPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "lib/ipc/shared.h"

struct spool {
	int      fd;         /* owned */
	uint64_t item_max;   /* a value with its output */
	uint64_t output_max; /* captured output of one run */
	uint64_t values;     /* bytes of a range for values */
	uint64_t stride;     /* from one process's range to the next */
};

int      spool_open(struct spool *, uint64_t value_max, uint64_t output_max); /* 0, -1 and errno */
void     spool_close(struct spool *);
uint64_t spool_base(const struct spool *, unsigned worker, unsigned parity);
/* Where the output of a run that died is. */
uint64_t spool_last_output(const struct spool *, unsigned worker, unsigned parity);
/* Whether a worker's process may say that its value is there. */
int
spool_holds(const struct spool *, unsigned worker, unsigned parity, uint64_t offset, uint64_t len);

/* In a worker: one value after the other. */
struct spool_writer {
	const struct spool *spool;
	_Atomic uint32_t *taken; /* how many values the parent has read */
	uint32_t given;          /* how many were finished */
	uint64_t base;
	uint64_t start;          /* of the value under way, relative to base */
	uint64_t at;             /* its end so far */
	uint64_t backed;         /* what has been written before: its pages are there */
	char    *map;            /* the range; NULL: not yet */
};

void spool_writer_init(struct spool_writer *, const struct spool *, _Atomic uint32_t *taken,
    unsigned worker, unsigned parity);
/* Map its range now, and not when it is first needed; no child of this process has it. */
void     spool_writer_map(struct spool_writer *);
/* Whether a new value would have to wait. */
int      spool_must_wait(const struct spool_writer *);
/* A new value begins; waits, if it must, until the parent has taken those before it. */
void     spool_begin(struct spool_writer *);
int      spool_append(struct spool_writer *, const void *data, size_t len); /* 0, -1 and errno */
/* The same from a file, from its beginning. */
int      spool_append_file(struct spool_writer *, int fd, uint64_t len);
/* The value is whole; a result names it. */
void     spool_commit(struct spool_writer *);

/* In the parent: copy what a worker's process has put there.  0, or -1: EIO it is not there. */
struct spool_reader {
	const struct spool *spool;
	uint64_t size;           /* of the file at least, if it can only grow */
	char   **map;            /* of each process's range, made as needed; NULL: read by pread() */
};

void     spool_reader_init(struct spool_reader *, const struct spool *);
void     spool_reader_release(struct spool_reader *);
int spool_read(struct spool_reader *, unsigned worker, unsigned parity, uint64_t offset, void *data,
    size_t len);

/* In the supervisor: keep what a run had printed. */
int spool_keep_output(const struct spool *, unsigned worker, unsigned parity, int fd, uint64_t len);

#endif

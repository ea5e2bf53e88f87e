/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * value_spool - values and captured output too large for a packet, in a file without a name.
 *
 * Each process of each worker slot (by parity of its generation) has a range of the file of its
 * own.  The worker writes there and names offset and length in its result; the parent reads.  When
 * the parent has taken all values in a range, the worker begins at the range's start again: so its
 * pages stay warm, and the range is bounded.  Past the bound the worker waits for the parent.
 * Behind the range for values lies one for the output of a run that died, which the supervisor
 * fills.
 */
#ifndef FORKPOOL_VALUE_SPOOL_H
#define FORKPOOL_VALUE_SPOOL_H

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
/* Where the output of a run that died lies. */
uint64_t spool_last_output(const struct spool *, unsigned worker, unsigned parity);
/* Whether offset and len lie in the process's range for values. */
int spool_holds(const struct spool *, unsigned worker, unsigned parity, uint64_t offset,
    uint64_t len);

/* In a worker: writes one value after the other. */
struct spool_writer {
	const struct spool *spool;
	_Atomic uint32_t *taken; /* how many values the parent has read */
	uint32_t given;          /* how many values are finished */
	uint64_t base;
	uint64_t start;          /* of the value under way, relative to base */
	uint64_t at;             /* its end so far */
	uint64_t backed;         /* so many bytes were written before: their pages are there */
	char    *map;            /* the range; NULL: not yet */
};

void spool_writer_init(struct spool_writer *, const struct spool *, _Atomic uint32_t *taken,
    unsigned worker, unsigned parity);
/* Map the range now, and not when it is first needed; children of this process do not have it. */
void     spool_writer_map(struct spool_writer *);
/* Whether a new value would have to wait. */
int      spool_must_wait(const struct spool_writer *);
/* How long a value begun now can be before the system's limit on files forbids to write it. */
uint64_t spool_room(const struct spool_writer *);
/* Begin a new value; waits, if it must, until the parent has taken those before it. */
void     spool_begin(struct spool_writer *);
int      spool_append(struct spool_writer *, const void *data, size_t len); /* 0, -1 and errno */
/* Append the first len bytes of a file. */
int      spool_append_file(struct spool_writer *, int fd, uint64_t len);
/* The value is whole, and a result names it. */
void     spool_commit(struct spool_writer *);

/* In the parent: reads what the workers' processes wrote. */
struct spool_reader {
	const struct spool *spool;
	uint64_t size;           /* the file has at least this size; used if it can only grow */
	char   **map;            /* each process's range, mapped when needed; NULL: use pread() */
};

void     spool_reader_init(struct spool_reader *, const struct spool *);
void     spool_reader_release(struct spool_reader *);
/* 0, or -1: EIO where there are no such bytes. */
int      spool_read(struct spool_reader *, unsigned worker, unsigned parity, uint64_t offset,
    void *data, size_t len);

/* In the supervisor: keep the output of a run that died. */
int spool_keep_output(const struct spool *, unsigned worker, unsigned parity, int fd, uint64_t len);

#endif

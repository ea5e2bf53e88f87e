/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream.h - a stream of numbered jobs through a pool, each result checked as it comes: its
 * outcome, its value, and at the end that there was exactly one for every job.
 */
#ifndef STREAM_H
#define STREAM_H

#include "bench.h"

#include <forkpool.h>

/* What a benchmark sends and has got so far: the arg of generator and consumer. */
struct stream {
	forkpool_fn    *fn;
	const uint64_t *args_of;     /* the job's argument; NULL: its number */
	uint64_t        n;           /* jobs in all */
	uint64_t        crash_every; /* one job in so many must crash; 0: none */
	uint64_t        next, args;
	uint64_t        count, sum;
};

forkpool_fn run_value; /* 8 bytes in, the job_value() of them out */

/* A pool.  Where this system refuses it the program ends with status 2, and prints why. */
struct forkpool *open_pool_with(const struct forkpool_options *options);
/* One with default options but for the number of workers and the level of isolation. */
struct forkpool *open_pool(unsigned workers);
struct forkpool *open_pool_at(enum forkpool_isolation, unsigned workers);
void close_pool(struct forkpool *pool);

/* The next job, or 0: no more.  Its args stay valid until the next call. */
int stream_generate(struct forkpool_job *job, void *stream);

/* Check a result; always 0. */
int stream_consume(const struct forkpool_result *result, void *stream);

/* Check that every job had its one result. */
void stream_finish(const struct stream *stream);

/* Run the stream with forkpool_run(); the nanoseconds that it took. */
int64_t stream_run(struct forkpool *pool, struct stream stream);

/* pool_crash.c: n jobs of which every tenth dies, in a caller that has grown since the open. */
void bench_crash(uint64_t n, unsigned workers, size_t megabytes);

/*
 * pool_forks.c: n bare forks, shared out to loops side by side in processes like a pool's workers.
 */
void bench_forks(uint64_t n, unsigned loops);

/* pool_sandbox.c: n jobs in a sandbox that has what the word names. */
void bench_sandbox(uint64_t n, unsigned workers, const char *word);

/* pool_threads.c: n jobs that so many threads submit. */
void bench_threads(uint64_t n, unsigned workers, unsigned threads);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * job_paths - the paths that one job may use beside its pool's, on their way to its process.
 *
 * They travel behind the job's arguments, in one block with them: the arguments, the paths with a
 * letter and a NUL each, and an end of fixed size that says how long they are.  So whatever carries
 * arguments carries them, and only pools whose jobs may have paths have anything to do with it.
 */
#ifndef FORKPOOL_JOB_PATHS_H
#define FORKPOOL_JOB_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#include "forkpool.h"
#include "lib/os/kept_heap.h"

#define JOB_PATHS_MAX      255u
#define JOB_PATHS_SIZE_MAX 60000u

/* So many zero bytes behind the arguments: a block without paths. */
#define JOB_PATHS_NONE     4u

/* Paths in a block that outlives them. */
struct job_paths {
	const char *at, *end;
};

/* In the parent: how long the block is for this job; 0: it has more paths, or longer ones, than
   there may be. */
size_t job_paths_block_size(const struct forkpool_job *);
/* The block of that size, to be given to kept_free(); NULL and ENOMEM. */
void  *job_paths_block(struct kept_heap *, const struct forkpool_job *, size_t size);

/* In the job's process: find the paths in a block of *len bytes, which becomes the length of the
   arguments.  An empty block has no paths.  0; -1 and EBADMSG: it is no block. */
int    job_paths_find(struct job_paths *, const void *block, size_t *len);
/* The next one, which the job may write to, or only read; NULL: there are no more. */
const char *job_paths_next(struct job_paths *, bool *writable);

#endif

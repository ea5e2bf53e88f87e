/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * passed - files at numbers that a caller passes to its jobs, and jobs that look whether they have
 * them.
 */
#ifndef FORKPOOL_TESTS_PASSED_H
#define FORKPOOL_TESTS_PASSED_H

#include <stddef.h>

#include "forkpool.h"

#define PASSED_MAX 64

/* What a job must find; the args of passed_job_finds(). */
struct passed {
	int count;
	int number[PASSED_MAX];  /* open: a file that begins with this number */
	int cloexec[PASSED_MAX]; /* and has this flag */
	int closed_count;
	int closed[PASSED_MAX];
	int only; /* no other descriptor above 2 is open */
};

/* Make a file that begins with n, at that number, which must be free. */
void passed_make(int number, int n, int cloexec);
/* Whether a file that begins with n is at that number. */
int passed_holds(int number, int n);

/* A job: succeeds where it finds just these. */
int passed_job_finds(struct forkpool_context *, const void *args, size_t args_len);

/* Several jobs find them. */
void passed_assert(struct forkpool *, const struct passed *);
/*
 * Jobs find them before and after workers crash, the pool is resized, and supervisors are killed.
 */
void passed_assert_lasting(struct forkpool *, const struct passed *);

#endif

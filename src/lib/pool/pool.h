/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool - what is behind struct forkpool.
 *
 * The public functions are in pool.c (jobs and results), pool_open.c (opening and closing),
 * pool_inspect.c (numbers) and pool_run.c (generator and consumer).  Includes dispatcher and below.
 */
#ifndef FORKPOOL_POOL_H
#define FORKPOOL_POOL_H

#include <errno.h>

#include "lib/dispatch/dispatcher.h"
#include "lib/os/fork_canary.h"

#define POOL_MAGIC    0x706f6f6cu
#define CANARY_CALLER 0x63616c6cu

struct forkpool {
	uint32_t magic;
	struct canary canary;         /* the dispatcher's setup has a copy */
	struct dispatcher d;
	struct forkpool_result result;
	char    *value;               /* of a result from the spool; grown as needed, kept warm */
	size_t   value_size;
	bool     result_plain;        /* what few results have is unset in result */
};

/* 0, or -1: EINVAL no pool, ECHILD this process was forked from the pool's. */
static inline int
pool_check(const struct forkpool *pool)
{
	if (pool == NULL || pool->magic != POOL_MAGIC) {
		errno = EINVAL;
		return -1;
	}
	if (!canary_holds(&pool->canary, CANARY_CALLER)) {
		errno = ECHILD;
		return -1;
	}
	return 0;
}

/* Let go of the result that the caller has had. */
static inline void
pool_take_back(struct forkpool *pool)
{
	struct dispatcher *d = &pool->d;

	if (d->lent != NULL)
		job_table_remove(&d->jobs, &d->arena, d->lent);
	d->lent = NULL;
}

/* Hand out what is there: 1, 0 none is, -1 and errno (the result stays to be taken). */
int pool_take(struct forkpool *, const struct forkpool_result **);

#endif

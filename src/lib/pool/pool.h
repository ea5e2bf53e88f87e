/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool - what is behind struct forkpool: the engine, and the result that the caller has.
 *
 * The public functions are in pool.c (jobs and results), pool_open.c (opening and closing),
 * pool_stats.c (numbers) and pool_run.c (generator and consumer).
 */
#ifndef FORKPOOL_POOL_H
#define FORKPOOL_POOL_H

#include <errno.h>

#include "lib/dispatch/dispatcher.h"
#include "lib/os/fork_canary.h"
#include "lib/symbols/backtrace.h"

#define POOL_MAGIC 0x706f6f6cu
#define POOL_MESSAGE_SIZE (256 + BACKTRACE_PLACE_SIZE)

struct forkpool {
	uint32_t magic;
	struct canary canary;         /* the dispatcher's setup has a copy */
	struct dispatcher d;
	uint64_t next_seq;            /* of the job accepted next */
	uint64_t by_outcome[16];      /* results handed out */
	struct job *lent;             /* its result is with the caller */
	struct forkpool_result result;
	char    *value;               /* of a result from the spool; grown as needed, kept warm */
	size_t   value_size;
	struct symbols symbols;       /* what lay where when the pool was opened */
	char    *backtrace;           /* the last one made */
	char    *message;             /* of a result that says where it died; has the job's words */
	bool     result_plain;        /* the members that few results have are unset in result */
};

/* 0, or -1: EINVAL no pool, ECHILD this process was forked from the one that opened it. */
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

/* Let go of the result that the caller has. */
static inline void
pool_take_back(struct forkpool *pool)
{
	if (pool->lent != NULL)
		job_table_remove(&pool->d.jobs, &pool->d.arena, pool->lent);
	pool->lent = NULL;
}

/* Hand out a result that is ready: 1, 0 none is, -1 and errno (the result stays ready). */
int pool_take(struct forkpool *, const struct forkpool_result **);

#endif

/*
 * pool - what is behind struct forkpool.
 *
 * The public functions are in pool.c (jobs and results), pool_open.c (opening and closing),
 * pool_inspect.c (numbers) and pool_run.c (generator and consumer).  Includes dispatcher and below.
 */
#ifndef FORKPOOL_POOL_H
#define FORKPOOL_POOL_H

#include "dispatcher.h"

#define POOL_MAGIC    0x706f6f6cu
#define CANARY_CALLER 0x63616c6cu

struct forkpool {
	uint32_t magic;
	struct canary canary;         /* the dispatcher's setup has a copy */
	struct dispatcher d;
	struct forkpool_result result;
	char    *value;               /* of a result from the spool; grown as needed, kept warm */
	size_t   value_size;
	char    *id;                  /* the lent job's, where it is not its own */
};

/* 0, or -1: EINVAL no pool, ECHILD this process was forked from the pool's. */
int pool_check(const struct forkpool *);

/* Let go of the result that the caller has had. */
void pool_take_back(struct forkpool *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* forkpool_run(): jobs from a generator, results to a consumer. */
#include "config.h"
#include "lib/pool/pool.h"

#include <errno.h>
#include <string.h>

/* Pull jobs while there is room.  1: more to pull later, 0: no more, -1: error. */
static int
pull(struct forkpool *pool, forkpool_generator *generator, void *arg, struct forkpool_job *job,
    int *held)
{
	for (;;) {
		if (!*held) {
			memset(job, 0, sizeof *job);
			int r = generator(job, arg);
			if (r <= 0)
				return r < 0 ? -1 : 0;
			*held = 1;
		}
		/* Keep a job that there is no room for: what it points to stays valid until the
		   generator is called again. */
		int r = forkpool_submit(pool, job, NULL);
		if (r <= 0)
			return r == 0 ? 1 : -1;
		*held = 0;
		if (pool->d.jobs.pending >= pool->d.options.queue_limit)
			return 1;
	}
}

/* Cancel what is left and drop its results. */
static void
drain(struct forkpool *pool)
{
	const struct forkpool_result *result;

	(void)forkpool_cancel(pool, FORKPOOL_CANCEL_RUNNING);
	while (forkpool_pending(pool) > 0 && forkpool_wait(pool, &result, -1) != -1)
		continue;
}

int
forkpool_run(struct forkpool *pool, forkpool_generator *generator, void *generator_arg,
    forkpool_consumer *consumer, void *consumer_arg)
{
	const struct forkpool_result *result;
	struct forkpool_job job;
	int held = 0, more = 1, error = 0;

	if (pool_check(pool) == -1)
		return -1;
	if (generator == NULL) {
		errno = EINVAL;
		return -1;
	}
	for (;;) {
		if (more == 1) {
			more = pull(pool, generator, generator_arg, &job, &held);
			if (more == -1)
				error = errno; /* jobs accepted so far still come to their end */
		}
		int r = forkpool_wait(pool, &result, -1);
		while (r == 1) {
			int stop = consumer != NULL ? consumer(result, consumer_arg) : 0;
			if (stop != 0) {
				drain(pool);
				return stop;
			}
			/* Take all that is ready before submitting more: fewer turns between the
			   two. */
			pool_take_back(pool);
			r = pool_take(pool, &result);
		}
		if (r == -1)
			return -1;
		if (more != 1 && forkpool_pending(pool) == 0)
			break;
	}
	if (more == -1) {
		errno = error;
		return -1;
	}
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* forkpool_run(): jobs from a generator, results to a consumer. */
#include "config.h"
#include "lib/pool/pool.h"

#include <errno.h>
#include <string.h>

#include "lib/pool/sized.h"

/* Where jobs come from. */
struct source {
	forkpool_generator *generator;
	void  *arg;
	size_t job_size;    /* as the program's header has it */
	int    held;        /* the pool had no room for this job yet */
	union {
		struct forkpool_job job;
		unsigned char room[SIZED_MOST]; /* as newer headers may have it */
	} next;
};

/* Pull jobs while there is room.  1: more to pull later, 0: no more, -1: error. */
static int
pull(struct forkpool *pool, struct source *from)
{
	struct forkpool_job *job = &from->next.job;

	for (;;) {
		if (!from->held) {
			memset(job, 0, from->job_size > sizeof *job ? from->job_size : sizeof *job);
			int r = from->generator(job, from->arg);
			if (r <= 0)
				return r < 0 ? -1 : 0;
			from->held = 1;
		}
		/* Keep a job that there is no room for: what it points to stays valid until the
		   generator is called again. */
		int r = forkpool_submit_sized(pool, job, from->job_size, NULL);
		if (r <= 0)
			return r == 0 ? 1 : -1;
		from->held = 0;
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
forkpool_run_sized(struct forkpool *pool, forkpool_generator *generator, void *generator_arg,
    forkpool_consumer *consumer, void *consumer_arg, size_t job_size)
{
	const struct forkpool_result *result;
	struct source from = {
		.generator = generator, .arg = generator_arg, .job_size = job_size,
	};
	int more = 1, error = 0;

	if (pool_check(pool) == -1)
		return -1;
	if (generator == NULL || !sized_is_valid(job_size)) {
		errno = EINVAL;
		return -1;
	}
	for (;;) {
		if (more == 1) {
			more = pull(pool, &from);
			if (more == -1)
				error = errno; /* jobs accepted so far still come to their end */
		}
		int r = forkpool_wait(pool, &result, -1);
		while (r == 1) {
			if (consumer != NULL && consumer(result, consumer_arg) != 0) {
				drain(pool);
				return 1;
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

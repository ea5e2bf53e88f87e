/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An endless stream of jobs, in constant memory, until one of them has the answer.
 *
 * forkpool_run() asks the generator for a job whenever the queue has room, and passes each result
 * to the consumer.  So there are never more jobs than the pool's queue_limit.  A job of this
 * program counts, for each number of a range, the steps that the number takes to reach 1 (halve it
 * if even, else triple it and add one), and replies the number with the most steps.  The consumer
 * stops the run at the first number that takes 300 steps or more.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <forkpool.h>

#define RANGE  1000u
#define ENOUGH 300u

struct longest { uint64_t number, steps; };

/* The job, run in a worker.  Returns 0, or the errno with which it failed. */
static int
search_range(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct longest best = { 0, 0 };
	uint64_t first;

	if (args_len != sizeof first)
		return EINVAL;
	memcpy(&first, args, sizeof first);
	for (uint64_t number = first; number < first + RANGE; number++) {
		uint64_t steps = 0;
		for (uint64_t n = number; n != 1; n = n % 2 == 0 ? n / 2 : 3 * n + 1)
			steps++;
		if (steps > best.steps)
			best = (struct longest){ number, steps };
	}
	return forkpool_reply(context, &best, sizeof best);
}

/* The generator, called when the queue has room.  Returns 1 if it filled in *job, which is zeroed
   before, 0 if there are no more jobs, and -1 on an error. */
static int
next_range(struct forkpool_job *job, void *arg)
{
	static uint64_t first; /* static: args has to stay valid until the next call */
	uint64_t *next = arg;

	first = *next;
	*next += RANGE;
	job->fn = search_range;
	job->args = &first;
	job->args_len = sizeof first;
	return 1;
}

/* The consumer, called with each result, in order here.  Returns 0 to go on.  Any other number ends
   the run, and forkpool_run() returns 1; what there is to say of it goes through arg. */
static int
look_at(const struct forkpool_result *result, void *arg)
{
	struct longest found, *record = arg;

	if (result->outcome != FORKPOOL_OK || result->value_len != sizeof found) {
		fprintf(stderr, "a job failed: %s\n", result->message);
		return 1;
	}
	memcpy(&found, result->value, sizeof found);
	if (found.steps <= record->steps)
		return 0;
	*record = found;
	printf("%llu takes %llu steps\n", (unsigned long long)found.number,
	    (unsigned long long)found.steps);
	return found.steps >= ENOUGH ? 1 : 0;
}

int
main(void)
{
	struct forkpool_options options = { .queue_limit = 64, .ordered = 1 };
	struct longest record = { 0, 0 };
	uint64_t next = 1;
	char error[256];

	struct forkpool *pool = forkpool_open(&options, error, sizeof error);
	if (pool == NULL) {
		fprintf(stderr, "no pool: %s\n", error);
		return 1;
	}
	/* After the consumer stops the run, the other jobs are cancelled; the pool stays usable. */
	if (forkpool_run(pool, next_range, &next, look_at, &record) == -1)
		fprintf(stderr, "forkpool_run: %s\n", strerror(errno));
	return forkpool_close(pool) == 0 && record.steps >= ENOUGH ? 0 : 1;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stream of jobs without an end, in constant memory, until the answer is found.
 *
 * forkpool_run() pulls a job from the generator whenever there is room for one, and hands each
 * result to the consumer; so never more jobs exist than the pool's queue_limit.  Here a job counts
 * the steps that each number of a range takes to reach 1 (halve it if even, else triple it and add
 * one) and replies the longest way; the consumer stops at the first of 300 steps or more.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <forkpool.h>

#define RANGE  1000u
#define ENOUGH 300u

struct longest { uint64_t number, steps; };

/* Runs in a worker. */
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
	return forkpool_reply(context, &best, sizeof best) == 0 ? 0 : errno;
}

/* Called when there is room: 1 a job, 0 no more, -1 an error.  *job comes zeroed. */
static int
next_range(struct forkpool_job *job, void *arg)
{
	static uint64_t first; /* what args points to has to last until the generator is called again */
	uint64_t *next = arg;

	first = *next;
	*next += RANGE;
	job->fn = search_range;
	job->args = &first;
	job->args_len = sizeof first;
	return 1;
}

/* Called with each result, here in order: 0 go on; anything else ends the run and is its answer. */
static int
look_at(const struct forkpool_result *result, void *arg)
{
	struct longest found, *record = arg;

	if (result->outcome != FORKPOOL_OK || result->value_len != sizeof found)
		return 2;
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
	/* What was under way when the consumer stopped is cancelled; the pool could go on. */
	int answer = forkpool_run(pool, next_range, &next, look_at, &record);
	if (answer != 1)
		fprintf(stderr, "forkpool_run: %s\n",
		    answer == -1 ? strerror(errno) : "a job failed");
	return forkpool_close(pool) == 0 && answer == 1 ? 0 : 1;
}

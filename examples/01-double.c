/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ten jobs, two workers, the results in order: the worker-pool pattern at its smallest.
 *
 * A job is a function, its arguments as bytes, and a name.  It runs in another process: what it
 * is given was copied there, and what it has to say goes back as bytes, with forkpool_reply().
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <forkpool.h>

#define JOBS 10

/* Runs in a worker.  0: it went well; any other number: it failed with that errno. */
static int
double_number(struct forkpool_context *context, const void *args, size_t args_len)
{
	int number;

	if (args_len != sizeof number)
		return forkpool_fail(context, EINVAL, "%zu bytes are not a number", args_len);
	memcpy(&number, args, sizeof number);
	number *= 2;
	return forkpool_reply(context, &number, sizeof number) == 0 ? 0 : errno;
}

int
main(void)
{
	/* What is not set is zero, and zero means the default. */
	struct forkpool_options options = { .workers = 2, .ordered = 1 };
	const struct forkpool_result *result;
	char error[256];
	int status = 0, got;

	struct forkpool *pool = forkpool_open(&options, error, sizeof error);
	if (pool == NULL) {
		fprintf(stderr, "no pool: %s\n", error);
		return 1;
	}

	for (int i = 1; i <= JOBS; i++) {
		char name[32];
		snprintf(name, sizeof name, "job %d", i);
		/* args and id are copied before forkpool_submit() returns. */
		struct forkpool_job job = { .fn = double_number,
			.args = &i,
			.args_len = sizeof i,
			.id = name };
		if (forkpool_submit(pool, &job, NULL) != 1) { /* 0: the queue is full, which ten cannot do */
			perror("forkpool_submit");
			forkpool_close(pool);
			return 1;
		}
	}

	/* One result for each job.  1: got one, 0: nothing is pending any more, -1: an error. */
	while ((got = forkpool_wait(pool, &result, -1)) == 1) {
		int doubled;
		if (result->outcome != FORKPOOL_OK || result->value_len != sizeof doubled) {
			printf("%s: %s %s\n", result->id, forkpool_outcome_name(result->outcome),
			    result->message);
			status = 1;
			continue;
		}
		memcpy(&doubled, result->value, sizeof doubled);
		printf("%s: %d\n", result->id, doubled);
	}
	if (got == -1) {
		perror("forkpool_wait");
		status = 1;
	}
	if (forkpool_close(pool) == -1)
		status = 1;
	return status;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The smallest program with a pool: ten jobs, two workers, the results in order.
 *
 * A job is a function, its arguments as bytes, and a name.  A job runs in another process: the
 * pool copies the arguments there, and forkpool_reply() sends the answer back, as bytes too.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <forkpool.h>

#define JOBS 10

/* The job, run in a worker.  Returns 0, or the errno with which it failed. */
static int
double_number(struct forkpool_context *context, const void *args, size_t args_len)
{
	int number;

	if (args_len != sizeof number)
		return forkpool_fail(context, EINVAL, "%zu bytes are not a number", args_len);
	memcpy(&number, args, sizeof number);
	number *= 2;
	return forkpool_reply(context, &number, sizeof number);
}

int
main(void)
{
	/* Members that are not named are 0, which means the default. */
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
		struct forkpool_job job = {
			.fn = double_number,
			.args = &i,
			.args_len = sizeof i,
			.id = name,
		};
		/*
		 * forkpool_submit() copies args and id.  It returns 1 if it took the job, -1 on an
		 * error, and 0 if the queue is full, which ten jobs do not fill.
		 */
		if (forkpool_submit(pool, &job, NULL) != 1) {
			perror("forkpool_submit");
			forkpool_close(pool);
			return 1;
		}
	}

	/* Each job has one result.  forkpool_wait() returns 1 with a result, 0 when no job is left,
	   and -1 on an error. */
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

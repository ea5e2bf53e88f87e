/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Crashes, timeouts and cancellations: each ends one job, and the other jobs go on.
 *
 * When a plain job runs past its timeout, or is cancelled, the pool ends its worker, by SIGTERM and
 * after grace_ns by SIGKILL, and starts another.  A cooperative job is told instead: it ends by
 * itself, and its worker lives on.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <forkpool.h>

#define MS INT64_C(1000000)

/* The job, run in a worker: the job's name says what it does. */
static int
misbehave(struct forkpool_context *context, const void *args, size_t args_len)
{
	const char *how = forkpool_job_id(context);

	(void)args, (void)args_len;
	if (strcmp(how, "crash") == 0)
		abort();
	if (strcmp(how, "hang") == 0)
		while (poll(NULL, 0, -1) == -1)
			continue;
	if (strcmp(how, "polite") == 0)
		while (!forkpool_cancelled(context)) /* also true when the timeout has passed */
			(void)poll(NULL, 0, 1);
	return 0; /* a real cooperative job would clean up before this */
}

static int
results_print(struct forkpool *pool)
{
	const struct forkpool_result *r;
	int got;

	while ((got = forkpool_wait(pool, &r, -1)) == 1) {
		printf("%s: %s", r->id, forkpool_outcome_name(r->outcome));
		if (r->outcome == FORKPOOL_CRASHED)
			printf(" by signal %d", r->signal);
		if (r->outcome == FORKPOOL_TIMED_OUT)
			printf(", its worker %s", r->signal == 0 ? "lives on" : "was replaced");
		printf("\n");
	}
	return got;
}

int
main(void)
{
	struct forkpool_options options = { .workers = 2, .ordered = 1, .grace_ns = 10000 * MS };
	struct forkpool_job fine = { .fn = misbehave, .id = "fine" };
	struct forkpool_job crash = { .fn = misbehave, .id = "crash" };
	struct forkpool_job hang = { .fn = misbehave, .id = "hang" };
	/* The timeout counts from the start of the job: waiting in the queue does not use it up. */
	struct forkpool_job hang_50 = { .fn = misbehave, .id = "hang", .timeout_ns = 50 * MS };
	struct forkpool_job polite_50 = {
		.fn = misbehave,
		.id = "polite",
		.timeout_ns = 50 * MS,
		.flags = FORKPOOL_COOPERATIVE,
	};
	const struct forkpool_job *jobs[] = { &fine, &crash, &hang_50, &polite_50, &fine, &hang };
	size_t count = sizeof jobs / sizeof jobs[0];
	uint64_t seq = 0;
	char error[256];

	struct forkpool *pool = forkpool_open(&options, error, sizeof error);
	if (pool == NULL) {
		fprintf(stderr, "no pool: %s\n", error);
		return 1;
	}
	for (size_t i = 0; i < count; i++)
		if (forkpool_submit(pool, jobs[i], &seq) != 1)
			goto fail;
	/* Cancel the last job, whether it waits or runs.  forkpool_cancel_job() returns 1 if the
	   job will end as cancelled, and 0 if the job had ended before. */
	if (forkpool_cancel_job(pool, seq, FORKPOOL_CANCEL_RUNNING) != 1 ||
	    results_print(pool) == -1)
		goto fail;

	/* Cancel all three jobs: two run and the third waits.  The pool stays usable. */
	printf("all at once:\n");
	for (int i = 0; i < 3; i++)
		if (forkpool_submit(pool, &hang, NULL) != 1)
			goto fail;
	if (forkpool_cancel(pool, FORKPOOL_CANCEL_RUNNING) == -1 || results_print(pool) == -1)
		goto fail;
	return forkpool_close(pool) == 0 ? 0 : 1;
fail:
	perror("forkpool");
	forkpool_close(pool);
	return 1;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What may go wrong with a job costs that job alone: a crash, a hang, a cancellation.
 *
 * A plain job that is past its timeout, or cancelled, ends at once, and its worker is replaced.
 * A cooperative one is only told, ends by itself, and its worker lives on.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <forkpool.h>

#define MS INT64_C(1000000)

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
		while (!forkpool_cancelled(context)) /* true also once its deadline has passed */
			(void)poll(NULL, 0, 1);
	return 0; /* a polite one would clean up first */
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
	struct forkpool_job fine = { .fn = misbehave, .id = "fine" },
			    crash = { .fn = misbehave, .id = "crash" };
	struct forkpool_job hang = { .fn = misbehave, .id = "hang" }, hang_50 = hang;
	struct forkpool_job polite_50 = { .fn = misbehave,
		.id = "polite",
		.flags = FORKPOOL_COOPERATIVE };
	const struct forkpool_job *jobs[] = { &fine, &crash, &hang_50, &polite_50, &fine, &hang };
	size_t count = sizeof jobs / sizeof jobs[0];
	uint64_t seq = 0;
	char error[256];

	hang_50.timeout_ns = polite_50.timeout_ns = 50 * MS; /* from its start; the time in the queue is free */
	struct forkpool *pool = forkpool_open(&options, error, sizeof error);
	if (pool == NULL) {
		fprintf(stderr, "no pool: %s\n", error);
		return 1;
	}
	for (size_t i = 0; i < count; i++)
		if (forkpool_submit(pool, jobs[i], &seq) != 1)
			goto fail;
	/* The last one, whether it waits or runs.  1: it will end as cancelled, 0: it was too late. */
	if (forkpool_cancel_job(pool, seq, FORKPOOL_CANCEL_RUNNING) != 1 ||
	    results_print(pool) == -1)
		goto fail;

	printf("all at once:\n"); /* two of them may run, the third waits; the pool stays usable */
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

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Coverage of code that runs in jobs: how often each line was executed, by all jobs together.
 *
 *	./10-coverage; gcov 10-coverage.c       (clang: llvm-cov gcov 10-coverage.c)
 *
 * Build with --coverage: each process counts the lines that it executes, and adds the counts to the
 * file 10-coverage.gcda when it ends by exit(3).  At level JOB a job's process ends by _exit(2), so
 * that nothing of the caller's is done twice, and its counts would be lost.  .job_exit keeps them.
 * The file is locked meanwhile, so it does not matter how many jobs end at a time.
 *
 * The counts of a job that crashes, exits by itself or is killed are lost: nobody is left to write
 * them.  So what gcov shows of a job function is what the jobs did that returned, whatever they
 * returned.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <forkpool.h>

#define JOBS 60

/* Of GCC's libgcov and of clang's run-time library alike. */
void __gcov_dump(void);
void __gcov_reset(void);

/* The code of which we want to know what the jobs execute of it. */
static int
grade(struct forkpool_context *context, const void *args, size_t args_len)
{
	int points;

	if (args_len != sizeof points)
		return EINVAL;                                          /* never */
	memcpy(&points, args, sizeof points);                           /* each that returned */
	if (points == 13)
		abort();                                                /* it crashed: lost */
	if (points >= 50)
		return forkpool_fail(context, ERANGE, "too many");      /* those that failed */
	const char *mark = points % 2 == 0 ? "even" : "odd";            /* those that are ok */
	return forkpool_reply(context, mark, strlen(mark));
}

/*
 * A worker is a copy of the caller, and each job's process one of its worker, counts included.
 * Those begin at nothing, or each job would write once more what the caller did before.
 */
static int
counts_reset(void *arg, void **state)
{
	(void)arg;
	(void)state;
	__gcov_reset();
	return 0;
}

static void
counts_write(void *arg, void *state)
{
	(void)arg;
	(void)state;
	__gcov_dump();
}

int
main(void)
{
	/* Jobs have an empty environment; the run-time library asks these where to write. */
	static const char *const environment[] = { "GCOV_PREFIX", "GCOV_PREFIX_STRIP", NULL };
	struct forkpool_options options = {
		.workers = 4,
		.isolation = FORKPOOL_ISOLATE_JOB, /* in a sandbox, with the directory .writable */
		.environment = environment,
		.worker_init = counts_reset,
		.job_exit = counts_write,
	};
	const struct forkpool_result *result;
	struct forkpool_stats stats;
	char error[256];
	int got;

	struct forkpool *pool = forkpool_open(&options, error, sizeof error);
	if (pool == NULL) {
		fprintf(stderr, "no pool: %s\n", error);
		return 1;
	}
	for (int i = 0; i < JOBS; i++) {
		struct forkpool_job job = { .fn = grade, .args = &i, .args_len = sizeof i };
		if (forkpool_submit(pool, &job, NULL) != 1) {           /* each job */
			perror("forkpool_submit");
			forkpool_close(pool);
			return 1;
		}
	}
	while ((got = forkpool_wait(pool, &result, -1)) == 1)
		continue;
	if (got == 0 && forkpool_get_stats(pool, &stats) == 0)
		printf("ok: %d, failed: %d, crashed: %d\n", (int)stats.by_outcome[FORKPOOL_OK],
		    (int)stats.by_outcome[FORKPOOL_FAILED],
		    (int)stats.by_outcome[FORKPOOL_CRASHED]);
	return forkpool_close(pool) == 0 && got == 0 ? 0 : 1;
}

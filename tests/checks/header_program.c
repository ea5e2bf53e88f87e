/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program that uses each structure of the interface, built by test-headers.sh with headers that
 * are not the library's.  GROWN: its structures have a member `grown` that the library does not
 * know.  SHRUNK: they lack their last one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <forkpool.h>

static int
double_it(struct forkpool_context *context, const void *args, size_t args_len)
{
	int n;

	if (args_len != sizeof n)
		return EINVAL;
	memcpy(&n, args, sizeof n);
	n *= 2;
	return forkpool_reply(context, &n, sizeof n);
}

static int jobs_left = 2;
static int job_is_wrong;

static int
next_job(struct forkpool_job *job, void *arg)
{
	static const int two = 2;

	(void)arg;
	if (jobs_left-- == 0)
		return 0;
	job->fn = double_it;
	job->args = &two;
	job->args_len = sizeof two;
#ifdef GROWN
	job->grown = job_is_wrong;
#endif
	return 1;
}

/* Something that a structure might run over. */
struct guarded_stats {
	struct forkpool_stats stats;
	unsigned char guard[64];
};
struct guarded_info {
	struct forkpool_worker_info info;
	unsigned char guard[64];
};

static int
guard_holds(const unsigned char *guard)
{
	for (int i = 0; i < 64; i++)
		if (guard[i] != 0xa5)
			return 0;
	return 1;
}

static int
run(struct forkpool *pool)
{
	const struct forkpool_result *result;
	const int number = 21;
	struct forkpool_job job = { .fn = double_it, .args = &number, .args_len = sizeof number };
	struct guarded_stats s;
	struct guarded_info w;
	int value;

	if (forkpool_submit(pool, &job, NULL) != 1 || forkpool_wait(pool, &result, -1) != 1 ||
	    result->outcome != FORKPOOL_OK || result->value_len != sizeof value)
		return 1;
	memcpy(&value, result->value, sizeof value);
	if (forkpool_run(pool, next_job, NULL, NULL, NULL) != 0)
		return 2;
	memset(&s, 0xa5, sizeof s);
	memset(&w, 0xa5, sizeof w);
	if (forkpool_get_stats(pool, &s.stats) != 0 || !guard_holds(s.guard) ||
	    forkpool_worker_info(pool, 0, &w.info) != 0 || !guard_holds(w.guard))
		return 3;
#ifdef GROWN
	if (s.stats.grown != 0 || w.info.grown != 0)
		return 4;
#endif
	printf("value %d, %d jobs, ", value, (int)s.stats.submitted);
#ifndef SHRUNK
	printf("%d ok, ", (int)s.stats.by_outcome[FORKPOOL_OK]);
#endif
	printf("%s\n", w.info.busy ? "busy" : "idle");
	return 0;
}

/* What the library says to a member that it does not know. */
static int
set_new(const char *where)
{
	struct forkpool_options options = { .workers = 1 };
	struct forkpool_sandbox sandbox = { .network = 0 };
	struct forkpool_job job = { .fn = double_it };
	char error[200] = "";

#ifdef GROWN
	options.grown = strcmp(where, "options") == 0;
	sandbox.grown = strcmp(where, "sandbox") == 0;
	job.grown = strcmp(where, "job") == 0;
#endif
	job_is_wrong = strcmp(where, "generator") == 0;
	if (strcmp(where, "sandbox") == 0) {
		options.isolation = FORKPOOL_ISOLATE_SANDBOX;
		options.sandbox = &sandbox;
	}
	struct forkpool *pool = forkpool_open(&options, error, sizeof error);
	if (pool == NULL) {
		printf("%s: %s\n", strerror(errno), error);
		return 0;
	}
	if (job_is_wrong ? forkpool_run(pool, next_job, NULL, NULL, NULL) != -1 :
			   forkpool_submit(pool, &job, NULL) != -1)
		return 1;
	printf("%s\n", strerror(errno));
	return forkpool_close(pool);
}

int
main(int argc, char **argv)
{
	char error[200];

	if (argc > 1 && strcmp(argv[1], "run") != 0)
		return set_new(argv[1]);
	struct forkpool_options options = { .workers = 1 };
	struct forkpool *pool = forkpool_open(&options, error, sizeof error);
	if (pool == NULL) {
		fprintf(stderr, "%s\n", error);
		return 1;
	}
	int r = run(pool);
	return forkpool_close(pool) != 0 ? 5 : r;
}

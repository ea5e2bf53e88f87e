/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool_sandbox.c - what opening a sandbox up costs, one thing at a time: jobs that do nothing, as
 * in "pool run N WORKERS 2".
 */
#include "stream.h"

/* Directories that a system has; none is a link. */
static const char *const places[] = { "/usr", "/etc", "/tmp", "/usr/bin", "/usr/lib", "/usr/sbin",
	"/usr/share", "/var", "/var/lib", "/usr/local", NULL };
static const char *const place[] = { "/usr", NULL };

static void
leaves_nothing(void *worker_arg, void *state)
{
	(void)worker_arg;
	(void)state;
}

static const struct way {
	const char             *word;
	struct forkpool_sandbox sandbox;
	const char *const      *job_paths;
	int                     worker_exit;
} ways[] = {
	{ "path", { .readable = place }, NULL, 0 },
	{ "root", { .private_root = 1 }, NULL, 0 },
	{ "job-path", { .job_paths = 1 }, place, 0 },
	{ "job-paths", { .job_paths = 1 }, places, 0 },
	{ "worker-exit", { .readable = NULL }, NULL, 1 },
	{ "exec", { .exec = 1, .readable = place }, NULL, 0 },
};
#define WAYS (sizeof ways / sizeof ways[0])

/* A stream whose jobs have paths of their own. */
struct paths_stream {
	struct stream      stream;
	const char *const *paths;
};

static int
paths_generate(struct forkpool_job *job, void *arg)
{
	struct paths_stream *p = arg;

	job->readable = p->paths;
	return stream_generate(job, &p->stream);
}

static int
paths_consume(const struct forkpool_result *result, void *arg)
{
	return stream_consume(result, &((struct paths_stream *)arg)->stream);
}

static int64_t
run_all(struct forkpool *pool, const struct way *way, uint64_t n)
{
	struct paths_stream p = { { .fn = run_value, .n = n }, way->job_paths };
	const int64_t start = now_ns();

	if (forkpool_run(pool, paths_generate, &p, paths_consume, &p) != 0)
		die("forkpool_run: %s", strerror(errno));
	const int64_t elapsed = now_ns() - start;
	stream_finish(&p.stream);
	return elapsed;
}

void
bench_sandbox(uint64_t n, unsigned workers, const char *word)
{
	const struct way *way = ways;

	while (way < ways + WAYS && strcmp(way->word, word) != 0)
		way++;
	if (way == ways + WAYS)
		die("pool sandbox: no such way: %s", word);
	const struct forkpool_options options = { .workers = workers,
		.isolation = FORKPOOL_ISOLATE_SANDBOX, .sandbox = &way->sandbox,
		.worker_exit = way->worker_exit ? leaves_nothing : NULL };
	struct forkpool *pool = open_pool_with(&options);

	(void)run_all(pool, way, n / 10 + 1);
	emit("rate", (double)n * 1e9 / (double)run_all(pool, way, n), "jobs/s");
	close_pool(pool);
}

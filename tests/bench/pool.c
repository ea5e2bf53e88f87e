/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool.c - forkpool's side of the table, over the public interface alone.
 *
 *	pool run N WORKERS [LEVEL]	no-op jobs through forkpool_run(), at isolation level
 *					LEVEL: 0 worker (the default), 1 a process for each job,
 *					2 that in a sandbox
 *	pool can N WORKERS LEVEL	only open such a pool: status 2 and why where it is refused
 *	pool sandbox N WORKERS WAY	as run, in a sandbox with path, root, job-path, job-paths,
 *					worker-exit or exec
 *	pool forks N LOOPS		bare fork, _exit, waitpid in loops side by side
 *	pool submit N WORKERS		as run, through forkpool_submit(), _next() and _wait()
 *	pool roundtrip N WORKERS [LEVEL] one job at a time, nothing else in flight
 *	pool echo N WORKERS WINDOW	1 MiB in and out, WINDOW jobs in flight
 *	pool crash N WORKERS MB		every tenth job dies; the caller grows by MB after the open
 *	pool memory N WORKERS EARLY	no-op jobs; resident memory after EARLY and after N of them
 *	pool mixed N WORKERS		jobs of mixed length
 *	pool threads N WORKERS THREADS	as submit, from so many threads, and one that has the pool
 *
 * Options are the defaults but for the number of workers and the level.
 */
#include "bench.h"
#include "mixed.h"
#include "payload.h"
#include "stream.h"

static int
run_echo(struct forkpool_context *context, const void *args, size_t args_len)
{
	uint64_t i;

	if (args_len != PAYLOAD_LEN)
		return EBADMSG;
	memcpy(&i, args, sizeof i);
	if (!payload_check(args, args_len, i))
		return EBADMSG;
	return forkpool_reply(context, args, args_len);
}

static int
run_mixed(struct forkpool_context *context, const void *args, size_t args_len)
{
	uint64_t ns;

	if (args_len != sizeof ns)
		return EBADMSG;
	memcpy(&ns, args, sizeof ns);
	mixed_burn(ns);
	return run_value(context, args, args_len);
}

static void
bench_run(uint64_t n, unsigned workers, enum forkpool_isolation isolation)
{
	struct forkpool *pool = open_pool_at(isolation, workers);
	int64_t elapsed;

	stream_run(pool, (struct stream){ .fn = run_value, .n = n / 10 + 1 });
	elapsed = stream_run(pool, (struct stream){ .fn = run_value, .n = n });
	emit("rate", (double)n * 1e9 / (double)elapsed, "jobs/s");
	close_pool(pool);
}

/* The same by hand: fill the queue, take the results there are, and wait where there are none. */
static int64_t
submit_all(struct forkpool *pool, uint64_t n)
{
	struct stream stream = { .fn = run_value, .n = n };
	const struct forkpool_result *result;
	const int64_t start = now_ns();
	int64_t elapsed;
	struct forkpool_job job = { 0 };
	int have = stream_generate(&job, &stream), got;

	while (stream.count < n) {
		int accepted = 1;

		while (have && (accepted = forkpool_submit(pool, &job, NULL)) == 1)
			have = stream_generate(&job, &stream);
		if (accepted < 0)
			die("forkpool_submit: %s", strerror(errno));
		got = forkpool_wait(pool, &result, -1);
		for (; got == 1; got = forkpool_next(pool, &result))
			stream_consume(result, &stream);
		if (got < 0)
			die("taking a result: %s", strerror(errno));
	}
	elapsed = now_ns() - start;
	stream_finish(&stream);
	return elapsed;
}

static void
bench_submit(uint64_t n, unsigned workers)
{
	struct forkpool *pool = open_pool(workers);

	submit_all(pool, n / 10 + 1);
	emit("rate", (double)n * 1e9 / (double)submit_all(pool, n), "jobs/s");
	close_pool(pool);
}

static void
bench_roundtrip(uint64_t n, unsigned workers, enum forkpool_isolation isolation)
{
	struct forkpool *pool = open_pool_at(isolation, workers);
	int64_t *times = allocate(n, sizeof *times);
	struct stream stream = { .fn = run_value, .n = n };
	const struct forkpool_result *result;
	int64_t start, last, now;

	stream_run(pool, (struct stream){ .fn = run_value, .n = n / 10 + 1 });
	start = last = now_ns();
	for (uint64_t i = 0; i < n; i++) {
		struct forkpool_job job = { 0 };

		stream_generate(&job, &stream);
		if (forkpool_submit(pool, &job, NULL) != 1)
			die("forkpool_submit: %s", strerror(errno));
		if (forkpool_wait(pool, &result, -1) != 1)
			die("forkpool_wait: %s", strerror(errno));
		stream_consume(result, &stream);
		now = now_ns();
		times[i] = now - last;
		last = now;
	}
	emit("mean", (double)(last - start) / (double)n, "ns");
	emit_times("trip", times, n);
	stream_finish(&stream);
	free(times);
	close_pool(pool);
}

/* Send n payloads, at most window of them in flight at a time. */
static int64_t
echo_all(struct forkpool *pool, uint64_t *words, uint64_t n, uint64_t window)
{
	const struct forkpool_result *result;
	const int64_t start = now_ns();
	struct stream seen = { .n = n };
	int64_t elapsed;

	for (uint64_t next = 0; seen.count < n;) {
		int accepted = 1;

		while (accepted == 1 && next < n && next - seen.count < window) {
			const struct forkpool_job job = {
				.fn = run_echo,
				.args = payload_take(words, next),
				.args_len = PAYLOAD_LEN,
				.user = (void *)(uintptr_t)next,
			};

			accepted = forkpool_submit(pool, &job, NULL);
			next += accepted == 1;
		}
		if (accepted < 0)
			die("forkpool_submit: %s", strerror(errno));
		if (forkpool_wait(pool, &result, -1) != 1)
			die("forkpool_wait: %s", strerror(errno));
		if (result->outcome != FORKPOOL_OK ||
		    !payload_check(result->value, result->value_len, (uintptr_t)result->user))
			die("echo: a wrong value: %s %s", forkpool_outcome_name(result->outcome),
			    result->message);
		seen.count++;
		seen.sum += job_mix((uintptr_t)result->user);
	}
	elapsed = now_ns() - start;
	stream_finish(&seen);
	return elapsed;
}

static void
bench_echo(uint64_t n, unsigned workers, uint64_t window)
{
	struct forkpool *pool = open_pool(workers);
	uint64_t *words = payload_make();

	echo_all(pool, words, n / 10 + 1, window);
	emit("rate", 2.0 * PAYLOAD_LEN * (double)n / (double)echo_all(pool, words, n, window),
	    "GB/s");
	free(words);
	close_pool(pool);
}

/* A field of a file with lines "Name:  number kB"; 0 where it has none. */
static uint64_t
proc_field(const char *path, const char *name)
{
	FILE *file = fopen(path, "r");
	char line[256];
	unsigned long long kilobytes = 0;

	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':') {
			kilobytes = strtoull(line + strlen(name) + 1, NULL, 10);
			break;
		}
	if (file != NULL)
		fclose(file);
	return kilobytes * 1024;
}

/*
 * VmRSS is the sum of counters that the kernel keeps in batches for each processor.  It may be off
 * by some hundred kilobytes, which is much beside a pool's few megabytes: use the exact count where
 * there is one.
 */
static void
emit_memory(const char *when)
{
	const uint64_t rough = proc_field("/proc/self/status", "VmRSS");
	const uint64_t exact = proc_field("/proc/self/smaps_rollup", "Rss");
	char name[64];

	if (rough == 0)
		die("/proc/self/status has no VmRSS");
	emit(when, (double)(exact != 0 ? exact : rough), "bytes");
	snprintf(name, sizeof name, "%s_vmrss", when);
	emit(name, (double)rough, "bytes");
}

struct memory_watch {
	struct stream stream;
	uint64_t      early;
};

static int
memory_generate(struct forkpool_job *job, void *arg)
{
	return stream_generate(job, &((struct memory_watch *)arg)->stream);
}

static int
memory_consume(const struct forkpool_result *result, void *arg)
{
	struct memory_watch *watch = arg;

	stream_consume(result, &watch->stream);
	if (watch->stream.count == watch->early)
		emit_memory("early");
	else if (watch->stream.count == watch->stream.n)
		emit_memory("late");
	return 0;
}

static void
bench_memory(uint64_t n, unsigned workers, uint64_t early)
{
	struct memory_watch watch = { .stream = { .fn = run_value, .n = n }, .early = early };
	struct forkpool *pool = open_pool(workers);

	emit_memory("start"); /* and stdio allocates its buffers before the first figure counts */
	if (forkpool_run(pool, memory_generate, &watch, memory_consume, &watch) != 0)
		die("forkpool_run: %s", strerror(errno));
	stream_finish(&watch.stream);
	close_pool(pool);
}

static void
bench_mixed(uint64_t n, unsigned workers)
{
	uint64_t total, *lengths = mixed_make(n, &total);
	struct forkpool *pool = open_pool(workers);
	int64_t elapsed;

	stream_run(pool, (struct stream){ .fn = run_value, .n = 100 });
	elapsed = stream_run(pool, (struct stream){ .fn = run_mixed, .args_of = lengths, .n = n });
	emit("makespan", (double)elapsed, "ns");
	emit("ideal", (double)total / workers, "ns");
	close_pool(pool);
	free(lengths);
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	const uint64_t n = argc > 2 ? parse_number(argv[2]) : 0;
	const unsigned workers = argc > 3 ? (unsigned)parse_number(argv[3]) : 0;
	const int in_words = strcmp(what, "sandbox") == 0;
	const uint64_t extra = argc > 4 && !in_words ? parse_number(argv[4]) : 0;

	if (n == 0 || workers == 0)
		die("usage: pool run|can|sandbox|forks|submit|roundtrip|echo|crash|memory|mixed|"
		    "threads N WORKERS [EXTRA]");
	if (strcmp(what, "run") == 0)
		bench_run(n, workers, (enum forkpool_isolation)extra);
	else if (strcmp(what, "can") == 0)
		close_pool(open_pool_at((enum forkpool_isolation)extra, workers));
	else if (in_words && argc > 4)
		bench_sandbox(n, workers, argv[4]);
	else if (strcmp(what, "forks") == 0)
		bench_forks(n, workers);
	else if (strcmp(what, "submit") == 0)
		bench_submit(n, workers);
	else if (strcmp(what, "roundtrip") == 0)
		bench_roundtrip(n, workers, (enum forkpool_isolation)extra);
	else if (strcmp(what, "echo") == 0 && extra > 0)
		bench_echo(n, workers, extra);
	else if (strcmp(what, "crash") == 0 && extra > 0)
		bench_crash(n, workers, extra);
	else if (strcmp(what, "memory") == 0 && extra > 0)
		bench_memory(n, workers, extra);
	else if (strcmp(what, "mixed") == 0)
		bench_mixed(n, workers);
	else if (strcmp(what, "threads") == 0 && extra > 0)
		bench_threads(n, workers, (unsigned)extra);
	else
		die("pool: no such benchmark, or a number is missing: %s", what);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* stream.c - send a stream of numbered jobs through a pool and check each result. */
#include "stream.h"

#include <signal.h>

int
run_value(struct forkpool_context *context, const void *args, size_t args_len)
{
	uint64_t i;

	if (args_len != sizeof i)
		return EBADMSG;
	memcpy(&i, args, sizeof i);
	i = job_value(i);
	return forkpool_reply(context, &i, sizeof i);
}

struct forkpool *
open_pool_with(const struct forkpool_options *options)
{
	char error[256];
	struct forkpool *pool = forkpool_open(options, error, sizeof error);

	if (pool == NULL && errno == ENOTSUP) {
		puts(error);
		exit(2);
	}
	if (pool == NULL)
		die("forkpool_open: %s", error);
	return pool;
}

struct forkpool *
open_pool_at(enum forkpool_isolation isolation, unsigned workers)
{
	const struct forkpool_options options = { .workers = workers, .isolation = isolation };

	return open_pool_with(&options);
}

struct forkpool *
open_pool(unsigned workers)
{
	return open_pool_at(FORKPOOL_ISOLATE_WORKER, workers);
}

void
close_pool(struct forkpool *pool)
{
	if (forkpool_close(pool) < 0)
		die("forkpool_close: %s", strerror(errno));
}

/* One job in crash_every must crash, but none of the first. */
static int
job_crashes(const struct stream *stream, uint64_t i)
{
	return stream->crash_every > 0 && i % stream->crash_every == stream->crash_every - 1;
}

static uint64_t
stream_args(const struct stream *stream, uint64_t i)
{
	return stream->args_of != NULL ? stream->args_of[i] : i;
}

int
stream_generate(struct forkpool_job *job, void *arg)
{
	struct stream *stream = arg;

	if (stream->next == stream->n)
		return 0;
	stream->args = stream_args(stream, stream->next);
	job->fn = stream->fn;
	job->args = &stream->args;
	job->args_len = sizeof stream->args;
	job->user = (void *)(uintptr_t)stream->next++;
	return 1;
}

int
stream_consume(const struct forkpool_result *result, void *arg)
{
	struct stream *stream = arg;
	const uint64_t i = (uintptr_t)result->user;
	uint64_t value;

	if (job_crashes(stream, i)) {
		if (result->outcome != FORKPOOL_CRASHED || result->signal != SIGSEGV)
			die("job %ju should have crashed: %s", (uintmax_t)i,
			    forkpool_outcome_name(result->outcome));
	} else {
		if (result->outcome != FORKPOOL_OK || result->value_len != sizeof value)
			die("job %ju: %s %s", (uintmax_t)i,
			    forkpool_outcome_name(result->outcome), result->message);
		memcpy(&value, result->value, sizeof value);
		if (i >= stream->n || value != job_value(stream_args(stream, i)))
			die("job %ju: a wrong value", (uintmax_t)i);
	}
	stream->count++;
	stream->sum += job_mix(i);
	return 0;
}

void
stream_finish(const struct stream *stream)
{
	uint64_t want = 0;

	for (uint64_t i = 0; i < stream->n; i++)
		want += job_mix(i);
	if (stream->count != stream->n || stream->sum != want)
		die("a result is missing, or came twice");
}

int64_t
stream_run(struct forkpool *pool, struct stream stream)
{
	const int64_t start = now_ns();
	int64_t elapsed;

	if (forkpool_run(pool, stream_generate, &stream, stream_consume, &stream) != 0)
		die("forkpool_run: %s", strerror(errno));
	elapsed = now_ns() - start;
	stream_finish(&stream);
	return elapsed;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool_crash.c - how long a crash leaves a pool without that worker.  A job that is about to crash
 * notes the time in shared memory of the benchmark, and so does the first job of every process: the
 * time between the two on the same worker is what the crash costs.
 */
#include "stream.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#define CRASH_EVERY 10u

enum event_kind { EVENT_FIRST = 1, EVENT_DEATH };

struct event {
	int64_t         at;
	unsigned        worker;
	enum event_kind what;
};

struct events {
	atomic_size_t used;
	size_t        size;
	struct event  event[]; /* in order of time for each worker: its processes never overlap */
};

static struct events *events;

static void
event_note(const struct forkpool_context *context, enum event_kind what)
{
	const size_t slot = atomic_fetch_add(&events->used, 1);

	if (slot < events->size) {
		events->event[slot].worker = forkpool_worker_index(context);
		events->event[slot].what = what;
		events->event[slot].at = now_ns();
	}
}

static int
run_crash(struct forkpool_context *context, const void *args, size_t args_len)
{
	static pid_t seen;
	static volatile int *volatile nowhere;
	const pid_t me = getpid();
	uint64_t i;

	if (seen != me) {
		seen = me;
		event_note(context, EVENT_FIRST);
	}
	if (args_len != sizeof i)
		return EBADMSG;
	memcpy(&i, args, sizeof i);
	if (i % CRASH_EVERY == CRASH_EVERY - 1) {
		event_note(context, EVENT_DEATH);
		*nowhere = 1;
	}
	return run_value(context, args, args_len);
}

static void
touch(char *memory, size_t len)
{
	for (size_t at = 0; at < len; at += 4096)
		memory[at] = 1;
}

void
bench_crash(uint64_t n, unsigned workers, size_t megabytes)
{
	const size_t room = n / CRASH_EVERY * 2 + 2 * workers + 1024, grown = megabytes << 20;
	int64_t *died = allocate(workers, sizeof *died), *times = allocate(room, sizeof *times);
	size_t used, count = 0;
	struct forkpool *pool;
	int64_t elapsed;
	void *ballast;

	events = mmap(NULL, sizeof *events + room * sizeof events->event[0],
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (events == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	events->size = room;
	touch((char *)(events + 1), room * sizeof events->event[0]);
	pool = open_pool(workers);
	ballast = mmap(NULL, grown, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (ballast == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	touch(ballast, grown);
	elapsed = stream_run(pool,
	    (struct stream){ .fn = run_crash, .n = n, .crash_every = CRASH_EVERY });
	close_pool(pool);

	used = atomic_load(&events->used);
	if (used > room)
		die("%zu events are more than there can be", used);
	for (size_t k = 0; k < used; k++) {
		const struct event *event = &events->event[k];

		if (event->worker >= workers)
			die("a job ran on worker %u of %u", event->worker, workers);
		if (event->what == EVENT_DEATH)
			died[event->worker] = event->at;
		else if (died[event->worker] != 0) {
			times[count++] = event->at - died[event->worker];
			died[event->worker] = 0;
		}
	}
	/* Of each worker only the last death may have no successor with work left to do. */
	if (count + workers < n / CRASH_EVERY)
		die("only %zu of %ju deaths had a successor", count, (uintmax_t)(n / CRASH_EVERY));
	emit_times("respawn", times, count);
	emit("rate", (double)n * 1e9 / (double)elapsed, "jobs/s");
	munmap(ballast, grown);
	free(times);
	free(died);
}

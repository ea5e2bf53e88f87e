/* SPDX-License-Identifier: BSD-2-Clause */
/* Jobs to be tried again, as a heap by the time when they are due. */
#include "config.h"
#include "tool/run/retries.h"

#include <stdlib.h>

#include "tool/base/message.h"
#include "tool/exec/channels.h"

/* Each keeps its words and the output of its last try. */
#define RETRIES_MAX 100000

struct retry {
	int64_t     due_ns; /* monotonic */
	uint64_t    number; /* of those that are due together the first comes first */
	struct job *job;
};

/* Each entry comes before those at 2i + 1 and 2i + 2. */
static struct retry *heap;
static size_t count, room;
static uint64_t numbers;

int64_t
retries_delay(int64_t first_ns, unsigned attempts, uint32_t chance)
{
	/* No sum below overflows then; the longest --retry-delay is above that, and waits as
	   long. */
	const int64_t most = INT64_MAX / 4;
	int64_t delay = first_ns < most ? first_ns : most;

	for (unsigned factor = 1; attempts > 1 && factor < RETRIES_LONGEST; factor *= 2, attempts--)
		delay = delay < most / 2 ? delay * 2 : most;
	return delay + (int64_t)((double)(delay / 2) * ((double)chance / UINT32_MAX));
}

static int
is_before(const struct retry *a, const struct retry *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->number < b->number;
}

static void
swap(size_t i, size_t j)
{
	const struct retry kept = heap[i];

	heap[i] = heap[j];
	heap[j] = kept;
}

void
retries_add(const struct options *o, struct job *failed, int64_t now)
{
	struct job *job = job_new(failed->task);

	job->before = failed;
	failed->task = NULL;
	job->channel = channel_lend(failed->channel, job);
	failed->channel = NULL;
	if (count == room) {
		const size_t larger = room == 0 ? 64 : room * 2;
		struct retry *more = reallocarray(heap, larger, sizeof *more);
		if (more == NULL)
			fail_memory();
		heap = more;
		room = larger;
	}
	heap[count] = (struct retry){
		.due_ns = now +
		    retries_delay(o->retry_delay_ns, job->task->attempts, arc4random()),
		.number = numbers++,
		.job = job,
	};
	for (size_t i = count++; i > 0 && is_before(&heap[i], &heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(i, (i - 1) / 2);
}

int64_t
retries_wait(int64_t now)
{
	if (count == 0)
		return -1;
	return heap[0].due_ns > now ? heap[0].due_ns - now : 0;
}

struct job *
retries_take(int64_t now)
{
	if (retries_wait(now) != 0)
		return NULL;
	struct job *job = heap[0].job;
	heap[0] = heap[--count];
	for (size_t i = 0;;) {
		size_t first = i;
		for (size_t below = 2 * i + 1; below <= 2 * i + 2 && below < count; below++)
			if (is_before(&heap[below], &heap[first]))
				first = below;
		if (first == i)
			return job;
		swap(i, first);
		i = first;
	}
}

int
retries_are_full(void)
{
	return count >= RETRIES_MAX;
}

void
retries_close(void)
{
	free(heap);
	heap = NULL;
	room = 0;
}

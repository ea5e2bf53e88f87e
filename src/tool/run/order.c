/* SPDX-License-Identifier: BSD-2-Clause */
/* A ring of the jobs that have ended before their turn: number seq is at seq & (ring_size - 1). */
#include "config.h"
#include "tool/run/order.h"

#include <stdlib.h>

#include "tool/base/message.h"

static struct entry {
	struct job *job;
	int         ended;
} *ring;
static size_t ring_size; /* 0, or a power of two */
static uint64_t turn;

void
order_open(uint64_t first)
{
	turn = first;
}

static void
ring_grow(uint64_t seq)
{
	size_t size = ring_size == 0 ? 1024 : ring_size;

	while (seq - turn >= size)
		size *= 2;
	struct entry *larger = calloc(size, sizeof *larger);
	if (larger == NULL)
		fail_memory();
	for (uint64_t i = turn; i < turn + ring_size; i++)
		larger[i & (size - 1)] = ring[i & (ring_size - 1)];
	free(ring);
	ring = larger;
	ring_size = size;
}

void
order_add(uint64_t seq, struct job *job)
{
	if (seq - turn >= ring_size)
		ring_grow(seq);
	ring[seq & (ring_size - 1)] = (struct entry){ job, 1 };
}

struct job *
order_next(void)
{
	while (ring_size > 0 && ring[turn & (ring_size - 1)].ended) {
		struct entry *e = &ring[turn & (ring_size - 1)];
		struct job *job = e->job;
		*e = (struct entry){ NULL, 0 };
		turn++;
		if (job != NULL)
			return job;
	}
	return NULL;
}

uint64_t
order_turn(void)
{
	return turn;
}

void
order_close(void)
{
	for (size_t i = 0; i < ring_size; i++)
		job_free(ring[i].job);
	free(ring);
	ring = NULL;
	ring_size = 0;
}

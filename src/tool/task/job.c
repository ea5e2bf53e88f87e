/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "tool/task/job.h"

#include <stdlib.h>
#include <string.h>

#include "tool/base/message.h"

static struct job *free_jobs;

struct job *
job_new(struct task *task)
{
	struct job *job = free_jobs;

	if (job != NULL)
		free_jobs = job->next;
	else if ((job = malloc(sizeof *job)) == NULL)
		fail_memory();
	*job = (struct job){ .task = task };
	output_buffer_init(&job->out);
	output_buffer_init(&job->err);
	return job;
}

void
job_free(struct job *job)
{
	if (job == NULL)
		return;
	output_buffer_clear(&job->out);
	output_buffer_clear(&job->err);
	task_free(job->task);
	free(job->texts);
	job->next = free_jobs;
	free_jobs = job;
}

void
job_keep_texts(struct job *job)
{
	struct outcome *e = &job->outcome;
	size_t limit = e->limit != NULL ? strlen(e->limit) + 1 : 0;
	size_t text = e->message != NULL ? strlen(e->message) + 1 : 0;

	if (limit + text <= 1) {
		e->message = "";
		return;
	}
	char *texts = malloc(limit + text);
	if (texts == NULL)
		fail_memory();
	if (limit > 0)
		e->limit = memcpy(texts, e->limit, limit);
	e->message = text > 0 ? memcpy(texts + limit, e->message, text) : "";
	free(job->texts);
	job->texts = texts;
}

/* ------------------------------------------------------------------------------------------ order */

/* A ring of what has ended before its turn: entry seq & (size - 1). */
static struct entry {
	struct job *job;
	int         ended;
} *ring;
static size_t ring_size;
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

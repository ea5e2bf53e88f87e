/* SPDX-License-Identifier: BSD-2-Clause */
/* Jobs accepted and not yet handed back: records, queue, order. */
#include "config.h"
#include "lib/dispatch/job_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/ipc/wire_job.h"
#include "lib/os/heirloom.h"

static int
level_compare(const struct job_level *a, const struct job_level *b)
{
	return (a->priority > b->priority) - (a->priority < b->priority);
}

/* Not RB_GENERATE_STATIC: libbsd leaves the __unused that it says undefined on Linux. */
RB_GENERATE_INTERNAL(job_levels, job_level, node, level_compare, __attribute__((unused)) static)

int
job_table_init(struct job_table *t, uint32_t limit)
{
	uint32_t size = 64;

	while (size < limit)
		size *= 2;
	memset(t, 0, sizeof *t);
	SLIST_INIT(&t->unused);
	RB_INIT(&t->levels);
	kept_heap_init(&t->heap);
	t->limit = limit;
	t->by_seq_mask = size - 1;
	t->by_seq = calloc(size, sizeof *t->by_seq);
	t->records = heirloom_private(limit * sizeof *t->records);
	if (t->by_seq == NULL || t->records == NULL) {
		if (t->records != NULL)
			(void)munmap(t->records, limit * sizeof *t->records);
		free(t->by_seq);
		memset(t, 0, sizeof *t);
		return -1;
	}
	return 0;
}

void
job_table_release(struct job_table *t, struct arena *arena)
{
	struct job_level *level;

	for (uint32_t entry = 0; entry < t->made; entry++)
		if (t->records[entry].state != JOB_UNUSED)
			job_table_remove(t, arena, &t->records[entry]);
	kept_heap_release(&t->heap);
	while ((level = RB_ROOT(&t->levels)) != NULL) {
		(void)RB_REMOVE(job_levels, &t->levels, level);
		free(level);
	}
	if (t->records != NULL)
		(void)munmap(t->records, t->limit * sizeof *t->records);
	free(t->by_seq);
	memset(t, 0, sizeof *t);
}

static void
level_free(struct job_table *t, struct job_level *level)
{
	(void)RB_REMOVE(job_levels, &t->levels, level);
	t->level_count--;
	free(level);
}

static struct job_level *
level_of(struct job_table *t, int priority)
{
	struct job_level key = { .priority = priority }, *last = t->last_level;

	if (last != NULL && last->priority == priority)
		return last;
	struct job_level *level = RB_FIND(job_levels, &t->levels, &key);
	if (level == NULL) {
		level = calloc(1, sizeof *level);
		if (level == NULL)
			return NULL;
		level->priority = priority;
		TAILQ_INIT(&level->queue);
		(void)RB_INSERT(job_levels, &t->levels, level);
		t->level_count++;
	}
	t->last_level = level;
	if (last != NULL && last->users == 0)
		level_free(t, last);
	return level;
}

/* Free a level that no job uses, but keep the one used last, which is likely to come again. */
static void
level_leave(struct job_table *t, struct job_level *level)
{
	if (--level->users == 0 && level != t->last_level)
		level_free(t, level);
}

/* Copy large arguments to where they stay until the job is over; -1 and errno. */
static int
args_keep(struct job_table *t, struct job *job, struct arena *arena,
    const struct forkpool_job *from)
{
	if (wire_args_fit(from->args_len, job->id_len)) {
		void *copy = kept_alloc(&t->heap, from->args_len);
		if (copy == NULL)
			return -1;
		memcpy(copy, from->args, from->args_len);
		job->args = copy;
		job->owns |= JOB_OWNS_ARGS;
		return 0;
	}
	job->extent = arena_put(arena, from->args, from->args_len);
	if (job->extent == NULL)
		return -1;
	job->args = NULL;
	job->owns |= JOB_OWNS_EXTENT;
	return 0;
}

void
job_free_args(struct arena *arena, struct job *job)
{
	if (job->owns & JOB_OWNS_ARGS)
		kept_free((void *)(uintptr_t)job->args);
	if (job->owns & JOB_OWNS_EXTENT)
		arena_free(arena, job->extent);
	job->owns &= (uint8_t)~(JOB_OWNS_ARGS | JOB_OWNS_EXTENT);
	job->args = NULL;
}

/* Copy what few jobs have: a name, and arguments that do not fit in the record.  -1 and errno. */
static int
job_keep_more(struct job_table *t, struct job *job, struct arena *arena,
    const struct forkpool_job *from, size_t id_len)
{
	if (id_len > 0) {
		if ((job->id = kept_alloc(&t->heap, id_len + 1)) == NULL)
			return -1;
		memcpy(job->id, from->id, id_len + 1);
		job->id_len = (uint8_t)id_len;
		job->owns |= JOB_OWNS_ID;
	}
	if (from->args_len > JOB_ROOM && args_keep(t, job, arena, from) == -1) {
		int error = errno;
		/* Without JOB_OWNS_ID the pointer is a leftover of the record's last job. */
		if (job->owns & JOB_OWNS_ID)
			kept_free(job->id);
		job->owns = 0;
		errno = error;
		return -1;
	}
	return 0;
}

struct job *
job_table_add(struct job_table *t, struct arena *arena, const struct forkpool_job *from,
    uint64_t seq)
{
	struct job_level *level = level_of(t, from->priority);
	struct job *job = SLIST_FIRST(&t->unused);

	if (level == NULL)
		return NULL;
	if (job == NULL) {
		if (t->made == t->limit) {
			errno = ENOMEM;
			return NULL;
		}
		job = &t->records[t->made];
		job->entry = t->made;
	}
	job->id_len = 0;
	job->owns = 0;
	job->args = job->room;
	job->args_len = from->args_len;
	size_t id_len = from->id != NULL ? strlen(from->id) : 0;
	if (id_len > 0 || from->args_len > JOB_ROOM) {
		if (job_keep_more(t, job, arena, from, id_len) == -1)
			return NULL;
	}
	if (from->args_len <= JOB_ROOM)
		wire_copy(job->room, from->args, from->args_len);
	if (job == SLIST_FIRST(&t->unused))
		SLIST_REMOVE_HEAD(&t->unused, next.unused);
	else
		t->made++;
	job->seq = seq;
	job->fn = from->fn;
	job->user = from->user;
	job->level = level;
	job->timeout_ns = from->timeout_ns;
	job->attempts = 0;
	job->max_attempts = from->max_attempts;
	job->cooperative = (from->flags & FORKPOOL_COOPERATIVE) != 0;
	job->timed = job->value_in_spool = 0;
	job->state = JOB_ACCEPTED;
	level->users++;
	t->pending++;
	t->by_seq[seq & t->by_seq_mask] = job->entry;
	return job;
}

void
job_table_enqueue(struct job_table *t, struct job *job)
{
	job->state = JOB_QUEUED;
	TAILQ_INSERT_TAIL(&job->level->queue, job, link);
	t->queued++;
}

static void
job_free_more(struct job *job)
{
	if (job->owns & JOB_OWNS_ID)
		kept_free(job->id);
	if (job->owns & JOB_OWNS_VALUE)
		kept_free(job->value);
	job_drop_details(job);
}

void
job_table_remove_rest(struct job_table *t, struct arena *arena, struct job *job)
{
	if (job->state == JOB_QUEUED)
		job_table_unqueue(t, job);
	level_leave(t, job->level);
	if (job->owns != 0) {
		job_drop_args(arena, job);
		job_free_more(job);
	}
	job->state = JOB_UNUSED;
	SLIST_INSERT_HEAD(&t->unused, job, next.unused);
}

struct job *
job_table_find(const struct job_table *t, uint64_t seq)
{
	struct job *job = job_table_at(t, t->by_seq[seq & t->by_seq_mask]);

	if (job == NULL || job->seq < seq)
		return NULL; /* the job would have taken that place */
	if (job->seq == seq)
		return job->state != JOB_UNUSED ? job : NULL;
	/* A newer job has its place: more jobs than there are records came after this old one. */
	for (uint32_t entry = 0; entry < t->made; entry++)
		if (t->records[entry].seq == seq && t->records[entry].state != JOB_UNUSED)
			return &t->records[entry];
	return NULL;
}

struct job *
job_table_pop(struct job_table *t)
{
	struct job_level *level;

	if (t->queued == 0)
		return NULL;
	level = t->last_level;
	if (t->level_count > 1)
		for (level = RB_MAX(job_levels, &t->levels); TAILQ_EMPTY(&level->queue);)
			level = RB_PREV(job_levels, &t->levels, level);
	struct job *job = TAILQ_FIRST(&level->queue);
	job_table_unqueue(t, job);
	return job;
}

void
job_table_requeue(struct job_table *t, struct job *job)
{
	struct job *later;

	/* Few jobs are before it in the queue: others that are tried again. */
	TAILQ_FOREACH(later, &job->level->queue, link)
		if (later->seq > job->seq)
			break;
	if (later != NULL)
		TAILQ_INSERT_BEFORE(later, job, link);
	else
		TAILQ_INSERT_TAIL(&job->level->queue, job, link);
	job->state = JOB_QUEUED;
	t->queued++;
}

void
job_table_unqueue(struct job_table *t, struct job *job)
{
	TAILQ_REMOVE(&job->level->queue, job, link);
	job->state = JOB_ACCEPTED;
	t->queued--;
}

struct job_details *
job_details(struct job_table *t, struct job *job)
{
	if (job->owns & JOB_OWNS_DETAILS)
		return job->details;
	job->details = kept_alloc(&t->heap, sizeof *job->details);
	if (job->details != NULL) {
		memset(job->details, 0, sizeof *job->details);
		job->owns |= JOB_OWNS_DETAILS;
	}
	return job->details;
}

void
job_drop_details(struct job *job)
{
	if (!(job->owns & JOB_OWNS_DETAILS))
		return;
	kept_free(job->details->output);
	kept_free(job->details->address);
	kept_free(job->details);
	job->owns &= (uint8_t)~JOB_OWNS_DETAILS;
}

void
job_frames(struct job_details *details, struct job_table *t, const uint64_t *address,
    size_t frames, size_t place)
{
	if (frames == 0 || frames > UINT8_MAX ||
	    (details->address = kept_alloc(&t->heap, frames * sizeof address[0])) == NULL)
		return; /* without memory they are not told */
	memcpy(details->address, address, frames * sizeof address[0]);
	details->frames = (uint8_t)frames;
	details->place = place < sizeof details->message ? (uint8_t)place : 0;
}

void
job_message(struct job_table *t, struct job *job, const char *text, size_t len)
{
	struct job_details *details = len > 0 ? job_details(t, job) : NULL;

	if (details == NULL)
		return;
	if (len >= sizeof details->message)
		len = sizeof details->message - 1;
	for (size_t i = 0; i < len; i++)
		details->message[i] =
		    (unsigned char)text[i] < ' ' || text[i] == 0x7f ? ' ' : text[i];
	details->message[len] = '\0';
}

#include "config.h"
#include "job_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

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
	uint32_t hash_size = 64;

	while (hash_size < limit)
		hash_size *= 2;
	memset(t, 0, sizeof *t);
	TAILQ_INIT(&t->unused);
	RB_INIT(&t->levels);
	t->limit = limit;
	t->hash_mask = hash_size - 1;
	t->chunks = calloc((limit + JOB_CHUNK - 1) / JOB_CHUNK, sizeof *t->chunks);
	t->hash = calloc(hash_size, sizeof *t->hash);
	if (t->chunks == NULL || t->hash == NULL) {
		free(t->chunks);
		free(t->hash);
		memset(t, 0, sizeof *t);
		return -1;
	}
	return 0;
}

void
job_table_release(struct job_table *t, struct arena *arena)
{
	for (uint32_t entry = 0; entry < t->made; entry++) {
		struct job *job = job_table_at(t, entry);
		if (job->state != JOB_UNUSED)
			job_table_remove(t, arena, job);
	}
	for (uint32_t i = 0; i < t->made / JOB_CHUNK; i++)
		free(t->chunks[i]);
	struct job_level *level;
	while ((level = RB_ROOT(&t->levels)) != NULL) {
		(void)RB_REMOVE(job_levels, &t->levels, level);
		free(level);
	}
	free(t->chunks);
	free(t->hash);
	memset(t, 0, sizeof *t);
}

static int
chunk_add(struct job_table *t)
{
	struct job *chunk = aligned_alloc(alignof(struct job), JOB_CHUNK * sizeof *chunk);

	if (chunk == NULL)
		return -1;
	memset(chunk, 0, JOB_CHUNK * sizeof *chunk);
	t->chunks[t->made / JOB_CHUNK] = chunk;
	for (uint32_t i = 0; i < JOB_CHUNK; i++) {
		chunk[i].entry = t->made + i;
		/* The last chunk may be larger than the limit; no claim words are behind its end. */
		if (chunk[i].entry < t->limit)
			TAILQ_INSERT_TAIL(&t->unused, &chunk[i], link);
	}
	t->made += JOB_CHUNK;
	return 0;
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
	}
	t->last_level = level;
	if (last != NULL && last->users == 0) {
		(void)RB_REMOVE(job_levels, &t->levels, last);
		free(last);
	}
	return level;
}

/* A level that nobody uses goes, but for the one used last, which is likely to come again. */
static void
level_leave(struct job_table *t, struct job_level *level)
{
	if (--level->users == 0 && level != t->last_level) {
		(void)RB_REMOVE(job_levels, &t->levels, level);
		free(level);
	}
}

/* Copy the arguments to where they stay until the job is over; -1 and errno. */
static int
args_keep(struct job *job, struct arena *arena, const struct forkpool_job *from, size_t id_len)
{
	job->args = NULL;
	job->extent = NULL;
	job->args_len = from->args_len;
	if (from->args_len <= JOB_ROOM) {
		if (from->args_len > 0)
			memcpy(job->room, from->args, from->args_len);
		job->args = job->room;
	} else if (wire_args_fit(from->args_len, id_len)) {
		void *copy = malloc(from->args_len);
		if (copy == NULL)
			return -1;
		memcpy(copy, from->args, from->args_len);
		job->args = copy;
	} else {
		job->extent = arena_put(arena, from->args, from->args_len);
		if (job->extent == NULL)
			return -1;
	}
	return 0;
}

void
job_drop_args(struct arena *arena, struct job *job)
{
	if (job->args != job->room)
		free((void *)(uintptr_t)job->args);
	arena_free(arena, job->extent);
	job->args = NULL;
	job->extent = NULL;
}

struct job *
job_table_add(struct job_table *t, struct arena *arena, const struct forkpool_job *from, uint64_t seq)
{
	size_t id_len = from->id != NULL ? strlen(from->id) : 0;

	if (TAILQ_EMPTY(&t->unused) && chunk_add(t) == -1)
		return NULL;
	struct job_level *level = level_of(t, from->priority);
	if (level == NULL)
		return NULL;
	struct job *job = TAILQ_FIRST(&t->unused);
	char *id = NULL;
	if (id_len > 0 && (id = strdup(from->id)) == NULL)
		return NULL;
	if (args_keep(job, arena, from, id_len) == -1) {
		int error = errno;
		free(id);
		errno = error;
		return NULL;
	}
	TAILQ_REMOVE(&t->unused, job, link);
	job->seq = seq;
	job->fn = from->fn;
	job->user = from->user;
	job->level = level;
	job->timeout_ns = from->timeout_ns;
	job->id = id;
	job->id_len = (uint8_t)id_len;
	job->attempts = 0;
	job->max_attempts = from->max_attempts;
	job->cooperative = (from->flags & FORKPOOL_COOPERATIVE) != 0;
	job->timed = 0;
	job->error = job->signal = 0;
	job->exit_code = -1;
	job->core_dumped = 0;
	job->started_ns = job->run_ns = 0;
	job->pid = 0;
	job->worker = 0;
	job->value = NULL;
	job->value_len = 0;
	job->value_in_spool = 0;
	job->details = NULL;
	job->state = JOB_QUEUED;
	TAILQ_INSERT_TAIL(&level->queue, job, link);
	level->users++;
	t->queued++;
	t->pending++;
	struct job **bucket = &t->hash[seq & t->hash_mask];
	job->next_same_hash = *bucket;
	*bucket = job;
	return job;
}

void
job_table_remove(struct job_table *t, struct arena *arena, struct job *job)
{
	struct job **at = &t->hash[job->seq & t->hash_mask];

	while (*at != job)
		at = &(*at)->next_same_hash;
	*at = job->next_same_hash;
	if (job->state == JOB_QUEUED)
		job_table_unqueue(t, job);
	level_leave(t, job->level);
	job_drop_args(arena, job);
	if (job->id != NULL)
		free(job->id);
	job->id = NULL;
	if (job->value != job->room)
		free(job->value);
	if (job->details != NULL) {
		free(job->details->output);
		free(job->details->backtrace);
		free(job->details);
		job->details = NULL;
	}
	job->state = JOB_UNUSED;
	TAILQ_INSERT_HEAD(&t->unused, job, link);
}

struct job *
job_table_find(const struct job_table *t, uint64_t seq)
{
	struct job *job = t->hash[seq & t->hash_mask];

	while (job != NULL && job->seq != seq)
		job = job->next_same_hash;
	return job;
}

struct job *
job_table_pop(struct job_table *t)
{
	struct job_level *level;

	if (t->queued == 0)
		return NULL;
	for (level = RB_MAX(job_levels, &t->levels); TAILQ_EMPTY(&level->queue);)
		level = RB_PREV(job_levels, &t->levels, level);
	struct job *job = TAILQ_FIRST(&level->queue);
	TAILQ_REMOVE(&level->queue, job, link);
	t->queued--;
	return job;
}

void
job_table_requeue(struct job_table *t, struct job *job)
{
	struct job *later;

	/* Those before it in the queue are few: other jobs that are tried again. */
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
	t->queued--;
}

struct job_details *
job_details(struct job *job)
{
	if (job->details == NULL)
		job->details = calloc(1, sizeof *job->details);
	return job->details;
}

void
job_message(struct job *job, const char *text, size_t len)
{
	struct job_details *details = len > 0 ? job_details(job) : NULL;

	if (details == NULL)
		return;
	if (len >= sizeof details->message)
		len = sizeof details->message - 1;
	for (size_t i = 0; i < len; i++)
		details->message[i] = (unsigned char)text[i] < ' ' || text[i] == 0x7f ? ' ' : text[i];
	details->message[len] = '\0';
}

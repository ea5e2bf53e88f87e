/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * job_table - jobs accepted and not yet handed back: their records, the queue, their order.
 *
 * A record's place (entry) is also its place in the claim table.  Records never move, and are used
 * again last in first out, so that few jobs in flight touch little memory.  The queue is first in
 * first out within a priority.  All of it is private to the caller's process: no worker can write
 * here, and no process that the caller forks later has the records or what jobs own.
 */
#ifndef FORKPOOL_JOB_TABLE_H
#define FORKPOOL_JOB_TABLE_H

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/tree.h>

#include "forkpool.h"
#include "lib/ipc/args_arena.h"
#include "lib/ipc/wire.h"
#include "lib/os/kept_heap.h"

/* Arguments, and later a value, up to this size are kept in the record itself. */
#define JOB_ROOM  64u

enum job_state {
	JOB_UNUSED = 0,
	JOB_ACCEPTED,   /* on its way from one of the other states to the next */
	JOB_QUEUED,     /* in the queue; no worker knows it */
	JOB_OFFERED,    /* its frame was written; its claim word says whether it runs */
	JOB_READY,      /* it has its result */
	JOB_LENT,       /* the caller has its result */
};

/* What few results have. */
struct job_details {
	char  message[256];
	enum forkpool_limit limit;
	char *output;
	size_t output_len;
	uint64_t *address;  /* kept: where it died, and where each call returns to */
	uint8_t frames;     /* of these */
	uint8_t place;      /* bytes of the message behind which it is to say so; 0: nowhere */
};

/* What a record has to free at its end; most records have nothing. */
enum job_owns {
	JOB_OWNS_ARGS = 1,
	JOB_OWNS_EXTENT = 2,
	JOB_OWNS_ID = 4,
	JOB_OWNS_VALUE = 8,
	JOB_OWNS_DETAILS = 16,
};

/* Five cache lines where addresses have 64 bits; the members that each job touches come first. */
struct job {
	TAILQ_ENTRY(job) link;        /* in the queue of its level */
	union {
		SLIST_ENTRY(job)  unused;
		STAILQ_ENTRY(job) ready;
	} next;
	uint64_t     seq;
	uint64_t     ticket;          /* of the attempt that is offered */
	forkpool_fn *fn;
	void        *user;
	int64_t      submitted_ns;
	const void  *args;            /* in room[], or kept; NULL: in extent, or none */
	size_t       args_len;
	uint32_t     entry;
	unsigned     attempts;        /* runs started */
	unsigned     max_attempts;
	uint8_t      state;
	uint8_t      owns;            /* set of enum job_owns */
	uint8_t      cooperative;
	uint8_t      timed;           /* counted by timeout_watch, while offered */
	int64_t      timeout_ns;      /* as in struct forkpool_job */
	struct job_level *level;
	uint8_t      id_len;
	uint8_t      outcome;
	uint8_t      value_in_spool;  /* the value is not fetched yet */
	uint8_t      core_dumped;
	pid_t        pid;

	/* The result. */
	alignas(64) int64_t started_ns;
	int64_t      run_ns;
	void        *value;           /* in room[], or kept */
	uint64_t     value_len;
	unsigned     worker, parity;
	struct job_end_status {
		int  error, signal, exit_code;
	} end;

	int64_t      cpu_ns, user_ns, max_rss; /* -1: not known */

	/* What few jobs have. */
	uint64_t     value_offset;    /* in the spool */
	struct arena_extent *extent;
	char        *id;              /* kept, or NULL */
	struct job_details *details;  /* NULL: none */
	alignas(16) unsigned char room[JOB_ROOM];
};

SLIST_HEAD(job_stack, job);
STAILQ_HEAD(job_fifo, job);
TAILQ_HEAD(job_list, job);

/* The jobs of one priority. */
struct job_level {
	RB_ENTRY(job_level) node;
	int      priority;
	size_t   users;        /* accepted jobs of this priority */
	struct job_list queue;
};

struct job_table {
	uint32_t      limit;       /* records at most */
	uint32_t      made;        /* records used so far: those below it */
	struct job   *records;     /* a mapping; pages are taken when touched */
	struct kept_heap heap;     /* what jobs own that does not fit in their records */
	struct job_stack unused;   /* of those made */
	uint32_t     *by_seq;      /* entries, at seq & mask; newer jobs take old ones' places */
	uint32_t      by_seq_mask;
	RB_HEAD(job_levels, job_level) levels;
	unsigned      level_count;
	struct job_level *last_level;
	size_t        queued;
	size_t        pending;     /* accepted, result not taken */
};

int  job_table_init(struct job_table *, uint32_t limit); /* -1: ENOMEM */
void job_table_release(struct job_table *, struct arena *);

/* Add a copy of the job that the caller handed in, as number seq.  NULL and errno. */
struct job *
job_table_add(struct job_table *, struct arena *, const struct forkpool_job *, uint64_t seq);
/* The same for nearly all jobs: small arguments, no name, the priority of the last one.  NULL: it
   is not such a job, or no record is at hand.  Inline, since it runs millions of times a second. */
static inline struct job *
job_table_add_plain(struct job_table *t, const struct forkpool_job *from, uint64_t seq)
{
	struct job *job = SLIST_FIRST(&t->unused);

	if (job == NULL || from->id != NULL || from->args_len > JOB_ROOM || t->last_level == NULL ||
	    t->last_level->priority != from->priority)
		return NULL;
	SLIST_REMOVE_HEAD(&t->unused, next.unused);
	job->seq = seq;
	job->fn = from->fn;
	job->user = from->user;
	job->args = job->room;
	job->args_len = from->args_len;
	job->attempts = 0;
	job->max_attempts = from->max_attempts;
	job->state = JOB_ACCEPTED;
	job->owns = 0;
	job->timed = 0;
	job->id_len = 0;
	job->value_in_spool = 0;
	job->cooperative = (from->flags & FORKPOOL_COOPERATIVE) != 0;
	job->timeout_ns = from->timeout_ns;
	job->level = t->last_level;
	wire_copy(job->room, from->args, from->args_len);
	t->last_level->users++;
	t->pending++;
	t->by_seq[seq & t->by_seq_mask] = job->entry;
	return job;
}

/* Free the record and all it owns. */
void job_table_remove_rest(struct job_table *, struct arena *, struct job *);
static inline void
job_table_remove(struct job_table *t, struct arena *arena, struct job *job)
{
	if (job->owns != 0 || job->state == JOB_QUEUED || job->level != t->last_level) {
		job_table_remove_rest(t, arena, job);
		return;
	}
	t->last_level->users--;
	job->state = JOB_UNUSED;
	SLIST_INSERT_HEAD(&t->unused, job, next.unused);
}

struct job *job_table_find(const struct job_table *, uint64_t seq); /* NULL: none of that number */

static inline struct job *
job_table_at(const struct job_table *t, uint32_t entry)
{
	return entry < t->made ? &t->records[entry] : NULL;
}

/* Put it at the end of the queue of its priority. */
void job_table_enqueue(struct job_table *, struct job *);
/* Take the next one to be offered from the queue; NULL: none. */
struct job *job_table_pop(struct job_table *);
/* Put it back for another attempt, before the jobs of its priority that were submitted later. */
void job_table_requeue(struct job_table *, struct job *);
/* Take it out of the queue. */
void job_table_unqueue(struct job_table *, struct job *);

/* Free the arguments: the job will not run again. */
void job_free_args(struct arena *, struct job *);
static inline void
job_drop_args(struct arena *arena, struct job *job)
{
	if (job->owns & (JOB_OWNS_ARGS | JOB_OWNS_EXTENT))
		job_free_args(arena, job);
}
/* Unset what a run may have set, before a result that is no plain success is filled in. */
static inline void
job_reset_result(struct job *job)
{
	job->end = (struct job_end_status){ .exit_code = -1 };
	job->core_dumped = job->value_in_spool = 0;
	job->started_ns = job->run_ns = 0;
	job->cpu_ns = job->user_ns = job->max_rss = -1;
	job->pid = 0;
	job->worker = job->parity = 0;
	job->value = NULL;
	job->value_len = 0;
}

/* The details, made if need be; NULL: no memory. */
struct job_details *job_details(struct job_table *, struct job *);
void job_drop_details(struct job *);
/* Set where it died, which may come from a worker. */
void job_frames(struct job_details *, struct job_table *, const uint64_t *address, size_t frames,
    size_t place);
/* Set the message.  It may come from a worker: control characters become blanks. */
void job_message(struct job_table *, struct job *, const char *text, size_t len);

#endif

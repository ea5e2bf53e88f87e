/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * context - what a running job can ask and tell: the inside of struct forkpool_context.
 *
 * A worker has one context for all its runs, or the one in its mailbox where each job has its own
 * process.  The worker sets it up before a run and reads the reply from it after the function has
 * returned.
 */
#ifndef FORKPOOL_CONTEXT_H
#define FORKPOOL_CONTEXT_H

#include <signal.h>
#include <string.h>

#include "forkpool.h"
#include "lib/ipc/shared.h"
#include "lib/ipc/value_spool.h"
#include "lib/ipc/wire_job.h"
#include "lib/ipc/wire_result.h"
#include "lib/os/fork_canary.h"

struct forkpool_context {
	/* Of the run. */
	uint64_t seq;
	int64_t  deadline;                /* by the worker's clock: slot_clock() */
	unsigned attempt;
	unsigned cooperative;
	volatile sig_atomic_t cancelled;  /* set by the SIGTERM handler */
	int      has_progress;            /* the job has reported progress */

	pid_t    process;                 /* the job's own process; 0: the worker runs the job */

	/* Of the worker. */
	unsigned worker;
	size_t   value_max;
	void    *state;
	_Atomic uint64_t    *progress;   /* done, then total */
	const _Atomic int64_t *paused_ns; /* of the worker's slot, or what the mailbox says of it */
	const struct canary *canary;     /* the worker's; NULL in a job's own process */
	struct spool_writer *spool;      /* where large values go; NULL in a job's own process, */
	unsigned char       *area;       /* where they go to this area of value_max bytes */
	uint64_t             area_room;  /* how many of them the worker can write away */

	/* The reply.  The worker reads it from a job's own process after that has ended.  A small
	   value is kept here; a larger one lies in the spool or the area from its first byte on. */
	size_t   value_len;
	int      is_large;
	size_t   message_len;
	alignas(16) unsigned char value[WIRE_VALUE_MAX];
	char     id[WIRE_ID_MAX + 1];
	char     message[WIRE_MESSAGE_MAX + 1];
};

/* A new run begins. */
static inline void
context_begin(struct forkpool_context *c, const struct wire_job *job, int64_t deadline)
{
	c->seq = job->seq;
	c->deadline = deadline;
	c->attempt = job->attempt;
	c->cancelled = 0;
	c->value_len = 0;
	c->is_large = 0;
	c->message_len = 0;
	if (job->id_len > 0)
		memcpy(c->id, job->id, job->id_len);
	c->id[job->id_len] = '\0';
}

#endif

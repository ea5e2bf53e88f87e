/*
 * context - what a running job can ask and tell: the inside of struct forkpool_context.
 *
 * Lives in the worker, one for all its runs.  The worker sets it up before a run and reads from
 * it, after the function has returned, what the function replied.
 * Includes the public header, clock, spool, shared, wire.
 */
#ifndef FORKPOOL_CONTEXT_H
#define FORKPOOL_CONTEXT_H

#include <signal.h>
#include <string.h>

#include "forkpool.h"
#include "shared.h"
#include "spool.h"
#include "wire.h"

struct forkpool_context {
	/* Of the run. */
	uint64_t seq;
	int64_t  deadline;
	unsigned attempt;
	volatile sig_atomic_t cancelled;  /* set by the SIGTERM handler */
	int      has_progress;            /* the slot shows some */

	/* Of the worker. */
	unsigned worker;
	size_t   value_max;
	void    *state;
	struct shared_slot  *slot;
	struct spool_writer *spool;

	/* The reply: small ones wait here, larger ones are in the spool from their first byte on. */
	size_t   value_len;
	int      in_spool;
	size_t   message_len;
	char     id[WIRE_ID_MAX + 1];
	char     message[WIRE_MESSAGE_MAX + 1];
	alignas(16) unsigned char value[WIRE_VALUE_MAX];
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
	c->in_spool = 0;
	c->message_len = 0;
	if (job->id_len > 0)
		memcpy(c->id, job->id, job->id_len);
	c->id[job->id_len] = '\0';
}

#endif

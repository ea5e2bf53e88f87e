/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mailbox - the memory that a worker shares with the process of the one job that it runs at a time.
 *
 * All that passes between the two: the job goes in before the fork, the reply comes back.  There is
 * a part of fixed size (struct mailbox) and an area for large values.  The worker keeps both from
 * job to job: with warm pages a whole job costs an eighth less than with a pipe made for each.  So
 * the worker clears both between two jobs, and starts none while a process of the last one lives.
 *
 * The job's process may write anything at any time.  So the worker reads after that process has
 * ended, copies each number once before it checks it, and trusts none.  The parent maps the
 * mailboxes of all workers, only to show progress.  A new supervisor's workers have new mailboxes:
 * nobody knows what became of the jobs of a supervisor that was killed.
 */
#ifndef FORKPOOL_MAILBOX_H
#define FORKPOOL_MAILBOX_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

#include "lib/job/context.h"

enum mailbox_stage {
	MAILBOX_BORN = 0,   /* not confined yet: only the library's own code has written here */
	MAILBOX_ENTERED,    /* the function was called; the process has its own group */
	MAILBOX_RETURNED,   /* the reply is whole */
};

/* The first page holds all that a small job needs. */
struct mailbox {
	/* Written by the job's process. */
	_Atomic uint32_t stage;
	_Atomic int32_t  returned;     /* by its function */
	_Atomic uint64_t progress[2];  /* done, total */
	struct crash_note note;
	/* As in the worker's slot.  The supervisor writes it too; only the job reads it. */
	_Atomic int64_t  paused_ns;
	/* Set up by the worker; the job's process puts the reply in it. */
	struct forkpool_context context;
	/* Arguments that came in a packet. */
	alignas(16) unsigned char args[WIRE_PACKET_SIZE];
};

/*
 * Why the function was not called.  It has a page of its own, which the job's process unmaps just
 * before it calls the function: so no job can say this of itself.  The worker clears it.
 */
struct mailbox_refusal {
	_Atomic uint32_t step;         /* enum job_step that failed; 0: none did */
	_Atomic int32_t  error;
	char             path[200];    /* where it was one of the job's paths: cut to fit */
};

/* One for each worker there may be, shared by parent and workers; NULL and errno.  No process
   forked from this one has them, unless they are given to it (heirloom.h). */
struct mailbox *mailboxes_create(void);
void           mailboxes_destroy(struct mailbox *);
size_t         mailboxes_size(void);  /* bytes of them all */
/* The mailbox of that worker. */
struct mailbox *mailboxes_at(struct mailbox *, unsigned worker);
/* Its last page. */
struct mailbox_refusal *mailbox_refusal(struct mailbox *);
size_t         mailbox_refusal_size(void);
/* In a worker: unmap all others. */
void           mailboxes_keep(struct mailbox *, unsigned worker);

/* Take over how long the worker has been suspended so far, before a job's process begins. */
void mailbox_paused(struct mailbox *, const _Atomic int64_t *paused_ns);

/* Clear it, and the area of size bytes, so that nothing of one job is left for the next. */
void mailbox_clear(struct mailbox *, unsigned char *area, size_t size);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * window - the memory that a worker shares with the one job's process it has at a time.
 *
 * All that passes between the two: the job goes in before the fork, what the job has to say comes back.
 * It has a part of fixed size (struct window) and an area for large values.  The worker keeps both from
 * job to job, since a warm page costs an eighth less of a whole job than a pipe made for each; so it
 * clears them between two jobs, and begins none before every process of the last one is dead.
 *
 * The job's process may write anything at any time: the worker looks when that process has ended,
 * copies each number once before it is checked, and trusts none.  The parent maps the windows of
 * all workers, only to show progress; each supervisor's workers have new ones, since what became of the jobs of
 * one that was killed is not known.  Includes context, os.
 */
#ifndef FORKPOOL_WINDOW_H
#define FORKPOOL_WINDOW_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

#include "lib/job/context.h"

enum mailbox_stage {
	MAILBOX_BORN = 0,   /* the process has not been confined yet: what it says is our own code's word */
	MAILBOX_ENTERED,    /* the job's function was called; the process has its own group */
	MAILBOX_RETURNED,   /* the reply is whole */
};

/* The first page has all that a small job needs. */
struct mailbox {
	/* Written by the job's process. */
	_Atomic uint32_t stage;
	_Atomic int32_t  returned;     /* by its function */
	_Atomic uint32_t setup_step;   /* enum job_step; what failed before the function was called */
	_Atomic int32_t  setup_error;
	_Atomic uint64_t progress[2];  /* done, total */
	struct crash_note note;
	/* Set up by the worker; the reply is in it. */
	struct forkpool_context context;
	/* Small arguments. */
	alignas(16) unsigned char args[WIRE_PACKET_SIZE];
};

/* Of all workers there may be, shared by parent and workers; NULL and errno. */
struct mailbox *mailboxes_create(void);
void           mailboxes_destroy(struct mailbox *);
/* Window of that worker. */
struct mailbox *mailboxes_at(struct mailbox *, unsigned worker);
/* In a worker: let go of all others. */
void           mailboxes_keep(struct mailbox *, unsigned worker);

/* Make it as new.  area: size bytes, all of which may have been written. */
void mailbox_clear(struct mailbox *, unsigned char *area, size_t size);

#endif

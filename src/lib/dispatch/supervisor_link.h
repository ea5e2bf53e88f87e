/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * supervisor_link - the caller's link to its supervisor: the process, the socket to it, and the
 * results pipes of the slots that it keeps filled with workers.
 *
 * The supervisor can be killed at any time, by the system or by a job of the caller's user.  Then
 * the link is down (socket -1) until deaths.c has seen to the workers and starts the next one.
 */
#ifndef FORKPOOL_SUPERVISOR_LINK_H
#define FORKPOOL_SUPERVISOR_LINK_H

#include <sys/types.h>

#include "lib/dispatch/results_pipe.h"
#include "lib/supervisor/supervisor.h"

/* Written by supervisor_link.c alone, but for the pipes, which are results_pipe.c's, and for setup,
   which pool_open.c fills in until the pool is open. */
struct supervisor_link {
	pid_t    pid;                     /* 0: none */
	int      socket;                  /* -1: the link is down */
	unsigned workers;                 /* wanted */
	unsigned renewed;                 /* changes where one of the descriptors here does */
	unsigned slots;                   /* with a results pipe; never fewer than workers */
	struct results_pipe *results;     /* SHARED_WORKERS_MAX of them */
	char     error_text[160];         /* what failed, after -1 */
	struct supervisor_setup setup;    /* each supervisor starts with it */
};

/* No supervisor yet, and so many slots.  -1: ENOMEM. */
int  supervisor_link_init(struct supervisor_link *, unsigned workers);
/* Close what is open; every process of the pool has ended. */
void supervisor_link_release(struct supervisor_link *);

/* Start a supervisor, with a results pipe for each slot.  0, or -1, errno, and error_text. */
int supervisor_link_start(struct supervisor_link *);
/* The same after the last one was killed and each of its workers is gone. */
int supervisor_link_restart(struct supervisor_link *);

/* Another number of workers in two steps: make results pipes for them (0, or -1 and errno), then
   have the supervisor start or end workers. */
int  supervisor_link_resize(struct supervisor_link *, unsigned workers);
void supervisor_link_resized(struct supervisor_link *);

/* Have the supervisor look at its control words.  That it is gone is seen elsewhere. */
void supervisor_link_ring(const struct supervisor_link *);

/* Have the process of that generation killed, if it still lives: a later one is not to blame. */
void supervisor_link_kill(const struct supervisor_link *, unsigned worker, uint32_t generation);

/* Read one packet of a slot's results: its length, or 0: there is none now. */
size_t supervisor_link_read(struct supervisor_link *, unsigned worker, struct wire_packet *);
/* No more results of the slot's processes are awaited. */
void supervisor_link_close_pipe(struct supervisor_link *, unsigned worker);

/* Take the rings of the supervisor: 0, or -1 if it is gone. */
int supervisor_link_hear(const struct supervisor_link *);

/* The supervisor is gone, or about to be: reap it.  The link is down from here on. */
void supervisor_link_lost(struct supervisor_link *);

/* Have every process of the pool end, and reap the supervisor. */
void supervisor_link_close(struct supervisor_link *);

#endif

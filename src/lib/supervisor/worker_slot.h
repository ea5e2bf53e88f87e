/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worker_process - one worker slot as the supervisor sees it: its process, and what to do with it.
 *
 * The whole behaviour is a table, action[state][event] in worker_process.c.  A run is ended without
 * hitting the one after it: SIGTERM carries the run's ticket, and before SIGKILL the process is
 * stopped and the ticket compared again.  Everything here is async-signal-safe and never blocks.
 * Includes capture, worker and below.
 */
#ifndef FORKPOOL_WORKER_PROCESS_H
#define FORKPOOL_WORKER_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/worker/worker.h"

enum process_state {
	PROCESS_NONE = 0,  /* none, and none wanted */
	PROCESS_WAITS,     /* none; one is to be started at `until`, or when its last words were read */
	PROCESS_RUNS,
	PROCESS_ENDING,    /* SIGTERM was sent for the run `ticket`, the grace ends at `until` */
	PROCESS_STOPPING,  /* SIGSTOP was sent, to compare the ticket while nothing moves */
	PROCESS_KILLED,    /* SIGKILL was sent */
	PROCESS_STATES,
};

enum process_event {
	EVENT_WANTED = 0,  /* a process is to be there */
	EVENT_TIME,        /* `until` has come */
	EVENT_END_RUN,     /* the run `asked` is to end; its claim word says why */
	EVENT_KILL_RUN,    /* the same, without a grace */
	EVENT_STOPPED,     /* the process has stopped */
	EVENT_LEAVE,       /* it is to end in order, when its run is over */
	EVENT_KILL,        /* it is to end at once */
	EVENT_DIED,        /* it was reaped */
	PROCESS_EVENTS,
};

struct worker_process {
	enum process_state state;
	pid_t    pid;
	uint32_t generation;
	int      results;       /* write end of its results pipe; owned */
	int      capture;       /* file for its output, -1 none; owned */
	int      leaving;       /* told to leave: 1 after its run, 2 at once */
	int      for_cause;     /* killed since it misbehaves */
	int      is_stopped;    /* by us or by others */
	uint64_t asked;         /* EVENT_END_RUN, EVENT_KILL_RUN: of that run */
	uint64_t killing;       /* of the last one that is to end without a grace */
	uint64_t ticket;        /* of the run that is being ended */
	int64_t  until;         /* CLOCK_NEVER: no time set */
	uint64_t runs_before;   /* the slot's count of runs when this process began */
};

/* What they have in common. */
struct process_environment {
	const struct worker_setup *setup;
	struct control *control;
	pid_t    supervisor;
	int      socket;        /* to ring the parent */
	int64_t  grace_ns;
	int64_t  kill_ns;       /* what a worker has to end its job's process at once */
	int64_t  now;           /* kept by the supervisor's loop */
};

/* errno of the last failed start; 0. */
int process_handle(struct process_environment *, struct worker_process *, unsigned index,
    enum process_event);

/* Reap it (the kernel has told that it ended) and leave its last words for the parent.
   1: it had run something, or ended as it was told to; 0: it ended without having run anything. */
int  process_reap(struct process_environment *, struct worker_process *, unsigned index);

/* The run that the slot speaks of, if it has that ticket and its claim is that process's. */
claim_word *process_claim(const struct process_environment *, const struct worker_process *,
    unsigned index, uint64_t ticket);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worker_slot - one worker slot as the supervisor sees it: the worker's process, and what to do
 * with it.
 *
 * The whole behaviour is a table, action[state][event] in worker_slot.c.  A run is ended without
 * hitting the run after it: the slot says which ticket SIGTERM is for, and before SIGKILL the
 * worker is stopped and the ticket compared again.  Everything here is async-signal-safe and never
 * blocks.
 */
#ifndef FORKPOOL_WORKER_SLOT_H
#define FORKPOOL_WORKER_SLOT_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/supervisor/standstill.h"
#include "lib/worker/worker.h"

enum slot_state {
	SLOT_EMPTY = 0, /* no process, and none is wanted */
	SLOT_WAITS,     /* no process: start one at `until`, or once the obituary has been read */
	SLOT_RUNS,
	SLOT_ENDING,    /* SIGTERM was sent for the run `ticket`, whose grace ends at `until` */
	SLOT_STOPPING,  /* SIGSTOP was sent, to compare the ticket while the worker cannot move */
	SLOT_KILLED,    /* SIGKILL was sent */
	SLOT_STATES,
};

enum slot_event {
	EVENT_WANTED = 0,  /* start a process */
	EVENT_TIME,        /* `until` has come */
	EVENT_END_RUN,     /* end the run `asked`; its claim word says why */
	EVENT_KILL_RUN,    /* the same, without a grace */
	EVENT_STOPPED,     /* the process has stopped */
	EVENT_LEAVE,       /* have it leave after its run, or at once where the pool stops */
	EVENT_KILL,        /* kill the process */
	EVENT_SUSPEND,     /* bring the process to a standstill, with those of its job */
	EVENT_GO_ON,       /* continue them */
	EVENT_DIED,        /* the process was reaped */
	SLOT_EVENTS,
};

/* Whether a worker has been told to leave; more is more urgent. */
enum leaving { LEAVING_NO = 0, LEAVING_AFTER_RUN = 1, LEAVING_AT_ONCE = 2 };

struct worker_slot {
	enum slot_state state;
	pid_t    pid;
	uint32_t generation;
	int      results;       /* write end of its results pipe; owned */
	int      capture;       /* file for its output, -1 none; owned */
	enum leaving leaving;
	int      for_cause;     /* it is killed because it misbehaves */
	int      is_stopped;    /* by the supervisor or by others */
	uint64_t asked;         /* ticket of the run that EVENT_END_RUN or EVENT_KILL_RUN is for */
	uint64_t killing;       /* ticket of the last run that was to end without a grace */
	uint64_t ticket;        /* of the run that is being ended */
	int64_t  until;         /* CLOCK_NEVER: no time set */
	int64_t  init_until;    /* when its worker_init() has to be over; CLOCK_NEVER: it is, or it
	                           may take as long as it likes */
	int      init_late;     /* it was killed for that */
	struct standstill still;
	int64_t  paused_ns;     /* how long the process has been suspended so far */
	uint64_t runs_before;   /* the slot's count of runs when this process began */
};

/* What all slots have in common. */
struct slot_environment {
	const struct worker_setup *setup;
	struct control *control;
	pid_t    supervisor;
	int      socket;        /* to ring the parent */
	int64_t  grace_ns;
	int64_t  kill_ns;       /* a worker's time to end its job's process without a grace */
	int64_t  now;           /* kept by the supervisor's loop */
};

/* Act on the event.  0, or the errno of a start that failed. */
int slot_handle(struct slot_environment *, struct worker_slot *, unsigned index,
    enum slot_event);

/* As EVENT_GO_ON, but the time since EVENT_SUSPEND counts as any other: they have not come to a
   standstill. */
void slot_spare(struct worker_slot *);

/* Tell the worker anew how long it has been suspended: a job at WORKER may have written there. */
void slot_mend(const struct slot_environment *, const struct worker_slot *, unsigned index);

/* Whether what is to happen at times set by the supervisor may happen now. */
static inline bool
slot_clock_runs(const struct worker_slot *w)
{
	/* A worker that is being stopped, to see what it is at, is no less so. */
	return !w->still.is_on || w->state == SLOT_STOPPING;
}

/* Reap the worker, which the kernel says has ended, and write its obituary for the parent.
   1: it had started a run, or ended as it was told to; 0: it ended without having started any. */
int  slot_reap(struct slot_environment *, struct worker_slot *, unsigned index);

/* The claim word of the run under way in the slot, if that run has this ticket and this worker has
   claimed it; NULL. */
claim_word *slot_claim(const struct slot_environment *, const struct worker_slot *,
    unsigned index, uint64_t ticket);

/* Settle that run's claim with `why`, if it is CLAIMED.  Returns the state that it had: CLAIMED
   only if this call has settled it, FREE where the word is not, or no longer, that run's. */
enum claim_state slot_claim_settle(const struct slot_environment *, const struct worker_slot *,
    unsigned index, uint64_t ticket, enum claim_state why);

#endif

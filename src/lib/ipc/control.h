/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control - what the parent and the supervisor tell each other; no worker has it.
 *
 * A second shared mapping, which workers do not inherit, so that nothing a worker writes can pose
 * as the parent's wish or the supervisor's word.  It holds state, not messages: each side changes
 * its own words and rings the other's doorbell (one byte over a socket pair, see fd_ring()).  So
 * nothing can overflow, be lost or block, and two rings before the other side looks are one.
 *
 * Each member says who writes it.
 */
#ifndef FORKPOOL_CONTROL_H
#define FORKPOOL_CONTROL_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/ipc/shared.h"

/* What the supervisor reports of one dead worker process.  The supervisor writes it and then sets
   full; the parent reads it and then clears full.  The supervisor does not start a slot's process
   of generation g+2 before the parent has cleared the obituary of g: so two, by parity, are
   enough. */
struct obituary {
	_Atomic uint32_t full;
	uint32_t generation;
	pid_t    pid;
	int      wait_status;
	int      for_cause;       /* SIGKILLed at the parent's request: damage */
	int      over_memory;     /* the kernel killed for memory in its cgroup during the run */
	uint64_t run_ticket;      /* run that was under way, by the worker's own word; 0 none */
	int64_t  run_started, ended_ns;
	uint64_t output_len;      /* captured from that run; in the spool */
	uint64_t output_lost;     /* bytes past the cap */
};

struct control_slot {
	/* Parent: end the run of this ticket, whose claim word is CANCELLED already. */
	alignas(SHARED_CACHE_LINE) _Atomic uint64_t cancel_ticket;
	/* Parent: end it without a grace; the claim word may be TIMED_OUT as well. */
	_Atomic uint64_t kill_ticket;
	/* Parent: kill the process of this generation, which misbehaves; 0 none. */
	_Atomic uint32_t kill_generation;
	/* Supervisor. */
	_Atomic uint32_t generation;  /* of the last process started; 0 none yet */
	_Atomic pid_t    pid;         /* 0: none alive */
	_Atomic pid_t    last_pid[2]; /* by parity: of the last process, alive or not */
	struct obituary  obituary[2];
};

enum control_failure {
	CONTROL_WORKS = 0,
	CONTROL_FORK_FAILS,
	CONTROL_WORKERS_DIE,
	CONTROL_INIT_FAILS,
	CONTROL_INIT_LATE,
	CONTROL_BROKEN
};

struct control {
	/* Parent. */
	_Atomic uint32_t workers_wanted;
	_Atomic uint32_t stop;           /* 1: end every worker, then the supervisor itself */
	/* Raised by one for each forkpool_suspend() and forkpool_resume(): odd while the pool is to
	   be suspended. */
	_Atomic uint32_t suspend;
	_Atomic uint32_t jobs_wait;      /* jobs are accepted and not finished */
	_Atomic uint32_t timed_jobs;     /* jobs offered that have a timeout */
	_Atomic int64_t  pool_deadline;
	/* The smallest timeout that a job in flight may have; 0 none.  The parent lowers it (and
	   rings); the supervisor sets it to 0 when it sees timed_jobs at 0. */
	_Atomic int64_t  watch_ns;
	/* Set by the side that rings, cleared by the side that is about to look: so at most one
	   byte is under way. */
	alignas(SHARED_CACHE_LINE) _Atomic uint32_t supervisor_rung;
	alignas(SHARED_CACHE_LINE) _Atomic uint32_t parent_rung;

	/* Supervisor. */
	/* 1: the first workers run, 2: they could not be started. */
	alignas(SHARED_CACHE_LINE) _Atomic uint32_t started;
	_Atomic uint32_t failure;        /* enum control_failure: no worker can be had */
	_Atomic int32_t  failure_error;  /* errno, or a wait status for CONTROL_WORKERS_DIE */
	_Atomic uint32_t suspended;      /* the value of suspend that it has carried out */
	_Atomic uint64_t workers_started, workers_died;
	_Atomic uint32_t layers;         /* set of enum forkpool_layer, as they were tried out */
	_Atomic uint32_t mechanisms;     /* and of enum forkpool_mechanism */
	char error_text[400];            /* written before started is 2: a sentence; "" none */

	alignas(SHARED_CACHE_LINE) struct control_slot slot[SHARED_WORKERS_MAX];
};

struct control *control_create(void);       /* NULL and errno; as shared_create() */
void            control_destroy(struct control *);
/* In the supervisor, before it forks. */
void            control_hide_from_workers(struct control *);

/* Clear what the last supervisor said; generations go on where that one left them. */
void control_restart(struct control *);

/* Ring, so that the other side looks: 0, or -1 if it is gone. */
int control_ring_supervisor(struct control *, int socket);
int control_ring_parent(struct control *, int socket);

#endif

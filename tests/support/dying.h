/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dying - ways for a worker or a job's process to die, and moments at which it does; for tests.
 *
 * A test arms one moment in shared memory.  The first process that reaches it disarms it and then
 * dies in the way asked for: by its own act, or by a signal from outside, which a process of the
 * test's own (the assassin) sends once the other says that it is there and waits.
 *
 * Moments within the library are reached by wrapping read(), write(), pwrite() and some functions of the library's
 * own that one of its files calls in another, so a program that has this linked in is linked with --wrap for
 * them (Makefile.am), and the library needs no code for it.
 */
#ifndef FORKPOOL_TESTS_DYING_H
#define FORKPOOL_TESTS_DYING_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "forkpool.h"

enum way {
	WAY_SEGV,
	WAY_ABORT,
	WAY_EXIT_0,
	WAY_EXIT_99,
	WAY_STACK,
	WAY_FPE,
	WAY_KILL,
	WAY_TERM,
	WAY_STOP,
	WAYS
};

struct way_to_die {
	const char *name;
	int from_outside; /* the signal that the assassin sends; 0: its own act */
	enum forkpool_outcome outcome; /* of the job that it runs */
	int signal;
	int exit_code;
};
extern const struct way_to_die ways[WAYS];

enum moment {
	MOMENT_NONE, /* not armed */
	MOMENT_IDLE, /* about to wait for a packet */
	MOMENT_BEFORE_CLAIM, /* a packet was read, nothing claimed */
	MOMENT_IN_JOB,
	MOMENT_OUTBOX,       /* in a job, with results of others in the outbox */
	MOMENT_BIRTH,        /* in a job's own process: it has been forked, all signals are blocked */
	MOMENT_RETURNED,     /* there: the function has returned, and nobody has been told */
	MOMENT_ITS_WORKER,   /* there: but it is its worker's death */
	MOMENT_HALF_SENT,    /* half of a large value is written */
	MOMENT_BEFORE_SEND,  /* a packet of results is about to be written */
	MOMENT_AFTER_SEND,   /* it is written, and still in the outbox */
	MOMENT_LEAVING,      /* shutdown: in worker_exit() */
	MOMENT_LAST_RUN,     /* shutdown: in a job that was told to return */
	MOMENTS
};
extern const char *const moment_names[MOMENTS];

struct dying {
	_Atomic uint32_t armed;   /* enum moment */
	_Atomic uint32_t way;     /* enum way */
	_Atomic uint32_t reached; /* times; 0 or 1 for each arming */
	_Atomic uint32_t waiting; /* for the assassin */
	_Atomic uint32_t struck;  /* by the assassin */
	_Atomic uint32_t over;    /* the assassin is to leave */
	_Atomic int32_t  pid;     /* of who reached it and dies */
};

/* In shared memory; one for each test's process. */
extern struct dying *dying;

/* Set dying up, and start the assassin (before the pool is opened, so that it holds nothing of it). */
void dying_begin(void);
/* Have it leave, and reap it. */
void dying_end(void);
/* The next worker at that moment dies in that way. */
void dying_arm(enum moment, enum way);

/* In a job that its worker runs itself: whether results of others are in the outbox. */
int dying_outbox_holds(void);

/* For options.worker_init, worker_exit: has the process know that it is a worker. */
int  dying_worker_init(void *arg, void **state);
void dying_worker_exit(void *arg, void *state);

/* This is that moment: returns where it is not armed (or where its death is on its way and the
   moment is one that waits anyway). */
void dying_moment(enum moment);

/* Do it, now, to this very process; not for the ways that come from outside. */
_Noreturn void die(enum way);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dying - ways for a worker or a job's process to die, and moments at which it does.
 *
 * A test arms one moment in shared memory.  The first process that reaches the moment disarms it
 * and dies in the way asked for: by its own act, or by a signal from outside.  The signal comes
 * from a process of the test's own, the assassin, once the victim says that it waits.
 *
 * To reach moments within the library, dying.c wraps read(), write(), pwrite() and some functions
 * that one file of the library calls in another.  A program with dying.c is linked with --wrap for
 * each of them (tests/tests.mk); the library needs no code for it.
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
	enum forkpool_outcome outcome; /* of the job that the victim runs */
	int signal;
	int exit_code;
};
extern const struct way_to_die ways[WAYS];

enum moment {
	MOMENT_NONE, /* not armed */
	MOMENT_IDLE,         /* about to wait for a packet */
	MOMENT_BEFORE_CLAIM, /* a packet was read, nothing is claimed */
	MOMENT_IN_JOB,
	MOMENT_OUTBOX,       /* in a job, with results of other jobs in the outbox */
	MOMENT_BIRTH,        /* in a job's process just after the fork: all signals are blocked */
	MOMENT_RETURNED,     /* in a job's process: the function has returned, nobody knows yet */
	MOMENT_ITS_WORKER,   /* in a job's process: but its worker dies */
	MOMENT_HALF_SENT,    /* half of a large value is written */
	MOMENT_BEFORE_SEND,  /* a packet of results is about to be written */
	MOMENT_AFTER_SEND,   /* the packet is written, and still in the outbox */
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
	_Atomic uint32_t over;    /* the assassin must leave */
	_Atomic int32_t  pid;     /* of the process that dies */
};

/* In shared memory; one for each test's process. */
extern struct dying *dying;

/*
 * Set dying up, and start the assassin: before the pool is opened, so that it gets none of its
 * descriptors.
 */
void dying_begin(void);
/* Have the assassin leave, and reap it. */
void dying_end(void);
/* The next process at that moment dies in that way. */
void dying_arm(enum moment, enum way);

/* In a job that the worker itself runs: whether results of other jobs are in the outbox. */
int dying_outbox_holds(void);

/* For options.worker_init and worker_exit: tell the process that it is a worker. */
int  dying_worker_init(void *arg, void **state);
void dying_worker_exit(void *arg, void *state);

/*
 * Say that this is that moment.  Returns where the moment is not armed, or where the death is on
 * its way and the process waits anyway.
 */
void dying_moment(enum moment);

/* Kill this very process, in a way that does not come from outside. */
_Noreturn void die(enum way);

#endif

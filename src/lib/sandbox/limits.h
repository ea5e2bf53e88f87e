/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limits - what a job may use: checked in the parent, entered in the worker or in the job's
 * process.
 *
 * In a long-lived worker a limit makes sense only where the system counts the present use, not the
 * use since the process began; limits_check() refuses the others there.
 */
#ifndef FORKPOOL_LIMITS_H
#define FORKPOOL_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "forkpool.h"

/* Whether a job can end as OVER_LIMIT by that limit; any number may be asked for. */
static inline bool
limit_ends_jobs(unsigned limit)
{
	return limit > FORKPOOL_LIMIT_NONE && limit <= FORKPOOL_LIMIT_STACK;
}

/* Whether the limits make sense at that isolation.  0, or -1 and one sentence in error. */
int limits_check(const struct forkpool_limits *, enum forkpool_isolation, char *error,
    size_t error_size);

/* Level WORKER, in the worker: set the soft limits.  0, or -1 and errno. */
int limits_enter(const struct forkpool_limits *);

/* Levels JOB and SANDBOX, in the worker: set the limits that it can keep itself; its children
   inherit them.  At SANDBOX that bounds queued signals, POSIX timers and message queues, too.  0,
   or -1 and errno. */
int limits_enter_worker(const struct forkpool_limits *, enum forkpool_isolation);
/* What a job's process starts with: limits are for what comes on top. */
struct limits_base {
	uint64_t memory;     /* limits_memory_used() of its worker */
	uint64_t space;      /* address space of its worker, and for threads; 0: do not limit it */
	uint64_t processes;  /* other processes that RLIMIT_NPROC counts, too; LIMITS_UNCOUNTED:
	                        something else keeps that limit */
};
#define LIMITS_UNCOUNTED UINT64_MAX
/* In a job's process: set the other limits, soft and hard.  mapped: bytes of arguments that the
   process has mapped and its worker has not.  0, or -1 and errno. */
int limits_enter_job(const struct forkpool_limits *, const struct limits_base *, uint64_t mapped);

/* Of this process, in bytes: private writable memory; address space.  0 where /proc does not say.
   Async-signal-safe. */
uint64_t limits_memory_used(void);
uint64_t limits_space_used(void);
/* Address space for the stacks of so many threads, and for what malloc(3) reserves for each. */
uint64_t limits_space_of_threads(int64_t threads);

/*
 * The limits that this process has met as it ends: a set of 1 << enum forkpool_limit.  error: the
 * errno that it failed with last.  Async-signal-safe.
 */
unsigned limits_met(const struct forkpool_limits *, int error);

#endif

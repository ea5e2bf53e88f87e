/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limits - what a job may use: checked in the parent, entered in the worker or the job's process.
 *
 * In a long-lived worker a limit makes sense only where the system counts it for the moment and
 * not since the process began; the others are refused there.  Includes the public header, gate, os.
 */
#ifndef FORKPOOL_LIMITS_H
#define FORKPOOL_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#include "forkpool.h"

/* Each member of struct forkpool_limits, as a result and a window name it. */
enum limit {
	LIMIT_NONE = 0,
	LIMIT_MEMORY,
	LIMIT_CPU,
	LIMIT_FILE_SIZE,
	LIMIT_OPEN_FILES,
	LIMIT_PROCESSES,
	LIMIT_STACK,
	LIMIT_OUTPUT,
	LIMITS,
};

/* "memory", ...; NULL for LIMIT_NONE and any number that is none. */
const char *limit_name(unsigned limit);

/* 0, or -1 and one sentence in error. */
int limits_check(const struct forkpool_limits *, enum forkpool_isolation, char *error,
    size_t error_size);

/* In a worker, WORKER: take the limits on.  0, or -1 and errno. */
int limits_enter(const struct forkpool_limits *);

/* In a worker, JOB and SANDBOX: those that it can live with itself, and that its children inherit.  0, or -1 and errno. */
int limits_enter_worker(const struct forkpool_limits *);
/* In a job's process: the others, hard.  0, or -1 and errno. */
struct limits_base {
	uint64_t memory;     /* limits_memory_used() of its worker */
	uint64_t space;      /* address space of its worker; 0: not to be limited */
	uint64_t processes;  /* those beside its own that the system counts with them; LIMITS_UNCOUNTED: something else keeps that limit */
};
#define LIMITS_UNCOUNTED UINT64_MAX
/* mapped: bytes of arguments that the process has come by and its worker has not. */
int limits_enter_job(const struct forkpool_limits *, const struct limits_base *, uint64_t mapped);

/* Private writable memory of this process, in bytes; all its address space; what of that is resident.  0 where it cannot be told.
   Async-signal-safe. */
uint64_t limits_memory_used(void);
uint64_t limits_space_used(void);
uint64_t limits_resident(void);

/*
 * What this process stands at as it ends: the set of 1 << enum limit.  error: what it failed with last, an errno.
 * Async-signal-safe.
 */
unsigned limits_met(const struct forkpool_limits *, int error);

#endif

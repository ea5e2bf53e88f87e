/*
 * limits - what a job may use: checked in the parent, entered in the worker.
 *
 * In a long-lived worker a limit makes sense only where the system counts it for the moment and
 * not since the process began; the others are refused.  Includes the public header, os.
 */
#ifndef FORKPOOL_LIMITS_H
#define FORKPOOL_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#include "forkpool.h"

/* 0, or -1 and one sentence in error. */
int limits_check(const struct forkpool_limits *, char *error, size_t error_size);

/* Take the limits on.  0, or -1 and errno.  *memory_max becomes the bytes of private memory at
   which the process stands at its limit, 0 where there is none. */
int limits_enter(const struct forkpool_limits *, uint64_t *memory_max);

/* Private writable memory of this process, in bytes; 0 where it cannot be told.
   Async-signal-safe. */
uint64_t limits_memory_used(void);

#endif

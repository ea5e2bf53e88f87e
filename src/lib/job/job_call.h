/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * job_call - the one place where a job's function is called, at each level.
 *
 * A backtrace ends here: what is below is the pool's, and main().  The return address of this one
 * call tells, which is the same in each process that is forked from the caller.  No range of
 * addresses does: a compiler moves, splits and merges functions.
 */
#ifndef FORKPOOL_JOB_CALL_H
#define FORKPOOL_JOB_CALL_H

#include <stddef.h>
#include <stdint.h>

#include "forkpool.h"

int job_call(forkpool_fn *, struct forkpool_context *, const void *args, size_t args_len);

/* The address that job functions return to, found by calling one; 0 where the compiler cannot
   tell. */
uintptr_t job_call_returns_to(void);

#endif

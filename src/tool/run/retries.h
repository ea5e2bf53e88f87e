/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * retries - jobs that have failed and are to be tried again, each when its time has come
 * (--retry-delay), those that are due first before those that become due later.
 *
 * A job that waits here is a new one for the next try.  It keeps the one that has failed (.before),
 * which is its end if the run stops before that try has begun; and with --pipe the channel whose
 * file has its block.
 */
#ifndef FORKPOOL_TOOL_RETRIES_H
#define FORKPOOL_TOOL_RETRIES_H

#include "tool/cli/options.h"
#include "tool/task/job.h"

/* The longest wait is the first one so many times over, and half as much again. */
#define RETRIES_LONGEST 64

/*
 * How long to wait before the try after so many: --retry-delay, twice that, and so on, and up to
 * half as much again, by chance (from 0, to UINT32_MAX), so that jobs that failed together do not
 * come back together.
 */
int64_t     retries_delay(int64_t first_ns, unsigned attempts, uint32_t chance);

/* The job has failed, and is retries' from here on.  now: monotonic. */
void        retries_add(const struct options *, struct job *, int64_t now);
/* The next job that is due; NULL: none is. */
struct job *retries_take(int64_t now);
/* ns until one is due; 0: one is; -1: none waits. */
int64_t     retries_wait(int64_t now);
/* So many jobs wait that no more of the input should begin. */
int         retries_are_full(void);
void        retries_close(void);

#endif

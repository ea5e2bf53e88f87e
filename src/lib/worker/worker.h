/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worker - one long-lived worker process: it reads packets of jobs and has them run until it
 * leaves.
 *
 * A worker knows the shared memory, its pipes and its setup, and nothing of the pool.  At level
 * WORKER the next job finds what a job leaves behind in the process (signals, limits, open files);
 * what would hurt other workers' jobs is checked after each packet: whether this is still the
 * process that was forked, and whether the pool's descriptors are still the pool's.
 */
#ifndef FORKPOOL_WORKER_H
#define FORKPOOL_WORKER_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/job/setup.h"

/*
 * In a supervisor, first of all.  If its pool is opened in a job of another pool, that job's worker
 * has left its memory here: let go of it, but for the job's own arguments and context, which code
 * of the job's may still look at, and which become this process's own copy.  0, or -1 and errno.
 */
int worker_shed_other_pool(void);

/* In the supervisor, once: set up what all workers inherit: signal handlers, standard input and
   output, no core files.  0, or -1 and errno. */
int worker_prepare(const struct worker_setup *);

/* Be a worker: in a process just forked, with all signals blocked.  results: the write end of its
   pipe; capture: its file for output, or -1. */
_Noreturn void worker_main(const struct worker_setup *, pid_t supervisor, unsigned index,
    uint32_t generation, int results, int capture);

#endif

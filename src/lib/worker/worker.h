/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worker - one long-lived worker process: born, it reads packets and has them run until it leaves.
 *
 * It knows the shared memory, its pipes and what it was set up with, and nothing of the pool.
 * What a job leaves behind in the process (signals, limits, open files) is the next job's to find;
 * what would hurt other workers' jobs is checked after each packet: whether this is still the
 * process that was forked, and whether the pool's descriptors are still the pool's.
 * Includes worker_run, crash, limits, packet_pipe and below.
 */
#ifndef FORKPOOL_WORKER_H
#define FORKPOOL_WORKER_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/job/setup.h"

/* In the supervisor, once: what all workers are born with, so that each need not do it: signals, standard
   input and output, no core files.  0, or -1 and errno. */
int worker_prepare(const struct worker_setup *);

/* Be that worker: called in a process just forked, all signals blocked.  results: the write end of
   its pipe; capture: its file for output, or -1. */
_Noreturn void worker_main(const struct worker_setup *, pid_t supervisor, unsigned index,
    uint32_t generation, int results, int capture);

#endif

/*
 * worker - one long-lived worker process: read a packet, claim, run, reply.
 *
 * It knows the shared memory, its pipes and what it was set up with, and nothing of the pool.
 * What a job leaves behind in the process (signals, limits, open files) is the next job's to find;
 * what would hurt other workers' jobs is checked after each packet: whether this is still the
 * process that was forked, and whether the pool's descriptors are still the pool's.
 * Includes context, spool, shared, capture, crash, limits, packet_pipe and below.
 */
#ifndef FORKPOOL_WORKER_H
#define FORKPOOL_WORKER_H

#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "control.h"
#include "forkpool.h"
#include "shared.h"
#include "spool.h"

/* What every worker of a pool is set up with; filled in by the parent before the first fork. */
struct worker_setup {
	struct shared  *shared;
	struct control *control;    /* only to let go of it */
	struct canary   canary;
	struct spool    spool;
	int             job_pipe;   /* read end */
	int             arena_fd;
	int             fd_base;    /* descriptors made after the fork are moved up to here: code of the
	                               caller's that runs in a job may still use numbers that were its own */
	int64_t         timeout_ns; /* 0: none */
	size_t          value_max;
	uint64_t        output_max; /* captured bytes kept of one run */
	unsigned        jobs_per_worker;
	enum forkpool_output   output;
	struct forkpool_limits limits;
	struct rlimit   open_files; /* RLIMIT_NOFILE as the caller has it */
	int           (*init)(void *arg, void **state);
	void          (*exit)(void *arg, void *state);
	void           *arg;
};

/* In the supervisor, once: what all workers are born with, so that each need not do it: signals, standard
   input and output, no core files.  0, or -1 and errno. */
int worker_prepare(const struct worker_setup *);

/* Be that worker: called in a process just forked, all signals blocked.  results: the write end of
   its pipe; capture: its file for output, or -1. */
_Noreturn void worker_main(const struct worker_setup *, pid_t supervisor, unsigned index,
    uint32_t generation, int results, int capture);

#endif

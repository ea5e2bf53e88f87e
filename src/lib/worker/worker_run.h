/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worker_run - what a worker does with one packet: claim each job, run it, have its result in the outbox.
 *
 * A worker is a process, and its signal handler has to find it: so there is one struct worker, and it
 * is a variable.  Includes job_process, context, spool, shared, capture, packet_pipe and below.
 */
#ifndef FORKPOOL_WORKER_RUN_H
#define FORKPOOL_WORKER_RUN_H

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>

#include "lib/job/context.h"
#include "lib/job/setup.h"
#include "lib/os/clock.h"
#include "lib/worker/job_process.h"

#define CANARY_WORKER 0x776f726bu

/* Which open file a descriptor was at first. */
struct fd_identity {
	int   fd;
	dev_t device;
	ino_t inode;
};

struct worker {
	const struct worker_setup *setup;
	struct shared_slot *slot;
	struct outbox      *box;
	struct crash_note  *note;
	unsigned  index, parity;
	uint32_t  generation;
	uint64_t  runs;
	int64_t   now;                /* the time when the last run ended, or the packet came */
	struct clock_meter meter;
	uint32_t  packets_seen;       /* sent when it last looked, while others read */
	pid_t     supervisor;
	int       capture;
	struct fd_identity jobs, results, arena, values, output;
	struct spool_writer spool;
	struct wire_writer  out;
	struct job_processes own_process;   /* JOB and SANDBOX */

	unsigned char *arena_map;     /* to read from; NULL: not yet */
	size_t         arena_size;

	/* Shared with the signal handler. */
	pthread_t thread;
	volatile uint64_t     run_ticket;     /* the function that runs; 0 none */
	volatile sig_atomic_t cooperative;
	volatile sig_atomic_t in_pool_io;     /* blocked in the pool's pipes: may be left */
	volatile sig_atomic_t forwarded;
	sigjmp_buf leave;

	/* Last: with all else on one page, a worker that forks for each job has one to copy and not two. */
	struct forkpool_context context;
};

extern struct worker worker_self;

/* End this process of its own accord. */
_Noreturn void worker_end(enum crash_leave how, int error);

struct fd_identity identity_of(int fd);
/* Whether the pool's descriptors are still the pool's; else this process ends. */
void identities_check(void);

/* Begin an empty packet of results. */
void outbox_begin(void);

/* Claim and run what is in a packet of jobs. */
void packet_run(const struct wire_packet *, size_t len);

#endif

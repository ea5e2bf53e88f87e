/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worker_run - what a worker does with one packet: claim each job, run it, put its result into the
 * outbox.
 *
 * A worker is a process, and its signal handler must find its state: so there is one struct worker,
 * a global variable.
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

/* The file that a descriptor had open at first. */
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
	int64_t   now;                /* when the last run ended, or the packet came; by
	                                 slot_clock() */
	int64_t   paused_ns;          /* by which that is behind clock_now() */
	int64_t   started_ns;         /* of the run under way, by clock_now() */
	struct clock_meter meter;
	uint32_t  packets_seen;       /* shared->packets at the last check, while others read */
	pid_t     supervisor;
	int       capture;
	struct fd_identity jobs, results, arena, values, output;
	struct spool_writer spool;
	struct wire_writer  out;
	struct job_processes own_process; /* JOB and SANDBOX */

	unsigned char *arena_map;     /* to read from; NULL: not mapped yet */
	size_t         arena_size;
	const void    *large_args;    /* of the run under way, in the arena */
	size_t         large_args_len; /* 0: it has none there */

	/* Shared with the signal handler. */
	pthread_t thread;
	volatile uint64_t     run_ticket;     /* of the run under way; 0 none */
	volatile sig_atomic_t cooperative;
	volatile sig_atomic_t in_pool_io;     /* blocked in the pool's pipes: may jump to `leave` */
	volatile sig_atomic_t forwarded;      /* another thread has passed SIGTERM on to this one */
	sigjmp_buf leave;

	/* Last: with all else on one page, a worker that forks for each job has one page copied,
	   not two. */
	struct forkpool_context context;
};

extern struct worker worker_self;

/* Leave: note how, and _exit(). */
_Noreturn void worker_end(enum crash_leave how, int error);

struct fd_identity identity_of(int fd);
/* End this process if a job has replaced one of the pool's descriptors.  At JOB and SANDBOX none
   can. */
void identities_check(void);

/* Begin a packet of results in the outbox. */
void outbox_begin(void);

/* Claim and run the jobs of a packet. */
void packet_run(const struct wire_packet *, size_t len);

#endif

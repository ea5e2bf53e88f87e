/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * setup - what every worker of a pool is set up with.
 */
#ifndef FORKPOOL_SETUP_H
#define FORKPOOL_SETUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include "forkpool.h"
#include "lib/ipc/control.h"
#include "lib/ipc/shared.h"
#include "lib/ipc/value_spool.h"
#include "lib/job/mailbox.h"
#include "lib/os/fork_canary.h"
#include "lib/os/inherited_fds.h"
#include "lib/sandbox/sandbox.h"

/* Filled in by the parent before the first fork. */
struct worker_setup {
	struct shared  *shared;
	uint32_t        entries;    /* claim words in it */
	struct control *control;    /* a worker only unmaps it */
	struct canary   canary;
	struct spool    spool;
	int             null;       /* /dev/null: the caller may be in another root directory when
	                               a later supervisor needs it */
	int             job_pipe;   /* read end */
	int             arena_fd;
	struct descriptors descriptors; /* the caller's, that all processes of the pool inherit */
	int             fd_base;    /* descriptors made after the fork are moved up to this number:
	                               the caller's code that runs in a job may still use numbers
	                               that it had in the caller */
	int64_t         timeout_ns; /* 0: none */
	int64_t         grace_ns;
	size_t          value_max;
	uint64_t        output_max; /* captured bytes kept of one run */
	unsigned        jobs_per_worker;
	enum forkpool_output   output;
	struct forkpool_limits limits;
	struct rlimit   open_files; /* RLIMIT_NOFILE as the caller has it */
	struct mailbox  *mailboxes; /* one for each worker; NULL: jobs have no own processes */
	struct sandbox  sandbox;
	int             executes;   /* job functions only execute a program */
	int             core_dumps; /* RLIMIT_CORE stays as the caller has it */
	int64_t         init_timeout_ns; /* negative: none */
	char          **environment; /* at JOB and SANDBOX */
	int           (*init)(void *arg, void **state);
	void          (*exit)(void *arg, void *state);
	void          (*job_exit)(void *arg, void *state);
	void           *arg;
};

/* At JOB and SANDBOX each run has its own process; at WORKER jobs run in the worker itself. */
static inline bool
jobs_have_own_process(const struct worker_setup *setup)
{
	return setup->sandbox.level != FORKPOOL_ISOLATE_WORKER;
}

#endif

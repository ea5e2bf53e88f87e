/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sandbox - what holds a job's process, put together from its layers, which have a file each.
 *
 * 1. In the parent, sandbox_prepare() plans all layers, and refuses where the system is known not
 *    to have one.
 * 2. In each worker, sandbox_enter_worker() before worker_init() and sandbox_enter_worker_late()
 *    after it set up all that children inherit, so that little is left to do for each job.
 * 3. In each job's process, sandbox_enter_job() does the rest.  Before the first worker a self-test
 *    (supervisor/sandbox_selftest.c) does all of this once; its trial jobs do what each layer must
 *    deny.  Nothing degrades silently.
 */
#ifndef FORKPOOL_SANDBOX_H
#define FORKPOOL_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "forkpool.h"
#include "lib/sandbox/cgroup.h"
#include "lib/sandbox/identity.h"
#include "lib/sandbox/landlock.h"
#include "lib/sandbox/seccomp_filter.h"

/* The steps of setting up a job's process before its function is called. */
enum job_step {
	STEP_NONE = 0,
	STEP_PARENT,
	STEP_ARGUMENTS,
	STEP_LIMITS,
	STEP_IDENTITY,
	STEP_USER,
	STEP_FILES,
	STEP_SYSCALLS,
	STEP_GATE,
	STEP_SELFTEST,
	STEPS,
};

/* "its limits", ...: what the step sets up; NULL for any other number. */
const char *job_step_name(unsigned step);

struct sandbox {
	enum forkpool_isolation level;
	unsigned layers;        /* set of enum forkpool_layer: wanted; after the self-test: had */
	bool     best_effort;
	bool     exec, network, files;
	bool     worker_stays;  /* worker_exit() runs in the worker, so no filter may confine it */
	bool     needs_cgroup, needs_filter;  /* that layer keeps the limit on processes */
	bool     counts_processes; /* RLIMIT_NPROC does, in a user namespace of the worker's own */
	bool     executes;      /* JOB: jobs execute programs, which keep set-user-id rights */
	bool     in_selftest;   /* sandbox_enter_job() tests whether each layer holds */
	struct sandbox_filter   filter;
	struct sandbox_landlock landlock;
	struct sandbox_identity identity;
	struct sandbox_cgroup   cgroup;
};

/* So that sandbox_release() has nothing to do. */
void sandbox_init(struct sandbox *, enum forkpool_isolation);
/* Level JOB or SANDBOX.  0, or -1, errno and one sentence. */
int  sandbox_prepare(struct sandbox *, const struct forkpool_options *, char *error,
    size_t error_size);
void sandbox_release(struct sandbox *);

/* The layer cannot be had: go on without it.  0; -1: the others make no sense without it. */
int  sandbox_do_without(struct sandbox *, unsigned layer);

/* In the worker, before its worker_init(), with one thread.  0, or -1, errno, *step: what failed,
   and *layer: the layer that cannot be had for that reason (0: none in particular). */
int  sandbox_enter_worker(const struct sandbox *, const char **step, unsigned *layer);
/* After worker_init(), while the worker has no child.  threads: how many the worker has.  *gated:
   the worker itself is confined, and its children with it, and may fork, kill and so on only
   through the gate.  0, or -1 likewise. */
int  sandbox_enter_worker_late(const struct sandbox *, unsigned worker,
    const struct forkpool_limits *, unsigned threads, bool *gated, const char **step,
    unsigned *layer);

/* In a job's process, whose descriptors above 2 are closed but for the Landlock ruleset; this
   closes that, too.  0, or -1, errno and *failed. */
int  sandbox_enter_job(const struct sandbox *, pid_t worker, enum job_step *failed);

/* Whether a job may make processes and threads. */
bool sandbox_allows_processes(const struct sandbox *);
/* Whether a filter of system calls holds its jobs. */
bool sandbox_filters(const struct sandbox *);

/* What the layer consists of, for a sentence on why it cannot be had. */
const char *layer_text(unsigned layer);

#endif

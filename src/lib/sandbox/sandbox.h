/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sandbox - what holds a job's process, put together from its layers, one file each.
 *
 * 1. In the parent: sandbox_prepare() says what is wanted, and refuses where the system is known not to have it.
 * 2. In each worker: sandbox_enter_worker() before worker_init(), sandbox_enter_worker_late() after it: all
 *    that children inherit, so that as little as possible is left to do for a job.
 * 3. In each job's process: sandbox_enter_job().
 * What has been entered is tried out first (sandbox_probe.c): the process that is probed checks each layer by
 * doing what it is to deny.  Nothing degrades in silence.
 *
 * Includes sandbox_filter, sandbox_landlock, sandbox_identity, sandbox_cgroup, gate, fd, os.
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

/* What is set up in a job's process before its function is called. */
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

/* "its limits", ...: what could not be set up; NULL for any other number. */
const char *job_step_name(unsigned step);

struct sandbox {
	enum forkpool_isolation level;
	unsigned layers;        /* set of enum forkpool_layer: wanted, and after the probe those that there are */
	bool     best_effort;
	bool     exec, network, files;
	bool     worker_stays;  /* the worker runs code of the caller's at its end, which no filter may disturb */
	bool     needs_cgroup, needs_filter;  /* it keeps the limit on processes */
	bool     counts_processes; /* RLIMIT_NPROC counts in a user namespace of the worker's own: it and its job */
	bool     executes;      /* JOB: programs are executed, with the privileges that they have */
	bool     in_selftest;   /* sandbox_enter_job() tests whether each layer holds */
	struct sandbox_filter   filter;
	struct sandbox_landlock landlock;
	struct sandbox_identity identity;
	struct sandbox_cgroup   cgroup;
};

/* For a pool without any: so that sandbox_release() has nothing to do. */
void sandbox_init(struct sandbox *, enum forkpool_isolation);
/* Level JOB or SANDBOX.  0, or -1, errno and one sentence. */
int
sandbox_prepare(struct sandbox *, const struct forkpool_options *, char *error, size_t error_size);
void sandbox_release(struct sandbox *);

/* That layer is not to be had, and it goes without.  -1: it cannot. */
int  sandbox_do_without(struct sandbox *, unsigned layer);

/* In the worker, before its worker_init(), with one thread.  0, or -1, errno, which step, and the layer that cannot be
   had for it (0: it is no layer that failed). */
int  sandbox_enter_worker(const struct sandbox *, const char **step, unsigned *layer);
/* After it, while it has no child.  threads: how many it has.  *gated: it is confined itself, and its children with it: it
   may fork, kill and so on through the gate only.  0, or -1 likewise. */
int
sandbox_enter_worker_late(const struct sandbox *, unsigned worker, const struct forkpool_limits *,
    unsigned threads, bool *gated, const char **step, unsigned *layer);

/* In a job's process.  All descriptors above 2 are closed then (where there is a Landlock ruleset by this, else before).  0, or -1, errno and which step. */
int  sandbox_enter_job(const struct sandbox *, pid_t worker, enum job_step *failed);

/* Whether a job may have more processes than one. */
bool sandbox_allows_processes(const struct sandbox *);
bool sandbox_filters(const struct sandbox *);

/* What stands in the way of that layer, for a person. */
const char *layer_text(unsigned layer);

#endif

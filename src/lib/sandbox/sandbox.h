/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sandbox - what holds a job's process, put together from its layers, which have a file each.
 *
 * 1. In the parent, sandbox_prepare() plans by which mechanisms each layer is to hold, and refuses
 *    where the system is known to have none.
 * 2. In each worker, sandbox_enter_worker() before worker_init() and sandbox_enter_worker_late()
 *    after it set up all that children inherit, so that little is left to do for each job.
 * 3. In each job's process, sandbox_enter_job() does the rest.  Before the first worker a self-test
 *    (supervisor/sandbox_selftest.c) does all of this once; its trial jobs do what each mechanism
 *    must deny.  What is not seen to hold is planned without.  Nothing degrades silently.
 */
#ifndef FORKPOOL_SANDBOX_H
#define FORKPOOL_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "forkpool.h"
#include "lib/ipc/job_paths.h"
#include "lib/sandbox/acts.h"
#include "lib/sandbox/cgroup.h"
#include "lib/sandbox/identity.h"
#include "lib/sandbox/landlock.h"
#include "lib/sandbox/pid_namespace.h"
#include "lib/sandbox/private_root.h"
#include "lib/sandbox/promises.h"
#include "lib/sandbox/seccomp_filter.h"

/* The steps of setting up a job's process before its function is called. */
enum job_step {
	STEP_NONE = 0,
	STEP_PARENT,
	STEP_ARGUMENTS,
	STEP_ROOT,
	STEP_PATHS,
	STEP_LIMITS,
	STEP_IDENTITY,
	STEP_USER,
	STEP_FILES,
	STEP_SYSCALLS,
	STEP_GATE,
	STEP_MAILBOX,
	STEP_IDENTITY_HOLDS, /* in the self-test: it was entered, and does not hold */
	STEP_USER_HOLDS,
	STEPS,
};

/* "its limits", ...: what the step sets up; NULL for any other number. */
const char *job_step_name(unsigned step);

struct sandbox {
	enum forkpool_isolation level;
	unsigned layers;        /* set of enum forkpool_layer: planned; after the self-test: had */
	unsigned mechanisms;    /* and set of enum forkpool_mechanism */
	unsigned wanted;        /* layers */
	unsigned offered;       /* of the layers that hold by no mechanism, those that there are */
	unsigned barred;        /* mechanisms that turned out not to hold */
	struct promise_facts facts;
	bool     best_effort;
	bool     exec, network, files, loopback, threads, job_paths;
	bool     worker_stays;  /* worker_exit() runs in the worker, so no filter may confine it */
	bool     needs_cgroup, needs_filter;  /* that layer keeps the limit on processes */
	bool     counts_processes; /* RLIMIT_NPROC does: in a user namespace of the worker's own, or
	                              for a user of its own */
	bool     executes;      /* JOB: jobs execute programs, which keep set-user-id rights */
	struct acts *acts;      /* in the self-test: sandbox_enter_job() acts; else NULL */
	struct acts_places places;
	struct sandbox_filter   filter;
	struct sandbox_landlock landlock;
	struct sandbox_identity identity;
	struct sandbox_cgroup   cgroup;
	struct private_root     root;     /* wanted: it holds the files */
};

/* What failed in a worker, and what cannot be had for that reason (0: nothing in particular). */
struct sandbox_fault {
	const char *step;
	unsigned layers, mechanisms;
};

/* So that sandbox_release() has nothing to do. */
void sandbox_init(struct sandbox *, enum forkpool_isolation);
/* Level JOB or SANDBOX.  0, or -1, errno and one sentence. */
int  sandbox_prepare(struct sandbox *, const struct forkpool_options *, char *error,
    size_t error_size);
void sandbox_release(struct sandbox *);

/* These layers cannot be had, and these mechanisms do not hold: plan anew.  0; -1: a layer is
   missing now that was wanted (*missing; with best effort it is left out), or without which the
   others make no sense. */
int  sandbox_do_without(struct sandbox *, unsigned layers, unsigned mechanisms, unsigned *missing);
/* In the parent: these were had. */
void sandbox_settle(struct sandbox *, unsigned layers, unsigned mechanisms);

/* In the worker, before its worker_init(), with one thread.  *ns becomes the jobs' pid namespace,
   or none.  0, or -1, errno and *fault. */
int  sandbox_enter_worker(const struct sandbox *, struct pid_namespace *ns,
    struct sandbox_fault *fault);
/* After worker_init(), while the worker has no child.  threads: how many the worker has.  *gated:
   the worker itself is confined, and its children with it, and may fork, kill and so on only
   through the gate.  0, or -1 likewise. */
int  sandbox_enter_worker_late(const struct sandbox *, struct pid_namespace *ns, unsigned worker,
    const struct forkpool_limits *, unsigned threads, bool *gated, struct sandbox_fault *fault);

/* What os_parent() is in a job's process while its worker lives. */
static inline pid_t
sandbox_parent(const struct pid_namespace *ns, pid_t worker)
{
	return ns->init != 0 ? PID_NAMESPACE_PARENT : worker;
}

/* In a job's process, before it closes descriptors.  0, or -1 and errno. */
int  sandbox_enter_root(const struct sandbox *, const struct pid_namespace *ns);
/* In a job's process, before it closes descriptors: open up its own paths.  0; or -1, errno, and
   the path in *failed, cut to size. */
int  sandbox_enter_paths(const struct sandbox *, struct job_paths *, char *failed, size_t size);
/* In a job's process, whose descriptors above 2 are closed but for the Landlock ruleset; this
   closes that, too.  0, or -1, errno and *failed. */
int  sandbox_enter_job(const struct sandbox *, const struct pid_namespace *ns, pid_t worker,
    enum job_step *failed);

/* Whether a job may make processes and threads; threads at least. */
bool sandbox_allows_processes(const struct sandbox *);
bool sandbox_allows_threads(const struct sandbox *);
/* Whether a filter of system calls holds its jobs. */
bool sandbox_filters(const struct sandbox *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pid_namespace - a worker's jobs see no process but their own: they live in a pid namespace, and,
 * where one is wanted, in a private root (private_root.h).
 *
 * A worker has one such namespace.  Its first process, init, is a child of the worker, and nothing
 * but a servant: it builds the private root, and on the worker's word kills and reaps all that a
 * job has left, and empties /tmp.  The jobs are the worker's own children in there, so the worker
 * waits for them as usual; what they leave without a parent comes to init.  init ends when its
 * worker does, and everything in the namespace ends with init.
 *
 * No job can kill or trace init: it has no signal handler, so the system drops every signal from
 * inside; it is undumpable and keeps the privileges that a job lacks.  If it is gone all the same,
 * the worker is of no more use.  An ordinary user's init has the same user as the jobs, who could
 * lower its limits (prlimit(2)) or its priority: that is left to the filter of system calls.
 *
 * The worker itself stays outside: pids are the same for it as before, and a job's getppid() is 0.
 */
#ifndef FORKPOOL_PID_NAMESPACE_H
#define FORKPOOL_PID_NAMESPACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/sandbox/namespace_init.h"
#include "lib/sandbox/private_root.h"

/* A job's getppid(). */
#define PID_NAMESPACE_PARENT 0

struct pid_namespace_left {
	unsigned count;              /* processes that a job had left without a parent */
	unsigned earlier;            /* of these, without the last ones that init found at once */
	int64_t  user_ns, system_ns; /* processor time of these */
};

struct pid_namespace {
	pid_t init;          /* as the worker sees it; 0: there is no namespace */
	int   link;          /* to init; each descriptor above 2, or -1 */
	int   pids;          /* the namespace, until it is entered */
	int   orphans;       /* init's children, to be read; -1: they cannot be seen */
	struct namespace_tally *tally; /* memory that no job has; NULL: no namespace */
	struct pid_namespace_left told; /* of the tally: the jobs before this one */
	struct private_root_view root;
	char  step[PRIVATE_ROOT_STEP_MAX];
};

/* So that pid_namespace_release() has nothing to do. */
void pid_namespace_none(struct pid_namespace *);

/*
 * In the worker, early, with one thread, and with the privileges to make namespaces (root's, or
 * those in a user namespace of its own), which it has to keep: fork init, which builds the root if
 * root->wanted.  0; -1 and errno, and *step says what failed.  Async-signal-safe.
 */
int  pid_namespace_enter_worker(struct pid_namespace *, const struct private_root *root,
    const char **step);
/* After worker_init(): children that this thread makes from now on live in the namespace.  The
   process can make no threads from then on.  0, or -1 likewise.  Async-signal-safe. */
int  pid_namespace_enter_late(struct pid_namespace *, const char **step);

/* What init has reaped since the last sweep.  False: it may just be reaping one more. */
bool pid_namespace_reaped(const struct pid_namespace *, struct pid_namespace_left *);
/* End everything in the namespace but init, and wait until it is gone: all that is not a child of
   the worker.  *left: all that init has reaped since the last sweep, also where this fails.  0; -1
   and errno: init is gone (EPIPE), or cannot do it.  Async-signal-safe. */
int  pid_namespace_sweep(struct pid_namespace *, struct pid_namespace_left *);
/* Have /tmp and /dev/shm emptied if they are not clean.  0, or -1 likewise.  Async-signal-safe. */
int  pid_namespace_refresh(struct pid_namespace *);

/* Whether there was a namespace, and somebody has killed its init, and thereby all in it. */
bool pid_namespace_is_gone(const struct pid_namespace *);

/* In the worker, when it has no child there: end the namespace.  Does nothing if there is none. */
void pid_namespace_release(struct pid_namespace *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sandbox_identity - who a job is: its user and groups, its privileges, its namespaces.
 *
 * What children inherit is done once, in the worker: no new privileges, supplementary groups, bounding set,
 * namespaces, and where the worker is not root also its capabilities, of which it needs none.  Left for
 * each job's process is what would take from a root worker the power to confine the next one: user,
 * group, capabilities.  So a job of an ordinary user costs no call at all here, and one of root four.
 *
 * A process that is undumpable has its files in /proc owned by root, and is neither traced nor read by its
 * own user.  What a worker reads of itself there (children, statm, fd) it still can; an identity map it
 * could not write any more, so that comes before.
 *
 * Includes the public header and gate.
 */
#ifndef FORKPOOL_SANDBOX_IDENTITY_H
#define FORKPOOL_SANDBOX_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <sys/types.h>

#include "forkpool.h"

#define IDENTITY_NOBODY 65534

struct sandbox_identity {
	uid_t    uid;
	gid_t    gid;
	bool     change_user;     /* not all user and group ids of the caller are these two already */
	bool     drop_groups;     /* in the worker */
	bool     drop_caps;       /* in each job's process; where not, the worker has dropped them */
	bool     namespaces;
	bool     user_namespace;  /* the others need one first; level JOB: it is all that is wanted */
	unsigned layers;          /* of PRIVILEGES, USER and NAMESPACES those that it is to give */
	uint64_t outside[3];      /* the caller's network, IPC and UTS namespace: what is entered must be others */
	char     uid_map[32], gid_map[32]; /* each id as itself: what files show stays true */
};

/*
 * In the parent: what the header says of uid, gid and namespaces, for this caller; NULL: the strictest.
 * best_effort: a user that root cannot become here is left as it is, without FORKPOOL_LAYER_USER, and
 * likewise namespaces that an undumpable process cannot have.
 * 0, or -1: EPERM another user than the caller's is for root alone, or this root may not change it;
 * EINVAL the id has no mapping in this user namespace; EACCES namespaces for a process that is undumpable
 * and not root's; ENOTSUP this system has no such thing; and one sentence in error (error_size > 0).
 */
int identity_plan(struct sandbox_identity *, const struct forkpool_sandbox *, char *error,
    size_t error_size);

/*
 * In the worker, once, before its filter and while it has one thread.  0: *layers are those of identity->layers
 * (what is left to do for them is identity_enter_job()).  -1 and errno: *step names for a person what failed,
 * *layers is the layer that cannot be had for it; the process is half confined and must end.  (To do without
 * namespaces: clear .namespaces and that bit of .layers, and try again in a fresh process.)
 * Async-signal-safe.
 */
int identity_enter_worker(const struct sandbox_identity *, unsigned *layers, const char **step);

/*
 * In each job's process.  0, or -1 and errno with *step as above.  A change of user takes the parent-death signal
 * back: ask for it again, and look at getppid() again.  Async-signal-safe.
 */
int identity_enter_job(const struct sandbox_identity *, const char **step);

/*
 * Level JOB, in the parent: count_processes: a limit on processes is to be kept.  The system counts them by user, and
 * of one who is not root apart in each user namespace (Linux 5.14): so the worker is to have one.
 * 0, or -1 as above: EPERM root is not bound by that limit.
 */
int identity_plan_process(struct sandbox_identity *, bool count_processes, char *error,
    size_t error_size);
/* In the worker, once: no new privileges, undumpable.  0, or -1 and errno with *step.  Async-signal-safe. */
int identity_enter_process(const struct sandbox_identity *, bool may_gain, const char **step);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * identity - who a job is: its user and groups, its privileges, its namespaces.
 *
 * The worker does once what its children inherit: no new privileges, supplementary groups, bounding
 * set, namespaces, and, where the worker is not root, no capabilities, since it needs none itself.
 * Each job's process does what would take from a root worker the power to confine the next job:
 * user, group, capabilities.  So a job of an ordinary user costs no call here, and one of root
 * four.
 *
 * The files in /proc of an undumpable process belong to root, and its own user can neither trace
 * nor read it.  The worker can still read what it needs there of itself (children, statm, fd); but
 * it could no longer write an identity map, so the user namespace comes first.
 */
#ifndef FORKPOOL_IDENTITY_H
#define FORKPOOL_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <sys/types.h>

#include "forkpool.h"

#define IDENTITY_NOBODY 65534

/*
 * Users that nobody has: systemd leaves this range free on every system
 * (https://systemd.io/UIDS-GIDS/).  A worker's jobs take the one with the worker's process number;
 * the pid namespaces of a machine share out the range, as far as it reaches.
 */
#define IDENTITY_OWN_FIRST UINT32_C(1879048192)
#define IDENTITY_OWN_LAST  UINT32_C(2147483647)
#define IDENTITY_OWN_SHIFT 22 /* process numbers have no more bits */

struct sandbox_identity {
	uid_t    uid;             /* nobody's where own_user is set */
	gid_t    gid;
	bool     own_user;        /* the jobs of each worker are the user own_base + its pid */
	uint32_t own_base;
	bool     change_user;     /* some id of the caller's is not uid or gid yet */
	bool     drop_groups;     /* in the worker */
	bool     drop_caps;       /* in each job's process; else in the worker */
	bool     namespaces;
	bool     user_namespace;  /* the other namespaces need one first; level JOB: the only one */
	bool     loopback;        /* the network among them has 127.0.0.1 */
	bool     jail;            /* a pid namespace comes on top (pid_namespace.h): the worker
	                             keeps its capabilities for it, in a user namespace if need
	                             be */
	unsigned layers;          /* of PRIVILEGES, USER and NAMESPACES those that this gives */
	uint64_t outside[3];      /* the caller's network, IPC and UTS namespace, to compare with */
	char     uid_map[32], gid_map[32]; /* each id to itself: files show their true owner */
};

/*
 * In the parent: plan what <forkpool.h> says of uid, gid and namespaces, for this caller; sandbox
 * NULL: the strictest.  With best_effort a user that root cannot become here is left as it is,
 * without FORKPOOL_LAYER_USER, and likewise the namespaces that an undumpable process cannot have.
 * 0, or -1 and one sentence in error (error_size > 0): EPERM the user or group is not the caller's,
 * and the caller is not root, or a root that may not change it; EINVAL the id has no mapping in
 * this user namespace; EACCES namespaces for a process that is undumpable and not root's; ENOTSUP
 * this system has no such thing.
 */
int identity_plan(struct sandbox_identity *, const struct forkpool_sandbox *, char *error,
    size_t error_size);

/* For a plan whose user or group cannot be had: jobs keep the caller's effective ones, and no
   others. */
void identity_keep_user(struct sandbox_identity *);

/*
 * In the parent, whether a worker that is not root's may have a user namespace.  Only the owner of
 * a process's identity map may write it, and an undumpable process's map is root's; to make the
 * worker dumpable for that moment would open to the user's other processes what the caller may
 * have closed.  0, or -1 and EACCES.
 */
int identity_map_check(char *error, size_t error_size);

/*
 * In the worker, once, before its filter and while it has one thread.  0: *layers becomes
 * identity->layers, for which each job still has to call identity_enter_job().  -1 and errno: *step
 * says what failed, and *layers which layer cannot be had for that reason; the process is half
 * confined and must end.  To do without namespaces, clear .namespaces and their bit in .layers and
 * try again in a fresh process.  Async-signal-safe.
 */
int identity_enter_worker(const struct sandbox_identity *, unsigned *layers, const char **step);

/*
 * In each job's process.  0, or -1 and errno with *step as above.  A change of user clears the
 * parent-death signal: set it again, and check getppid() again.  Async-signal-safe.
 */
int identity_enter_job(const struct sandbox_identity *, pid_t worker, const char **step);

/* Whether identity_enter_job() has held in this process: no new privileges, undumpable, no
   capability, and real, effective and saved ids all the same, so that it cannot become anybody
   else; and whether the process has the identity's user and group.  Async-signal-safe. */
bool identity_is_unprivileged(void);
bool identity_is_user(const struct sandbox_identity *, pid_t worker);

/*
 * Level JOB, in the parent.  count_processes: the limit on processes is to be kept by RLIMIT_NPROC.
 * The system counts that by user, and for all but root separately in each user namespace (Linux
 * 5.14): so the worker gets a user namespace.  0, or -1 as above: EPERM root is not bound by that
 * limit.
 */
int identity_plan_process(struct sandbox_identity *, bool count_processes, char *error,
    size_t error_size);
/* Level JOB, in the worker, once: no new privileges (unless may_gain), undumpable.  0, or -1 and
   errno with *step.  Async-signal-safe. */
int identity_enter_process(const struct sandbox_identity *, bool may_gain, const char **step);

#endif

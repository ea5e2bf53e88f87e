/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sandbox_cgroup - a control group for each worker, below a directory that was delegated to the caller.
 *
 * It is what makes limits.processes hold for root as well, and for one job instead of for a user; and what
 * holds limits.memory over all processes of a job together, with what they have in shared memory and in
 * files without a disk.  Version 2, and of version 1 the pids and memory hierarchies.
 *
 * Worker and job share the group, a leaf.  To move each job to one of its own would wait for a grace period of the
 * kernel's (milliseconds) for each; a child is in its parent's group for nothing.  So the limits here
 * count the worker too: one process, and memory with a slack.  A worker enters when worker_init() is
 * done, that is, with what this has allocated charged to where it was.  RLIMIT_DATA stays the exact limit of
 * memory; should the kernel's last resort strike here, it picks the job's processes first (cgroup_enter_job()).
 *
 * Nothing is kept open but the delegated directory: leaves are reached through it by name, and they are, after
 * the worker has entered, only where a job died.
 *
 * Includes the public header, fd, gate, limits.
 */
#ifndef FORKPOOL_SANDBOX_CGROUP_H
#define FORKPOOL_SANDBOX_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "forkpool.h"

struct sandbox_cgroup {
	int  dir;         /* the delegated directory, close-on-exec, above 2, to be kept open in the worker; -1: no cgroup was
	                     asked for, and nothing here does anything */
	bool has_pids;
	bool has_memory;
	bool has_kill;    /* cgroup.kill (version 2, Linux 5.14) */
	bool version1;
	char prefix[64];  /* of the leaves' names, this pool's alone; the worker's index comes after it */
};

/*
 * In the parent: open path (NULL: none), and try with a leaf whether it has what the limits ask for.  A
 * version 2 directory whose children lack a controller is asked to give it to them (cgroup.subtree_control).
 * 0, or -1 and one sentence in error (error_size > 0): EINVAL it is no cgroup directory; ENOTSUP
 * limits.processes, and there is no pids controller; else what opening it or making a group failed with.
 * limits.memory takes the memory controller where there is one, and asks for none.
 */
int cgroup_plan(struct sandbox_cgroup *, const char *path, const struct forkpool_limits *,
    char *error, size_t error_size);
/* Close it; the leaves stay. */
void cgroup_release(struct sandbox_cgroup *);

/*
 * In the worker, before its filter and while it has no child: make the leaf (or take over that of the worker
 * before it), set it up, go in.  0, or -1 and errno; *step names for a person what failed.  Async-signal-safe.
 */
int cgroup_enter_worker(const struct sandbox_cgroup *, unsigned index,
    const struct forkpool_limits *, const char **step);

/*
 * In a job's process: where the group's memory runs out, it is to die, or what it has made, and not its worker.  Where
 * that cannot be said (the process is undumpable, and its user not root) the kernel picks the largest.
 * Async-signal-safe.
 */
void cgroup_enter_job(const struct sandbox_cgroup *);

/*
 * How often the leaf's limits were met since it was made: a fork that was refused, a process that was killed for
 * memory.  They only grow, and worker after worker: compare two readings.  Where there is no controller: 0.
 * In the worker also after its filter.  0, or -1 and errno.  Async-signal-safe.
 */
int cgroup_events(const struct sandbox_cgroup *, unsigned index, uint64_t *pids_hits,
    uint64_t *oom_kills);

/*
 * Processor time of all that has been in the leaf since it was made, the worker included; version 2 (Linux 4.15) counts
 * it without being asked.  1; 0: it is not counted; -1 and errno.  Async-signal-safe.
 */
int  cgroup_cpu_ns(const struct sandbox_cgroup *, unsigned index, int64_t *cpu_ns);

/*
 * When the workers 0 .. slots-1 are gone: remove their leaves.  What may still be in one is killed where the
 * system can do that, and waited for, half a second for all together; a leaf that will not go stays.
 */
void cgroup_remove(const struct sandbox_cgroup *, unsigned slots);

#endif

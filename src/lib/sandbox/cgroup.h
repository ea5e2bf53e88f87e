/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cgroup - a control group for each worker, below a directory that was delegated to the caller.
 *
 * With it limits.processes holds for root as well, and for one job instead of for a user; and
 * limits.memory holds for all processes of a job together, with their shared memory and what they
 * have in tmpfs.  Version 2, and of version 1 the pids and memory hierarchies.
 *
 * Worker and job share the group, a leaf.  Moving each job to a group of its own would cost each an
 * RCU grace period of the kernel's (milliseconds); a child starts in its parent's group at no cost.
 * So the limits here count the worker too: one process, and memory with a slack.  A worker enters
 * when worker_init() is done: what worker_init() allocated stays charged to the group where the
 * worker was before.  RLIMIT_DATA remains the exact limit of memory; should the kernel's OOM killer
 * strike here, it picks the job's processes first (cgroup_enter_job()); slot_reap() knows where it
 * has taken the worker.
 *
 * Only the delegated directories are kept open; leaves are reached through them by name.
 */
#ifndef FORKPOOL_CGROUP_H
#define FORKPOOL_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "forkpool.h"

struct sandbox_cgroup {
	int  dir;         /* the delegated directory: close-on-exec, above 2, open in workers, too;
	                     -1: no cgroup was asked for, and no function here does anything */
	int  pids_dir;    /* the one for the pids controller, where that is another hierarchy, of
	                     version 1; likewise; -1: it is the same */
	bool has_pids;
	bool has_memory;
	bool has_kill;    /* cgroup.kill (version 2, Linux 5.14) */
	bool version1;
	char prefix[64];  /* of this pool's leaves' names; the worker's index follows */
};

/*
 * In the parent: open path (NULL: none) and pids_path (NULL: the same), and make a leaf there to
 * see whether it has what the limits ask for.  Where the leaf lacks a controller, a version 2
 * directory is asked to give it (cgroup.subtree_control).  0, or -1 and one sentence in error
 * (error_size > 0): EINVAL path is no cgroup directory; ENOTSUP limits.processes is set, and there
 * is no pids controller; else the errno of opening it or making the leaf. limits.memory uses the
 * memory controller where there is one, and does not require it.
 */
int cgroup_plan(struct sandbox_cgroup *, const char *path, const char *pids_path,
    const struct forkpool_limits *, char *error, size_t error_size);
/* Close it; the leaves stay. */
void cgroup_release(struct sandbox_cgroup *);

/*
 * In the worker, before its filter and while it has no child: make the leaf (or take over the leaf
 * of the slot's last worker), set its limits, enter it.  0, or -1 and errno; *step says what
 * failed.  Async-signal-safe.
 */
int cgroup_enter_worker(const struct sandbox_cgroup *, unsigned index,
    const struct forkpool_limits *, const char **step);

/*
 * In a job's process: have the OOM killer pick this process and its children, not the worker,
 * where the group's memory runs out.  Before the process enters a root directory of its own, whose
 * /proc is read-only.  Async-signal-safe.
 */
void cgroup_enter_job(const struct sandbox_cgroup *);

/*
 * How often a fork was refused and a process killed for memory in the leaf since it was made.  Both
 * counts only grow, across workers too: compare two readings.  0 where there is no controller.  The
 * worker may call it after its filter, too.  0, or -1 and errno.  Async-signal-safe.
 */
int cgroup_events(const struct sandbox_cgroup *, unsigned index, uint64_t *pids_hits,
    uint64_t *oom_kills);

/*
 * Processor time of all processes that have been in the leaf since it was made, the worker
 * included; version 2 counts it without a controller (Linux 4.15).  1; 0: it is not counted; -1 and
 * errno.  Async-signal-safe.
 */
int  cgroup_cpu_ns(const struct sandbox_cgroup *, unsigned index, int64_t *cpu_ns);

/*
 * When the workers 0 .. slots-1 are gone: remove their leaves.  Kills what is still in one where
 * there is cgroup.kill, and waits for it, half a second for all leaves together; a leaf that is
 * still in use then stays.
 */
void cgroup_remove(const struct sandbox_cgroup *, unsigned slots);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * descendants - the processes that a job's process leaves behind: its children and theirs, however
 * detached.
 *
 * The worker is the reaper of last resort (os_adopt_orphans()): a process whose parent has ended
 * becomes its child.  So when the worker has no child left, no descendant is left.  It signals only
 * its own children, and the job's group while one of them is in it: so no pid can belong to
 * somebody else by then.  Where the jobs live in a pid namespace, its init is the reaper instead,
 * and ends them on the worker's word.  Async-signal-safe.
 */
#ifndef FORKPOOL_DESCENDANTS_H
#define FORKPOOL_DESCENDANTS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/sandbox/pid_namespace.h"

/* A stop is no end: waitid(2) tells a stop, too, where the process has made this one its tracer
   (PTRACE_TRACEME). */
static inline bool
descendants_is_end(const siginfo_t *info)
{
	return info->si_code == CLD_EXITED || info->si_code == CLD_KILLED ||
	    info->si_code == CLD_DUMPED;
}

struct descendants {
	unsigned count;     /* processes left when the job's process was dead */
	int64_t  user_ns, system_ns; /* processor time of these */
};

/* Kill and reap all children of this process, and all in the namespace, but for its init.  *d:
   these, and what init has reaped of the job's before.
   children: from os_children_open(), or -1, and then no child is found.  job: the job's process,
   already reaped.  0, or -1 and errno: the namespace is of no more use. */
int descendants_end(int children, struct pid_namespace *, pid_t job, struct descendants *);

/* The job's process and its descendants as far as they can be seen; how many. */
#define DESCENDANTS_SEEN_MAX 1024u
size_t descendants_list(int children, pid_t init, pid_t job,
    pid_t pids[DESCENDANTS_SEEN_MAX]);
/* Append a process's children to pids[have]; returns how many pids there are then.  Each thread has
   a list of its own. */
size_t descendants_add_children(pid_t of, pid_t *pids, size_t have, size_t capacity);
/* Kill these but the job's own process, while that has not been reaped: one of them may trace it,
   and its end is not to be seen before that one's. */
void descendants_kill(int children, pid_t init, pid_t job);

/*
 * Processor time of a job's process and of its descendants, as far as they can be seen: the first
 * DESCENDANTS_SEEN_MAX, and those that have been reaped.  A process's time passes to the process
 * that waits for it; where none does, since the parent ignores SIGCHLD, the time is lost, and the
 * meter keeps what was last seen of it.
 */
struct descendants_meter {
	int64_t most;       /* the highest sum so far, `gone` included */
	int64_t gone;       /* of processes that nobody waited for: a lower bound */
	struct descendants reaped; /* by descendants_reap() */
};
/* The sum.  *meter: all zero when the job begins.  *ns: what its init has reaped since the last
   sweep is the job's, too. */
int64_t descendants_cpu_ns(struct descendants_meter *, int children, const struct pid_namespace *ns,
    pid_t job, int may_have_children);

/* While the job's process, a child of this one, is not reaped: reap this process's other children
   that have ended, as each of them counts against the job's limit, and into the meter.  own_only:
   leave those of other threads.  True: there may be more. */
bool descendants_reap(struct descendants_meter *, pid_t job, bool own_only);

#endif

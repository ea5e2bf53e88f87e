/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * descendants - the processes that a job's process leaves behind: its children and theirs, however
 * detached.
 *
 * The worker is the reaper of last resort (os_adopt_orphans()): a process whose parent has ended
 * becomes its child.  So when the worker has no child left, no descendant is left.  It signals only
 * its own children, and the job's group while one of them is in it: so no pid can belong to
 * somebody else by then.  Async-signal-safe.
 */
#ifndef FORKPOOL_DESCENDANTS_H
#define FORKPOOL_DESCENDANTS_H

#include <stdint.h>
#include <sys/types.h>

struct descendants {
	unsigned count;     /* processes left when the job's process was dead */
	int64_t  user_ns, system_ns; /* processor time of these */
};

/* Kill and reap all children of this process.  children: from os_children_open(), or -1, and then
   this does nothing. job: the job's process, already reaped. */
void descendants_end(int children, pid_t job, struct descendants *);

/*
 * Processor time of a job's process and of its descendants, as far as they can be seen: the first
 * DESCENDANTS_SEEN_MAX.  A process's time passes to the process that waits for it; where none does,
 * since the parent ignores SIGCHLD, the time is lost, and the meter keeps what was last seen of it.
 */
#define DESCENDANTS_SEEN_MAX 1024u
struct descendants_meter {
	int64_t most;       /* the highest sum so far, `gone` included */
	int64_t gone;       /* of processes that nobody waited for: a lower bound */
};
/* The sum.  *meter: all zero when the job begins. */
int64_t descendants_cpu_ns(struct descendants_meter *, int children, pid_t job,
    int may_have_children);

#endif

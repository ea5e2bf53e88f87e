/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * descendants - what a job's process leaves behind: its children, and theirs, however they were detached.
 *
 * The worker is their reaper of last resort (os_adopt_orphans()): whose parent has ended becomes its child.
 * So when it has no child left, none is left at all.  Only children of its own are ever signalled, and the
 * job's group while one of them is in it: no number can have become somebody else's.
 * Async-signal-safe.  Includes clock, os.
 */
#ifndef FORKPOOL_DESCENDANTS_H
#define FORKPOOL_DESCENDANTS_H

#include <stdint.h>
#include <sys/types.h>

struct descendants {
	unsigned count;     /* that were alive when their job's process was dead */
	int64_t  user_ns, system_ns; /* used by those that have been reaped */
};

/* children: as os_children_open() gave it, or -1.  job: its process, which has been reaped.
   On return this process has no child; with -1 it does nothing. */
void descendants_end(int children, pid_t job, struct descendants *);

/*
 * Processor time used by a job's process and, as far as they can be seen, those that it has made: the first
 * DESCENDANTS_LOOK_MAX of them.  What a process has used passes to whoever waits for it; where nobody does, since its
 * parent ignores SIGCHLD, it is gone, and what was seen of it the last time is kept here.
 */
#define DESCENDANTS_LOOK_MAX 1024u
struct descendants_meter {
	int64_t most;       /* seen at a time, with what is gone */
	int64_t gone;       /* with processes that nobody has waited for: at least so much */
};
/* The meter of a job begins with all zero. */
int64_t
descendants_cpu_ns(struct descendants_meter *, int children, pid_t job, int may_have_children);

#endif

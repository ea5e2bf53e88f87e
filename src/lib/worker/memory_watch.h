/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory_watch - the memory of a job's processes, seen from outside while they run.
 *
 * A function tells by itself, when it fails or crashes, that it is at its limit (limits_met()).  A
 * program that it has become tells nothing, nor does a process that is killed or calls _exit(2);
 * and of a dead process the system says only how much was resident at most.  That has in it the
 * pages of files that it mapped and read, which no limit counts, and nothing tells them apart once
 * the process has ended.  So the worker looks while the job runs, more often while it grows, at
 * what the limit counts: private writable memory, as RLIMIT_DATA has it.
 *
 * What it has seen is true; it may miss what a process comes to within a millisecond or two of its
 * end.
 */
#ifndef FORKPOOL_MEMORY_WATCH_H
#define FORKPOOL_MEMORY_WATCH_H

#include <stdint.h>
#include <sys/types.h>

struct memory_watch {
	uint64_t near;      /* a process with so much stands at its limit; 0: nothing is watched */
	uint64_t data;      /* the most that one process had, when they were last looked at */
	int64_t  pause;     /* until the next look */
	int64_t  at;        /* when that is due; CLOCK_NEVER: none is */
	int      met;       /* a process was seen at its limit */
};

/* limit: on what comes on top of base; 0: none. */
void memory_watch_init(struct memory_watch *, uint64_t base, int64_t limit);
/* A job's process begins. */
void memory_watch_begin(struct memory_watch *, int64_t now);
/* Look, where that is due.  The others as for descendants_cpu_ns(). */
void memory_watch_check(struct memory_watch *, int children, pid_t init, pid_t job,
    int may_have_children, int64_t now);

#endif

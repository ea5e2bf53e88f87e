/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run_cgroup - control groups of this run's own, below which each worker makes one: with them --mem
 * holds for all processes of a job together and for what the kernel keeps for them, and --pids
 * holds for root.
 *
 * Version 1 has a hierarchy for each controller: the run makes a group in each that it needs,
 * below its own.  In version 2 a group that has processes hands out no controllers.  So the run's
 * group is made, whichever of these comes first:
 *
 *	below our own group, where that hands out the controllers: the root of all;
 *	below our own group, which is made empty: we move to a group of our own below it.  Only
 *	    where we are alone there, as after systemd-run --user --scope -p Delegate=yes;
 *	beside our own group, with the same limits.
 *
 * Somebody who is not root needs a group that was delegated to him for each of these.
 *
 * A lock on its directory shows that a run lives.  What a run left behind that was killed, the next
 * one removes.
 */
#ifndef FORKPOOL_TOOL_RUN_CGROUP_H
#define FORKPOOL_TOOL_RUN_CGROUP_H

/* Directories for struct forkpool_sandbox, valid until run_cgroup_close(). */
struct run_cgroup {
	const char *cgroup;      /* NULL: none could be made */
	const char *cgroup_pids; /* NULL: it is the same, or there is none */
	int         has_pids;    /* it may count processes */
	const char *why;         /* the last thing that could not be had; "": nothing */
};

/* memory, processes: what is to be limited. */
struct run_cgroup run_cgroup_open(int memory, int processes);
/* After the pool is closed.  Does nothing where nothing is open. */
void              run_cgroup_close(void);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * processors - how many processors this process may use, which may be fewer than the machine has.
 *
 * Two things bound it: the affinity of the calling thread, which the processes that it forks
 * inherit, and which never has more than the cpuset of a cgroup; and the time that the scheduler
 * gives to a cgroup, its quota.  These functions allocate memory and read files: they are for the
 * caller's process, and not for a forked child of it.
 */
#ifndef FORKPOOL_PROCESSORS_H
#define FORKPOOL_PROCESSORS_H

#include <limits.h>

#define PROCESSORS_NO_QUOTA UINT_MAX

/* The smaller of the two below; at least 1.  Keeps errno. */
unsigned processors_usable(void);

/* Those that the calling thread may run on; where the system cannot tell, those online. */
unsigned processors_affine(void);

/*
 * The least quota of the cgroups that this process is in, the ancestors that can be seen included,
 * as a number of processors, rounded up.  root stands before each path that is read: "", or a
 * directory in which a test has such files.
 */
unsigned processors_quota(const char *root);

#endif

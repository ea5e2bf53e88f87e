/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * job_fd - the descriptors that jobs inherit: which numbers they have, and with what flags.
 *
 * They have numbers in a row, above all descriptors of our own: a job's process closes everything
 * else before it runs, with one call for each gap.
 */
#ifndef FORKPOOL_TOOL_JOB_FD_H
#define FORKPOOL_TOOL_JOB_FD_H

/* Moves *fd to a free number, from or above, close-on-exec.  -1 and errno: *fd is as it was. */
int  job_fd_raise(int *fd, int from);
/*
 * Clears O_NONBLOCK and O_APPEND, which the last job may have set: the flags belong to the open
 * file, so the writes of the next job would fail.  Does nothing for -1.
 */
void job_fd_restore(int fd);

#endif

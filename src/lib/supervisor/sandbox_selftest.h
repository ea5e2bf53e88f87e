/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sandbox_selftest - before the first worker: try out the whole way of a job.
 *
 * A process like a worker enters all that a worker enters and runs jobs of its own: one that acts
 * (lib/sandbox/acts.h), to see by which mechanisms each promise holds; and some that make a
 * forbidden system call and must be stopped.  What is not seen to hold is planned without, and
 * tried once more; the error names the promise that then nothing keeps.
 */
#ifndef FORKPOOL_SANDBOX_SELFTEST_H
#define FORKPOOL_SANDBOX_SELFTEST_H

#include <stddef.h>

#include "lib/job/setup.h"

/*
 * In the supervisor, before it has children.  0: setup->sandbox.layers hold a job of this pool;
 * with best effort those that cannot be had have been taken out.  -1: errno, and one sentence.
 */
int sandbox_selftest(struct worker_setup *setup, pid_t caller, char *error, size_t error_size);

#endif

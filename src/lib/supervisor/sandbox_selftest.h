/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sandbox_selftest - before the first worker: try out the whole way of a job.
 *
 * A process like a worker enters all that a worker enters and runs jobs of its own: one that does
 * nothing, in whose process each layer is tested by doing what the layer must deny; and some that
 * make a forbidden system call and must be stopped.  The error names the layer that does not hold.
 */
#ifndef FORKPOOL_SANDBOX_SELFTEST_H
#define FORKPOOL_SANDBOX_SELFTEST_H

#include <stddef.h>

#include "lib/job/setup.h"

/*
 * In the supervisor, before it has children.  0: setup->sandbox.layers hold a job of this pool;
 * with best effort those that cannot be had have been taken out.  -1: errno, and one sentence.
 */
int sandbox_selftest(struct worker_setup *setup, char *error, size_t error_size);

#endif

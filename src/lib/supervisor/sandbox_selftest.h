/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sandbox_probe - before the first worker: the whole way of a job, tried out.
 *
 * A process like a worker enters what a worker enters, and runs jobs of its own: one that does nothing,
 * whose process checks each layer by doing what it is to deny; and some that make a forbidden system call,
 * and must be stopped.  What does not hold is named.  Includes job_process, sandbox and below.
 */
#ifndef FORKPOOL_SANDBOX_PROBE_H
#define FORKPOOL_SANDBOX_PROBE_H

#include <stddef.h>

#include "lib/job/setup.h"

/*
 * In the supervisor, before it has children.  0: a job of this pool is held by setup->sandbox.layers, of which
 * some were taken away where best effort was asked for.  -1: errno, and one sentence.
 */
int sandbox_selftest(struct worker_setup *setup, char *error, size_t error_size);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * job_child - the one fresh process of one job, seen from inside: get confined, call the function, say what it
 * replied.
 *
 * Forked from the worker's clean image with all signals blocked.  What fails on the way to the function is
 * told by step and errno; the only way out is _exit().
 *
 * What it touches costs: each page of text, for a fork does not copy what is mapped of a file; each page of
 * data, which is copied when it is written.  So up to the function, and after it, there is no call of libc's,
 * and nothing is written but its stack and the window.  (30 faults a job were 8 after that.)  Includes window, context, sandbox and below.
 */
#ifndef FORKPOOL_JOB_CHILD_H
#define FORKPOOL_JOB_CHILD_H

#include <signal.h>
#include <sys/types.h>

#include "lib/job/context.h"
#include "lib/job/mailbox.h"
#include "lib/job/setup.h"
#include "lib/sandbox/limits.h"

struct job_birth {
	const struct worker_setup *setup;
	struct mailbox  *mailbox;         /* with the context */
	const struct wire_job *job;     /* args NULL: in the arena */
	pid_t           worker;
	const struct limits_base *limits;
};

_Noreturn void job_child_main(const struct job_birth *);

#endif

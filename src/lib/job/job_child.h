/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * job_child - the one fresh process of one job, from inside: get confined, call the function, leave
 * the reply.
 *
 * Forked from the worker's clean image with all signals blocked.  If something fails before the
 * function is called, the mailbox tells the step and errno; the only way out is _exit().
 *
 * Every page that this process touches costs a fault: a page of text, since a fork does not copy
 * the page tables of mapped files; a page of data, which is copied when it is written.  So before
 * the function and after it this code calls nothing of libc, and writes only to its stack and its
 * mailbox.  (That brought 30 faults a job down to 8.)
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
	struct mailbox  *mailbox;       /* its context is set up */
	struct mailbox_refusal *refusal; /* the mailbox's */
	size_t          refusal_size;   /* to unmap before the function; 0: it is the worker's,
	                                   whose memory the process borrows */
	const struct wire_job *job;     /* args NULL: in the arena */
	pid_t           worker;
	const struct pid_namespace *ns; /* its worker's */
	const struct limits_base *limits;
};

_Noreturn void job_child_main(const struct job_birth *);

#endif

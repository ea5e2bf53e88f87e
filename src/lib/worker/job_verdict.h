/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * job_verdict - what became of a job's process: the outcome, its error, limit and message.
 *
 * The worker decides by facts that the process cannot change (its wait status, what it used, what
 * the worker did to it, what the claim says) and, where that can harm nobody but the job itself, by
 * what the job says in its mailbox.  All processes of the job are dead by then, so the mailbox does
 * not change any more; its lengths are checked all the same.
 */
#ifndef FORKPOOL_JOB_VERDICT_H
#define FORKPOOL_JOB_VERDICT_H

#include <stdint.h>

#include "lib/job/mailbox.h"
#include "lib/job/setup.h"
#include "lib/worker/memory_watch.h"

struct job_facts {
	const struct worker_setup *setup;
	const struct mailbox *mailbox;
	const struct mailbox_refusal *refusal;
	enum claim_state claim;
	int      status;           /* from waiting for it */
	int      over_cpu;         /* its worker ended it: processor time */
	int      namespace_gone;   /* it fell with its pid namespace, or there was none left */
	uint64_t output_lost;      /* bytes of output past the limit */
	unsigned descendants;      /* processes that it left behind */
	unsigned met;              /* set of 1 << enum forkpool_limit: what its cgroup says */
	const struct memory_watch *memory; /* what its worker saw while it ran */
	/* Where message and backtrace are put together: memory that no other job can see. */
	char     *text;
	size_t    text_size;
	uint64_t *address;         /* SHARED_CRASH_FRAMES of them */
};

/* Fill in the result to send; cpu_ns, user_ns, max_rss and pid are set already. */
void job_judge(const struct job_facts *, struct wire_result *);

/* The same where the process could not be forked. */
void job_not_forked(const struct job_facts *, struct wire_result *, int error);

#endif

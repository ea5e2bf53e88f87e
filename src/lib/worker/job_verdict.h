/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * job_verdict - what became of a job's process: the outcome, its error, limit and message.
 *
 * From facts that the process cannot change (its wait status, what it used, what its worker did to it, what the claim
 * says) and, where that can harm nobody but the job itself, from what it says in its window.  All its processes
 * are dead by now, so the window does not change any more; its lengths are checked all the same.
 * Includes window, worker_setup, sandbox, crash, limits, outcome.
 */
#ifndef FORKPOOL_JOB_VERDICT_H
#define FORKPOOL_JOB_VERDICT_H

#include <stdint.h>

#include "lib/job/mailbox.h"
#include "lib/job/setup.h"

struct job_facts {
	const struct worker_setup *setup;
	const struct mailbox *mailbox;
	enum claim_state claim;
	int      status;           /* of its wait */
	int      over_cpu;         /* its worker ended it for its processor time */
	uint64_t output_lost;      /* bytes past its limit */
	unsigned descendants;      /* that it left behind */
	unsigned met;              /* set of 1 << enum limit: what its cgroup says */
	uint64_t args_mapped;      /* bytes of arguments that it saw without their being its memory */
	int64_t  max_rss_before;   /* resident memory of a process that has done nothing yet, at most */
	/* Where message and backtrace are put together: memory that no other job can see. */
	char     *text;
	size_t    text_size;
	uint64_t *address;         /* SHARED_CRASH_FRAMES of them */
};

/* Fill in what is to be sent, cpu_ns, user_ns, max_rss and pid being set. */
void job_judge(const struct job_facts *, struct wire_result *);

/* The same where there is no process. */
void job_not_forked(const struct job_facts *, struct wire_result *, int error);

#endif

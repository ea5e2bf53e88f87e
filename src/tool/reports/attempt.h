/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run_view - what those see who show a run: one run of a job that has ended, all of it as it is now, its end.
 *
 * Includes record, tally.
 */
#ifndef FORKPOOL_TOOL_ATTEMPT_H
#define FORKPOOL_TOOL_ATTEMPT_H

#include "tool/records/record.h"
#include "tool/task/totals.h"

/* When all began, by both clocks. */
struct attempt_began {
	int64_t real_ns;  /* since the epoch */
	int64_t now_ns;   /* monotonic */
};

struct attempt {
	const struct job_record *record;  /* task, ending, and what it wrote */
	const char *command;              /* as a shell would take it; command_len bytes and a NUL */
	size_t      command_len;
	int64_t     cpu_ns;               /* user + system; -1: not known */
	pid_t       pid;                  /* the process that ran it; 0: none did */
	int         again;                /* it is to be tried again: not the job's last word */
	int         worker_died;          /* it took its worker with it */
};

struct attempt_now {
	int64_t  now_ns, real_ns;         /* as above */
	uint64_t under_way;               /* jobs handed in that have no result yet */
	uint64_t total;                   /* of the input; 0: not known yet */
	uint64_t out_bytes, err_bytes;    /* that jobs have written by now, where it was caught */
	const struct totals *totals;
};

/* The run of all jobs is over. */
struct attempt_end {
	const struct totals *totals;
	int status;       /* that the tool is going to leave with */
	int interrupted;  /* the signal that ended it, else 0 */
};

#endif

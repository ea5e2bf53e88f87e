/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attempt - what the observers of a run see: one try of a job that has ended, and the beginning,
 * the present state and the end of the run of all jobs.
 */
#ifndef FORKPOOL_TOOL_ATTEMPT_H
#define FORKPOOL_TOOL_ATTEMPT_H

#include "tool/records/record.h"
#include "tool/task/totals.h"

/* When the run of all jobs began, by both clocks. */
struct attempt_began {
	int64_t real_ns;  /* since the epoch */
	int64_t now_ns;   /* monotonic */
};

/* One try of a job. */
struct attempt {
	const struct job_record *record;  /* task, outcome and output */
	const struct brief *brief;        /* which job it was, in few columns */
	const char *command;              /* for a shell; command_len bytes and a NUL */
	size_t      command_len;
	int64_t     cpu_ns;               /* user + system; -1: not known */
	pid_t       pid;                  /* the process that ran it; 0: none did */
	int         again;                /* it will be tried again: this is not the job's end */
	int         worker_died;          /* together with this try */
};

/* The run of all jobs at present. */
struct attempt_now {
	int64_t  now_ns, real_ns;         /* as above */
	uint64_t under_way;               /* jobs handed to the pool that have no result yet */
	uint64_t total;                   /* jobs in the input; 0: not known yet */
	uint64_t out_bytes, err_bytes;    /* of output that forkpool has caught so far */
	const struct totals *totals;
};

/* The run of all jobs is over. */
struct attempt_end {
	const struct totals *totals;
	int status;       /* the tool's exit status */
	int interrupted;  /* the signal that ended the run, else 0 */
};

#endif

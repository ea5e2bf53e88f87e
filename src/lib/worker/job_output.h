/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * job_output - what a job's process prints, as its worker takes it in.
 *
 * Captured, it goes to memory of the worker's up to a cap, and what is past that is counted: so a job can fill neither
 * memory nor disk.  Inherited in a sandbox, it goes by way of the worker to where the caller's goes: the job has the
 * end of a pipe, and not the caller's terminal or file, which it could read or cut short.  The pipes last as long
 * as the worker; each job finds them empty.
 *
 * A signal tells of output (SIGIO, which the worker has blocked), so that a wait for signals is a wait for all.
 * Includes the public header, fd, os.
 */
#ifndef FORKPOOL_JOB_OUTPUT_H
#define FORKPOOL_JOB_OUTPUT_H

#include <signal.h>
#include <stdint.h>

#include "forkpool.h"

struct job_output_hidden;
struct job_output {
	int       from[2];      /* read ends, for 1 and 2; -1: nothing is taken in, or it comes by the other */
	int       to[2];        /* where it goes on to; -1: it is kept */
	struct job_output_hidden *hidden; /* of what is on its way there */
	unsigned char *kept;    /* memory that no child has: max bytes */
	uint64_t  max;
	uint64_t  kept_len, lost;
};

/* In a worker: let 1 and 2 be what its children are to have.  0, or -1 and errno. */
int  job_output_init(struct job_output *, enum forkpool_output, int sandboxed, uint64_t max);
/* What there is now; with SIGPIPE blocked.  Never waits.  1; 0: a reader is slow, and some of it is still here. */
int  job_output_drain(struct job_output *);
/* That as well, however long it takes. */
void job_output_finish(struct job_output *);
/* The next job begins. */
void job_output_begin(struct job_output *);
/* The signal that tells of output is added to those that are waited for. */
void job_output_await(const struct job_output *, sigset_t *);

#endif

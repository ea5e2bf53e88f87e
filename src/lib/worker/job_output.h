/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * job_output - take in what a job's process prints.
 *
 * Captured output goes to the worker's memory up to a cap, and is only counted beyond it: so a job
 * can fill neither memory nor disk.  In a sandbox, inherited output goes through the worker to
 * where the caller's goes: the job has only the end of a pipe, not the caller's terminal or file,
 * which it could read or truncate.  The pipes last as long as the worker; each job finds them
 * empty.
 *
 * SIGIO, which the worker has blocked, tells of output, so that one wait for signals waits for
 * everything.
 */
#ifndef FORKPOOL_JOB_OUTPUT_H
#define FORKPOOL_JOB_OUTPUT_H

#include <signal.h>
#include <stdint.h>

#include "forkpool.h"

struct job_output_hidden;
struct job_output {
	int       from[2];      /* read ends for 1 and 2; -1: none, or 2 comes by from[0] */
	int       to[2];        /* where output is passed on to; -1: it is kept */
	struct job_output_hidden *hidden; /* output on its way to `to` */
	unsigned char *kept;    /* max bytes of memory that no child has */
	uint64_t  max;
	uint64_t  kept_len, lost;
	int       there[2];     /* bytes seen in `from` at the last look and not taken in yet */
};

/* In a worker: make 1 and 2 what its children are to have.  0, or -1 and errno. */
int  job_output_init(struct job_output *, enum forkpool_output, int sandboxed, uint64_t max);
/* Take in what is there at the call, and pass it on, without waiting.  SIGPIPE must be blocked.  1;
   0: a reader is slow, and some output is still here. */
int  job_output_drain(struct job_output *);
/* Pass on the rest of what the last drain saw, too, however long the reader takes. */
void job_output_finish(struct job_output *);
/* Begin with the next job: nothing is kept. */
void job_output_begin(struct job_output *);
/* Add the signal that tells of output to those that are waited for. */
void job_output_await(const struct job_output *, sigset_t *);

#endif

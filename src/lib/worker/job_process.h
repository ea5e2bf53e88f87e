/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * job_process - one fresh process for one job, seen from its worker: fork, wait, end what is left, judge.
 *
 * Nothing that the process can write is believed.  Success is a whole reply and an exit with 0; what else
 * became of it is told from its wait status, from what the worker saw and did, and only where that cannot
 * harm anybody but the job itself from what the process says.  What passes through the worker on its way
 * (arguments, values, output, messages) lies in memory that its children do not have.
 * Includes job_child, descendants, sandbox and below.
 */
#ifndef FORKPOOL_JOB_PROCESS_H
#define FORKPOOL_JOB_PROCESS_H

#include <signal.h>
#include <stdint.h>

#include "lib/job/job_child.h"
#include "lib/os/os.h"
#include "lib/worker/descendants.h"
#include "lib/worker/job_output.h"

/* Memory of the worker's that no child of it has. */
struct hidden {
	struct wire_packet packet;     /* of jobs, as it was read */
	char     text[600];            /* where messages are put together */
	uint64_t address[SHARED_CRASH_FRAMES];
};

/* How the run is to end; more is more urgent. */
enum meant { END_NONE = 0, END_GRACEFUL = 1, END_KILL = 2 };

struct job_processes {
	const struct worker_setup *setup;
	struct hidden  *hidden;
	struct mailbox  *mailbox;
	unsigned char  *area;          /* for a large value: area_size bytes */
	size_t          area_size;
	int             flags[3];      /* of 0, 1, 2 */
	struct job_output output;
	int             children;      /* to see them by */
	bool            gated;         /* this worker is confined: it forks and kills through the gate */
	bool            has_threads;       /* it has other threads, of worker_init()'s, that may take its signals */
	bool            can_raw_fork;          /* it has one thread, and what libc does around a fork can be left out */
	void           *stack;         /* JOB, programs executed: of the process that borrows this one's memory; NULL: it does not */
	struct limits_base limits;
	pid_t           self, supervisor;
	void           *state;         /* as worker_init() made it */
	unsigned        worker;

	/* Of the run. */
	pid_t           pid;
	int             told;          /* to end: enum meant */
	int64_t         kill_at;       /* and it has so long */
	int64_t         cpu_at;        /* when to look at its processor time */
	int             over_cpu;
	int             output_is_out; /* all that it printed has gone to where it goes */
	struct descendants_meter meter; /* of its processor time */
	int64_t         cgroup_before; /* of its cgroup, before the run; -1: not counted */
	uint64_t        pids_hits, oom_kills; /* of the cgroup, so far */
	int64_t         max_rss_before; /* of a process that has done nothing yet */

	/* Whether a SIGTERM of the supervisor's is meant for the run under way: enum meant. */
	int           (*is_meant)(void);
	volatile sig_atomic_t end_asked; /* what the worker's handler of SIGTERM found, all of it */
};

/* In a worker, before worker_init() is called; 0 or -1 and errno. */
int  job_processes_init(struct job_processes *, const struct worker_setup *, unsigned worker);
/* After it: no more system calls of the worker's own but through the gate, where that can be.  0 or -1 and errno. */
int  job_processes_confine(struct job_processes *, void *state, const char **step, unsigned *layer);

/*
 * Run that job, whose claim is this worker's.  *result becomes what is to be sent, but for its value and
 * output where those are large: value_len bytes of a large value are at area (value is NULL), and the output is in
 * output.kept.  All of it is valid until job_process_done().
 */
void job_process_run(struct job_processes *, const struct wire_job *, int64_t deadline,
    claim_word *claim, struct wire_result *result);
/* With its result settled.  Where output_is_out is 0: waits for the rest of that, however long the reader takes. */
void job_process_done(struct job_processes *);

/* Whether this is not the worker but one of its children; async-signal-safe. */
static inline int
job_process_is_child(const struct job_processes *p)
{
	return p->mailbox != NULL && os_self() != p->self;
}

#endif

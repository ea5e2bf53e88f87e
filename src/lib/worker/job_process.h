/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * job_process - one fresh process for one job, seen from its worker: fork, wait, end what is left,
 * judge.
 *
 * The worker believes nothing that the process can write.  Success is a whole reply and an exit
 * with 0; the other outcomes are told from the wait status, from what the worker saw and did, and,
 * only where a lie can harm nobody but the job itself, from what the process says.  What passes
 * through the worker on its way (arguments, values, output, messages) lies in memory that the
 * worker's children do not have.
 */
#ifndef FORKPOOL_JOB_PROCESS_H
#define FORKPOOL_JOB_PROCESS_H

#include <signal.h>
#include <stdint.h>

#include "lib/job/job_child.h"
#include "lib/os/fork_canary.h"
#include "lib/os/os.h"
#include "lib/worker/descendants.h"
#include "lib/worker/job_output.h"
#include "lib/worker/memory_watch.h"

/* Memory of the worker's that its children do not have. */
struct hidden {
	struct wire_packet packet;     /* of jobs, as read from the pipe */
	char     text[600];            /* the message that is being put together */
	uint64_t address[SHARED_CRASH_FRAMES];
};

/* Whether and how the run is to end before its function returns; more is more urgent. */
enum run_end { END_NONE = 0, END_GRACEFUL = 1, END_KILL = 2 };

struct job_processes {
	const struct worker_setup *setup;
	struct hidden  *hidden;
	struct mailbox  *mailbox;
	unsigned char  *area;          /* for a large value: area_size bytes */
	size_t          area_size;
	int             flags[3];      /* of 0, 1, 2 */
	struct job_output output;
	int             children;      /* os_children_open()'s, to find children by */
	struct pid_namespace ns;       /* that the jobs live in */
	int             damaged;       /* 0, or errno: it can have no more jobs */
	bool            gated;         /* the worker is confined: it forks and kills by the gate */
	bool            has_threads;   /* other threads, of worker_init()'s, may take its signals */
	bool            can_raw_fork;  /* one thread: libc's work around a fork can be left out */
	void           *stack;         /* of a process that borrows this one's memory until it
	                                  executes its program; NULL: none does */
	struct limits_base limits;
	pid_t           self, supervisor;
	const _Atomic int64_t *paused_ns; /* of the worker's slot: all times here are of
	                                      job_clock() */
	const struct spool_writer *spool; /* where the worker writes large values; NULL: nowhere */
	void           *state;         /* as worker_init() made it */
	unsigned        worker;

	/* Of the run. */
	pid_t           pid;
	int             ending;        /* enum run_end: what has been done to end it */
	int64_t         kill_at;       /* when its grace is over */
	int64_t         cpu_at;        /* when to check its processor time */
	int             over_cpu;      /* it was killed for its processor time */
	int             output_is_out; /* all its output has been passed on */
	struct descendants_meter meter; /* of its processor time */
	int64_t         cgroup_before; /* its cgroup's processor time before the run; -1: none */
	uint64_t        pids_hits, oom_kills; /* of the cgroup, so far */
	struct memory_watch memory;    /* of the run's memory, where it has a limit */

	/* enum run_end: how the supervisor wants the run under way to end. */
	int           (*end_wanted)(void);
	volatile sig_atomic_t end_asked; /* the same, as the handler of SIGTERM found it, ORed */
};

/* In a worker, before worker_init() is called; 0 or -1 and errno. */
int  job_processes_init(struct job_processes *, const struct worker_setup *, unsigned worker,
    const struct pid_namespace *);
/* After worker_init(): enter the cgroup, and the filter where the worker can live with one.  Then
   all its system calls that the filter denies go through the gate.  0, or -1, errno and *fault. */
int  job_processes_confine(struct job_processes *, void *state, struct sandbox_fault *fault);

/*
 * Run the job, whose claim is this worker's.  *result becomes the result to be sent, except: a
 * large value's value_len bytes are at area (value is NULL), and the output is in output.kept.  All
 * of it is valid until job_process_done().
 */
void job_process_run(struct job_processes *, const struct wire_job *, int64_t deadline,
    claim_word *claim, struct wire_result *result);
/* Once the result is settled.  Where output_is_out is 0, pass on the rest, however long the reader
   takes. */
void job_process_done(struct job_processes *);

/* The clock of the worker's slot. */
static inline int64_t
job_clock(const struct job_processes *p)
{
	return slot_clock(p->paused_ns);
}

/* Whether this process is not the worker but a child of it; async-signal-safe.  In a pid namespace
   a child may have its worker's number, and shows by the canary; a process that borrows its
   worker's memory has the worker's canary, and never a namespace. */
static inline int
job_process_is_child(const struct job_processes *p)
{
	return p->mailbox != NULL &&
	    (os_self() != p->self || !canary_holds(&p->setup->canary, CANARY_WORKER));
}

#endif

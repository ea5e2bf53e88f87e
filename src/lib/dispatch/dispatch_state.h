/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dispatch_state - what the caller's engine knows of one pool.
 *
 * A job's way: forkpool_submit() puts it in the job table; offers writes it into a packet, or lets
 * it wait in the queue while enough is offered; a worker claims it; results takes the worker's
 * packet, checks each frame and hands the job to job_end, which has it tried again or makes it
 * ready for forkpool_next().  Where a worker dies, deaths ends the jobs that it had claimed.
 * dispatcher drives all of them whenever the caller is in the library; in between nothing happens
 * here.
 *
 *     job_table           the jobs, and the queue
 *     supervisor_link     the supervisor, and a results_pipe for each slot
 *     offers              jobs out: packets, and what is offered
 *     timeout_watch       how long the supervisor may sleep
 *     results             results in: packets and frames
 *     result_value        values, in the record or in the spool
 *     job_end             tried again, or ready
 *     deaths              what became of workers, and of the supervisor
 *     damage_watch        what jobs at WORKER have written over in shared memory
 *     tick                when to look for what is stuck
 *     loop_fd             one descriptor for a loop of the caller's own
 *     dispatcher          one round of all that
 *
 * Invariants: a job is in the queue, or is marked in out.inflight with state OFFERED, or has its
 * result.  All of this is private to the caller's process; workers can write in *shared alone.
 *
 * dispatcher_init() and dispatcher_allocate() set first values.  From then on each part of struct
 * dispatcher is written by the one file that its comment names; other files read it, and change it
 * through that file's functions.
 */
#ifndef FORKPOOL_DISPATCH_STATE_H
#define FORKPOOL_DISPATCH_STATE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/dispatch/job_table.h"
#include "lib/dispatch/supervisor_link.h"
#include "lib/dispatch/tick.h"
#include "lib/ipc/control.h"
#include "lib/os/clock.h"

/* What the caller's options say.  Written by pool_options.c, never changed. */
struct dispatch_options {
	unsigned workers;         /* when the pool was opened */
	unsigned processors;      /* that the pool may use */
	int64_t  timeout_ns;      /* 0: none */
	size_t   queue_limit;
	uint64_t value_max, output_max;
	unsigned retry_on, max_attempts;
	bool     ordered;
};

/* Jobs out.  Written by offers.[ch]. */
struct dispatch_out {
	uint64_t next_ticket;
	uint64_t *inflight;       /* a bit for each entry: it is offered */
	uint32_t inflight_count;
	unsigned plain_room;      /* plain jobs that go into the packet without another look */
	unsigned fill;            /* frames that the packet is to have */
	struct wire_writer writer; /* frames > 0: they are not sent yet */
	size_t   packet_len;      /* > 0: the packet is complete, the pipe was full */
	unsigned batch;           /* jobs that go in a packet now, at most */
	unsigned floor;           /* and at least, where there are many */
	uint32_t offered_max;     /* jobs offered ahead */
	int64_t  run_ns;          /* how long jobs take of late; 0: not known yet */
	uint32_t readers;         /* workers of smaller index take the jobs */
	bool     spin;            /* jobs are so short that their results are waited for awake */
	int64_t  begun_at;        /* when the packet was begun */
	int64_t  offered_at;      /* when the last packet was written */
	uint64_t taken_before;    /* in.taken at the last look, to see whether anything moves */
	uint64_t reoffers;
	struct wire_packet *packet; /* being filled by writer, or written next */
};

/* Jobs offered that have a timeout.  Written by timeout_watch.c. */
struct timeout_watch {
	uint32_t jobs;
	bool     stale;           /* the job with the smallest timeout is over */
};

/* Results in.  Written by results.c. */
struct dispatch_in {
	uint64_t taken;           /* results of runs so far */
	struct wire_packet *packet; /* room for the one that is read */
};

/* Values of results.  Written by result_value.c, but for the reader and where `taken` lies. */
struct result_values {
	struct spool spool;
	struct spool_reader reader;
	struct job  *unfetched;   /* its value is still in the spool */
	/* By worker and parity: values that this process has taken.  The worker is told by a copy
	   in shared memory, which anybody may write over. */
	uint32_t   (*taken)[2];
};

/* Jobs that are over.  Written by job_end.[ch]. */
struct jobs_ended {
	struct job_fifo ready;    /* in the order of their ends; empty where ordered */
	uint64_t next_seq;        /* ordered: the one to be handed out next */
	uint64_t retries;
};

/* A claim as it was found: since then the word is the same. */
struct claim_seen {
	uint64_t word;
	int64_t  since;
};

/* What workers may have damaged.  Written by damage_watch.c. */
struct damage_watch {
	struct claim_seen *seen;  /* one for each entry */
	int64_t  look_at;         /* when to look next */
};

/* The pool's health.  Written by deaths.c. */
struct dispatch_health {
	bool     failed;          /* no worker can be had any more; failure_text says why */
	char     failure_text[160];
	bool     recovering;      /* the supervisor is dead, its workers are dying */
	bool     killed;          /* those that did not die by themselves got SIGKILL */
	int64_t  recover_until;
	unsigned restarts;        /* of the supervisor, without a result between */
	uint64_t taken_before;    /* in.taken at the last restart */
	uint64_t workers_started, workers_died; /* under supervisors that are gone */
};

/* One descriptor that stands for all of the pool's.  Written by loop_fd.c. */
struct loop_fd {
	int      fd;           /* -1: not in use */
	int      set;          /* the inner set; -1: it could not be made */
	int      timer;
	unsigned renewed;      /* link.renewed, of which the inner set is */
	int      watches_room; /* the job pipe is in it */
	bool     more;         /* of its descriptors were ready than were asked for */
	int64_t  armed;        /* what the timer is set to; 0: now */
};

/* The loop that drives it all.  Written by dispatcher.c. */
struct dispatch_loop {
	bool     woken;           /* by forkpool_wakeup() */
	unsigned rounds;
	bool     unpolled;        /* the last round did not look at the other descriptors */
	struct pollfd *pollfds;   /* SHARED_WORKERS_MAX + 3 of them */
	int64_t  deadline;        /* of the pool */
	bool     expired;
	bool     suspended;
	int64_t  suspended_at;
	int64_t  deadline_left;   /* of the pool, while it is suspended; CLOCK_NEVER: none */
	struct loop_fd fd;
};

struct dispatcher {
	/* Opened and closed by pool_open.c, changed by their own functions. */
	struct shared   *shared;
	struct control  *control;
	struct arena     arena;
	struct job_table jobs;
	int              job_pipe[2];
	int              bell[2];         /* forkpool_wakeup() writes to it */

	struct dispatch_options options;
	struct dispatch_out    out;
	struct timeout_watch   watch;
	struct tick            tick;
	struct dispatch_in     in;
	struct result_values   values;
	struct jobs_ended      ended;
	struct damage_watch    damage;
	struct dispatch_health health;
	struct dispatch_loop   loop;
	struct supervisor_link link;
};

#define INFLIGHT_END UINT32_MAX

/* The first offered entry from this one on, or INFLIGHT_END.  Those found may be removed. */
static inline uint32_t
inflight_next(const struct dispatcher *d, uint32_t from)
{
	uint32_t words = (d->jobs.made + 63) / 64;
	uint64_t word;

	for (uint32_t i = from / 64; i < words; i++, from = i * 64)
		if ((word = d->out.inflight[i] >> (from % 64)) != 0)
			return from + (uint32_t)__builtin_ctzll(word);
	return INFLIGHT_END;
}

#define INFLIGHT_FOREACH(d, entry)                                        \
	for (uint32_t entry = inflight_next(d, 0); entry != INFLIGHT_END; \
	     entry = inflight_next(d, entry + 1))

#endif

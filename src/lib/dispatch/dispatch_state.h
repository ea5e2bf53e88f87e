/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dispatch_state - what the parent's engine knows of one pool; its parts are offers (batches out),
 * results (results in), deaths (what became of workers) and dispatcher (which drives them).
 *
 * Invariants: a job is in the queue, or marked in inflight[] with state OFFERED, or has its result.  All of
 * this is private to the caller's process; what workers can write is in *shared alone.
 * Includes job_table, shared, control, arena, spool, supervisor and below.
 */
#ifndef FORKPOOL_DISPATCH_STATE_H
#define FORKPOOL_DISPATCH_STATE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/dispatch/job_table.h"
#include "lib/ipc/control.h"
#include "lib/os/clock.h"
#include "lib/supervisor/supervisor.h"

/* One results pipe. */
struct results_pipe {
	int  fd;           /* read end, non-blocking; owned; -1 once it has ended */
	bool hot;          /* there may be more in it */
	uint32_t packets;  /* read so far */
};

struct dispatcher {
	struct shared  *shared;
	struct control *control;
	struct arena    arena;
	struct spool    spool;
	struct spool_reader values;
	struct job_table jobs;

	/* Processes and pipes. */
	struct supervisor_setup setup;    /* to start a supervisor again */
	pid_t    supervisor;              /* 0: none */
	int      socket;                  /* to it */
	int      job_pipe[2];
	int      bell[2];                 /* forkpool_wakeup() writes */
	unsigned workers;                 /* wanted */
	unsigned processors;              /* online when the pool was opened */
	unsigned slots;                   /* that have a results pipe; never fewer than workers */
	struct results_pipe *results;     /* SHARED_WORKERS_MAX of them */
	struct pollfd *pollfds;           /* SHARED_WORKERS_MAX + 3 */

	/* What the options say. */
	int64_t  timeout_ns;
	size_t   queue_limit;
	uint64_t value_max, output_max;
	unsigned retry_on, max_attempts;
	bool     ordered;

	/* Offers. */
	uint64_t next_ticket;
	uint64_t *inflight;               /* a bit for each entry: it is offered */
	uint32_t inflight_count;
	struct wire_packet out;           /* being filled by writer, or written next */
	struct wire_writer writer;        /* frames > 0: they are not sent yet */
	size_t   out_len;                 /* > 0: complete, the pipe was full */
	unsigned fill;                    /* frames that it is to have */
	unsigned plain_room;              /* plain jobs that go in without another look */
	unsigned batch;                   /* jobs that go in a packet now, at most */
	unsigned floor;                   /* and at least, where there are many */
	uint32_t offered_max;             /* jobs offered ahead */
	int64_t  run_ns;                  /* how long jobs take of late; 0: not known yet */
	uint32_t readers;                 /* workers of smaller index take the jobs */
	bool     spin;                  /* jobs are so short that their results are waited for awake */
	int64_t  stamp;                   /* when the packet was begun */
	int64_t  offered_at;              /* when the last packet was written */
	uint64_t results_taken, results_at_tick; /* to see at a tick whether anything moves */
	int64_t  tick_at, tick_span;      /* when to look for stuck jobs and results; CLOCK_NEVER */
	uint32_t timed_jobs;
	bool     watch_stale;             /* the job with the smallest timeout is over */

	/* Results. */
	unsigned rounds;
	struct job_fifo ready;            /* not used where ordered */
	uint64_t next_seq;                /* to be accepted */
	uint64_t next_out;                /* ordered: to be handed out next */
	struct job *lent;                 /* its result is with the caller */
	struct job *unfetched;            /* its value is still in the spool */

	/* State of the whole. */
	int64_t  deadline;                /* of the pool */
	bool     expired;
	bool     woken;
	bool     failed;                  /* no worker can be had any more; failure_text says why */
	bool     recovering;              /* the supervisor is dead, its workers are dying */
	int64_t  recover_until;
	bool     recover_killed;
	unsigned restarts;                /* of the supervisor, without a result between */
	char     failure_text[160];

	uint64_t by_outcome[16], retries, reoffers; /* outcomes of results taken */
	uint64_t started_before, died_before; /* by supervisors that are gone */
};

#define INFLIGHT_END UINT32_MAX

/* The first offered entry from this one on; INFLIGHT_END: none.  Those found may be removed. */
static inline uint32_t
inflight_next(const struct dispatcher *d, uint32_t from)
{
	uint32_t words = (d->jobs.made + 63) / 64;
	uint64_t word;

	for (uint32_t i = from / 64; i < words; i++, from = i * 64)
		if ((word = d->inflight[i] >> (from % 64)) != 0)
			return from + (uint32_t)__builtin_ctzll(word);
	return INFLIGHT_END;
}

#define INFLIGHT_FOREACH(d, entry)                                        \
	for (uint32_t entry = inflight_next(d, 0); entry != INFLIGHT_END; \
	     entry = inflight_next(d, entry + 1))

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run_state - how a run stands: what its parts (submit, begin, run) have in common, and nobody else.
 *
 * Includes interrupts, job, journal, options, plugin.
 */
#ifndef FORKPOOL_TOOL_RUN_STATE_H
#define FORKPOOL_TOOL_RUN_STATE_H

#include <stdint.h>
#include <time.h>

#include "forkpool.h"
#include "tool/base/bytes.h"
#include "tool/cli/options.h"
#include "tool/exec/plugin.h"
#include "tool/journal/journal.h"
#include "tool/run/interrupts.h"
#include "tool/task/job.h"

struct run_state {
	const struct options *o;
	struct forkpool *pool;
	struct journal *journal;
	struct plugin plugin;
	int apart;                   /* each run of a function has a process of its own */
	unsigned workers, under_way_max; /* jobs handed to the pool and not ended */
	uint64_t under_way;
	enum interrupt_stage stage;  /* how far interrupts have come */
	int      interrupted;        /* the signal */
	int      halting;
	int      input_waits;        /* for more to come */
	int      token_waits;        /* a job would begin if the jobserver let it */
	int      said_closed;
	int      replayed;           /* what the journal had is on its way out; before that the input is only compared */
	struct job *held, **held_end; /* of the input that was compared: to be looked at then */
	int      input_over;
	uint64_t last_seq;           /* of the input */
	struct bytes shown;          /* a command, for a moment */
};
extern struct run_state r;

static inline int64_t
clock_ns(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

#endif

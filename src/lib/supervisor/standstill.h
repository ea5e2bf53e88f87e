/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * standstill - a worker and all processes of its jobs, stopped and continued.
 *
 * They are found as children of children from the worker down, and as what has lost its parent and
 * is in the worker's session still.  A parent is stopped before its children are looked for, and
 * continued after them: so none can make a process that is not seen, have the number of one used
 * again, or see a child of its own stopped.  What has stopped itself before is left as it is.
 * Async-signal-safe; never blocks.
 */
#ifndef FORKPOOL_STANDSTILL_H
#define FORKPOOL_STANDSTILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct standstill {
	bool    is_on;
	bool    is_whole;      /* all stand still; none of them runs before standstill_end() */
	bool    are_too_many;  /* there is no point in going on: they do not come to one */
	bool    spares_worker; /* it stood still before */
	size_t  stand;         /* how many stood still or had ended at the last look; 0: not all */
	int64_t since;         /* when it began */
};

/* Nobody is at a standstill: forget which processes have stopped themselves. */
void standstill_reset(void);
/* Call it before each round of calls: whether this process has children besides the workers. */
void standstill_strays(bool);
/* Begin: the worker gets its signal.  was_stopped: it stands still already. */
void standstill_begin(struct standstill *, pid_t worker, bool was_stopped, int64_t now);
/* Stop what runs still; to be called until is_whole.  patient: wait also for those that are in the
   middle of a system call, and stop when they leave it. */
void standstill_settle(struct standstill *, pid_t worker, bool patient);
/* Continue all. */
void standstill_end(struct standstill *, pid_t worker);

#endif

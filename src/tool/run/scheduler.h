/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scheduler - which job begins, and when: a task gets a token of the jobserver, a channel and a
 * place in the pool, as there is room.
 */
#ifndef FORKPOOL_TOOL_SCHEDULER_H
#define FORKPOOL_TOOL_SCHEDULER_H

#include <stdint.h>

#include "tool/run/run_state.h"
#include "tool/task/job.h"

/* Why no more jobs have begun, as of the last scheduler_begin_jobs(); all 0: there is no room, or
   nothing to begin. */
struct scheduler_waits {
	int64_t ns;    /* --delay, --load, --memfree, --limit, --retry-delay, a shortage of
			  processes: ask again after that time */
	int     input; /* more of the input is to come */
	int     token; /* the jobserver has no token now */
};

/* Begin as many jobs as there is room for. */
void scheduler_begin_jobs(const struct run *);
const struct scheduler_waits *scheduler_waits(void);
/* A job that was handed to the pool, and for which there was no process: it is the next to begin,
   unless no job begins any more. */
void scheduler_put_back(const struct run *, struct job *);
/* No job begins from now on: those that have not begun end as skipped, and those that were to be
   tried again as they had failed. */
void scheduler_stop(const struct run *);
/* No job will begin any more. */
int  scheduler_is_over(void);
void scheduler_close(void);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * submit - hands a job to the pool: its words or its item become what a worker gets; and counts the
 * jobs that the pool has.
 */
#ifndef FORKPOOL_TOOL_SUBMIT_H
#define FORKPOOL_TOOL_SUBMIT_H

#include <stdint.h>

#include "tool/run/run_state.h"
#include "tool/task/job.h"

/* 1: the job is under way.  0: there is no room for it now, and nothing has happened. */
int      submit_job(const struct run *, struct job *);
/* The job's result has been taken from the pool. */
void     submit_ended(struct job *);
/* Jobs that have been handed to the pool and whose results have not been taken. */
uint64_t submit_under_way(void);
void     submit_close(void);

#endif

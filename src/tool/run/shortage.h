/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shortage - how many jobs may be under way where no more processes can be had.
 *
 * A job for which there was no process comes again.  Meanwhile no more jobs are under way than had
 * one, and each second some more are tried, until there are as many as were asked for.
 */
#ifndef FORKPOOL_TOOL_SHORTAGE_H
#define FORKPOOL_TOOL_SHORTAGE_H

#include <stdint.h>

/* There was no process for a job; under_way: how many others there are.  now: monotonic, as below.
   Says so the first time.  -1: for long not even one job could begin (said). */
int      shortage_met(uint64_t under_way, int64_t now);
/* A job has had a process. */
void     shortage_not_met(void);
/* How many jobs may be under way, of so many at most. */
unsigned shortage_most(unsigned most, int64_t now);
/* ns until these become more; 0: there is no shortage. */
int64_t  shortage_wait(int64_t now);

#endif

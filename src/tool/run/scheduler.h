/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * begin - which jobs begin, and when: what the journal has of the input is compared and goes out first, then tasks get
 * a token, a channel and a place in the pool, as there is room.
 */
#ifndef FORKPOOL_TOOL_BEGIN_H
#define FORKPOOL_TOOL_BEGIN_H

#include <stdint.h>

void scheduler_open(void);
/* As many as there is room for; *wait_ns: after which to come again though nothing happens. */
void scheduler_begin_jobs(int64_t *wait_ns);
/* None from now on: those that have not begun end as skipped. */
void scheduler_stop(void);
/* All of the input has begun, or ended without that. */
int  scheduler_is_over(void);

#endif

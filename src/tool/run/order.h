/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * order - jobs that have ended, put into the order of the input (-k): each waits until all numbers
 * before its own are out.
 */
#ifndef FORKPOOL_TOOL_ORDER_H
#define FORKPOOL_TOOL_ORDER_H

#include <stdint.h>

#include "tool/task/job.h"

/* first: the number that is to come out first.  Every number from there on has to be added, in any
   order. */
void        order_open(uint64_t first);
/* job NULL: that number has nothing to publish. */
void        order_add(uint64_t seq, struct job *job);
/* The next job whose turn it is, or NULL. */
struct job *order_next(void);
/* The number whose turn it is. */
uint64_t    order_turn(void);
/* Frees the jobs that did not get their turn. */
void        order_close(void);

#endif

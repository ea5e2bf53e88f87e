/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * turns - a caller's loop that waits for forkpool_fd() and for nothing else, without a bound.
 *
 * Where that descriptor does not tell of something, a test hangs, and its time limit ends it.
 */
#ifndef FORKPOOL_TESTS_TURNS_H
#define FORKPOOL_TESTS_TURNS_H

#include <stdatomic.h>

#include "tests/support/support.h"

/* What the test and its jobs share. */
struct turns_board {
	struct support_gate gate; /* in use, for support_job_waits() */
	_Atomic uint32_t runs;    /* of turns_work() */
	struct {
		_Atomic int32_t  pid;
		_Atomic uint32_t go;
	} stayer[2];              /* processes that jobs have left behind */
};
extern struct turns_board *turns_board;

/* What the caller has handed in by turns_submit(), what it got back, and how often its loop has
   turned. */
struct turns_tally {
	uint32_t submitted, taken, turns;
};
extern struct turns_tally turns_tally;

/* What such a job does; CRASH_TWICE is run three times, and HANG has a timeout. */
enum deed { REPLY, CRASH, HANG, CRASH_TWICE };
struct work {
	uint32_t number;
	enum deed deed;
};
int turns_work(struct forkpool_context *, const void *args, size_t args_len);

void turns_begin(void); /* a fixture: the board */

/* 1; 0: the queue is full.  Each job before it was submitted by this function, or is counted. */
int  turns_submit(struct forkpool *, enum deed);
/* The result is what such a job has to have. */
void turns_check(const struct forkpool_result *);

/* Whether the descriptor is readable now. */
int  turns_readable(struct forkpool *);
/* Wait for it. */
void turns_await(struct forkpool *);
/* Dispatch, and check all results. */
void turns_dispatch(struct forkpool *);
/* Both: one turn. */
void turns_take(struct forkpool *);
/* Take turns until all results were taken; or until there is nothing to do any more. */
void turns_take_all(struct forkpool *);
void turns_settle(struct forkpool *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * begun - which jobs have begun, as the worker itself notes it: one store into a page of the journal, without a
 * system call, right before the job can have any effect.
 *
 * The page is shared between the tool and its workers and belongs to the file, so that it outlives all of them.  A job
 * that is handed in has an entry there (a ticket) until the journal has its end: what is noted there and has no end
 * was in flight when the tool was killed, and a job that only waited for a worker was not.  Includes task.
 */
#ifndef FORKPOOL_TOOL_BEGUN_H
#define FORKPOOL_TOOL_BEGUN_H

#include <stdint.h>

#include "tool/task/task.h"

enum { BEGUN_TICKETS = 8192 };  /* jobs handed in whose end is not written yet */
#define BEGUN_SEQ_MAX ((UINT64_C(1) << 34) - 1)
#define BEGUN_ATTEMPT_MAX 255u

/* What goes to the worker with the job.  All zero: there is no journal. */
struct inflight_ticket {
	uint64_t word;
	uint64_t place;  /* 1.. */
};

/* page: BEGUN_TICKETS words of 8 bytes; all are free.  NULL: no journal, and nothing below does anything. */
void inflight_open(void *page);
/* For a try of that task, which task->attempts counts already.  1; 0: none is free, come again after journal_sync(). */
int  inflight_take(struct task *, struct inflight_ticket *);
/* In the worker, or the process of the job. */
void inflight_note(const struct inflight_ticket *);
/* In a process of the job's own that is not to see the page (code that may be hostile). */
void inflight_forget(void);
/* It has not begun, or is to begin again in a run to come. */
void inflight_clear(struct task *);
/* Its end is handed in: its ticket is free when that has been written, which begun_written() tells. */
void inflight_ended(struct task *);
void inflight_written(void);

/* What a word says. */
struct inflight_note {
	uint64_t seq;
	unsigned attempt; /* BEGUN_ATTEMPT_MAX: or more */
	unsigned hash;    /* 10 bits of the task's */
};
/* 1; 0: nothing is noted there; -1: nobody wrote it like that, since a store of a word is there whole or not at all. */
int      inflight_read(uint64_t word, struct inflight_note *);
unsigned inflight_hash(uint64_t task_hash);

#endif

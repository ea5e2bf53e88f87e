/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inflight - which jobs have begun, as the worker itself notes it: one store into a page of the
 * journal, without a system call, right before the job can have any effect.
 *
 * The tool and its workers share the page, and it belongs to the journal's file, so that it
 * outlives all of them.  A job that is handed to the pool owns a word of the page (its ticket)
 * until its end is in the journal.  A word that is filled in and whose job has no end in the
 * journal tells that the job was in flight when the tool was killed; a job that only waited for a
 * worker has left its word empty.
 */
#ifndef FORKPOOL_TOOL_INFLIGHT_H
#define FORKPOOL_TOOL_INFLIGHT_H

#include <stdint.h>

#include "tool/task/task.h"

enum { INFLIGHT_TICKETS = 8192 };  /* jobs handed to the pool whose end is not written yet */
#define INFLIGHT_SEQ_MAX ((UINT64_C(1) << 34) - 1)
#define INFLIGHT_ATTEMPT_MAX 255u

/* Goes to the worker together with the job.  All zero: there is no journal. */
struct inflight_ticket {
	uint64_t word;
	uint64_t place;  /* 1.. */
};

/*
 * page: INFLIGHT_TICKETS words of 8 bytes, all of them free.  NULL: there is no journal, and none
 * of the functions below does anything.
 */
void inflight_open(void *page);
/*
 * A ticket for a try of that task, which task->attempts counts already.  1; 0: none is free, call
 * again after journal_sync().
 */
int  inflight_take(struct task *, struct inflight_ticket *);
/* Called in the worker, or in the job's own process. */
void inflight_note(const struct inflight_ticket *);
/* Unmaps the page in a job's own process, whose code may be hostile and must not see it. */
void inflight_forget(void);
/* Frees the ticket of a job that has not begun, or that a later run is to begin again. */
void inflight_clear(struct task *);
/*
 * The end of the job was handed to the journal: inflight_written() frees its ticket, when the
 * journal has written the end.
 */
void inflight_ended(struct task *);
void inflight_written(void);

/* What a word says. */
struct inflight_note {
	uint64_t seq;
	unsigned attempt; /* INFLIGHT_ATTEMPT_MAX stands for more as well */
	unsigned hash;    /* 10 bits of the task's */
};
/*
 * 1; 0: the word is empty; -1: it is damaged.  A kill cannot damage a word, since it is stored
 * whole or not at all.
 */
int      inflight_read(uint64_t word, struct inflight_note *);
unsigned inflight_hash(uint64_t task_hash);

#endif

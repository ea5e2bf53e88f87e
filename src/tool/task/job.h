/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * job - a task under way or waiting to be published: its channel, its output so far, its outcome.
 */
#ifndef FORKPOOL_TOOL_JOB_H
#define FORKPOOL_TOOL_JOB_H

#include <stdint.h>
#include <sys/queue.h>

#include "tool/task/outcome.h"
#include "tool/task/output_buffer.h"
#include "tool/task/task.h"

struct channel;

struct job {
	struct job     *next;         /* free, or in a list of those that wait */
	struct task    *task;
	struct channel *channel;      /* while the job is under way; NULL: none */
	int             seat;         /* while the job is under way: what jobserver_take() gave */
	struct output_buffer out, err;
	int             not_done;     /* --resume is to run it again: it had tries left, or some of
					 out, err or the records is lost */
	struct outcome  outcome;
	int             put_back;     /* it could begin, but for a process: it need not ask again */
	int             is_last_try;  /* whatever --retries says */
	struct job     *before;       /* the try that failed, until this one is over; NULL: none */
	int64_t         submitted_ns; /* since the epoch */
	LIST_ENTRY(job) in_pool;      /* of status: on its list while the job is under way */
	uint64_t        pool_seq;     /* of status: the pool's number of the job */
	char           *texts;        /* of outcome, after job_keep_texts() */
};

/* The job owns the task from here on. */
struct job *job_new(struct task *);
/* And the one of its last try. */
void        job_free(struct job *);
/* Copies the texts of the outcome, which belong to the library's result until then. */
void        job_keep_texts(struct job *);

#endif

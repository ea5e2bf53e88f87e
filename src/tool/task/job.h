/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * job - a task under way or waiting to be published: its channel, its output so far, how it ended.
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
	struct job     *next;         /* free, or waiting for the journal */
	struct task    *task;
	struct channel *channel;      /* while it is under way; NULL: it has none */
	int             seat;         /* likewise, what jobserver_take() gave */
	struct output_buffer   out, err;
	struct outcome   outcome;       /* its texts are the job's own once it has ended */
	int64_t         submitted_ns; /* since the epoch */
	LIST_ENTRY(job) in_pool;      /* status: while it is under way, and its number there */
	uint64_t        pool_seq;
	char           *texts;
};

struct job *job_new(struct task *);  /* the task is the job's then */
void        job_free(struct job *);
/* Its ending outlives the result that it was made of. */
void        job_keep_texts(struct job *);

/* Jobs that have ended, in the order in which they are to be published: all of them, as their numbers come. */
void        order_open(uint64_t first);
void        order_add(uint64_t seq, struct job *);  /* job NULL: that number has nothing to publish */
struct job *order_next(void);                       /* the next whose turn it is, or NULL */
uint64_t    order_turn(void);                       /* the number that is to come next */
void        order_close(void);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record - what all kinds of records are made of: a job, its outcome and its output.
 */
#ifndef FORKPOOL_TOOL_RECORD_H
#define FORKPOOL_TOOL_RECORD_H

#include "tool/items/rows.h"
#include "tool/task/outcome.h"
#include "tool/task/output_buffer.h"
#include "tool/task/task.h"

/* The caller keeps the task, the outcome and the output. */
struct job_record {
	const struct task   *task;
	const struct outcome *outcome;
	const struct output_buffer *out, *err; /* NULL: not caught */
	const struct row    *header;    /* the columns' names; NULL, or count 0: they have none */
};

static inline uint64_t
record_size(const struct output_buffer *p)
{
	return p != NULL ? p->len : 0;
}

#endif

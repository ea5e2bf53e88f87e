/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal_entry - a job's end as the journal keeps it: the job, its outcome and all of its output,
 * so that it can be recorded and published without its input or another run.
 *
 * An entry is a stream of bytes in as many records as it takes, one behind the other.
 */
#ifndef FORKPOOL_TOOL_JOURNAL_ENTRY_H
#define FORKPOOL_TOOL_JOURNAL_ENTRY_H

#include "tool/journal/journal_file.h"
#include "tool/task/outcome.h"
#include "tool/task/output_buffer.h"
#include "tool/task/task.h"

/* 0, or -1 and errno: nothing of the entry is in the file. */
int journal_entry_write(struct journal_file *, const struct task *, const struct outcome *,
    const struct output_buffer *out, const struct output_buffer *err);

/* What an entry's first record alone says.  -1: the record is not an entry's first. */
struct journal_brief {
	uint64_t hash;
	enum verdict verdict;
	int      exit_code, signal;
};
int journal_entry_brief(const struct journal_record *first, struct journal_brief *);

/*
 * The entry whose first record is at *at; *at becomes the place behind the entry.  The task is
 * new, both buffers must be empty before, the outcome's texts are valid until the next call.  0,
 * or -1 and errno.
 */
int journal_entry_read(struct journal_file *, uint64_t *at, struct task **, struct outcome *,
    struct output_buffer *out, struct output_buffer *err);

#endif

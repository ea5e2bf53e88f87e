/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * publish - what goes out for a job: its output, as it comes or when it has ended, its records and
 * the line that explains a failure, with -k when it is the job's turn.
 *
 * A failure to keep or write any of it has been said and makes the run one that is broken
 * (run_totals).
 */
#ifndef FORKPOOL_TOOL_PUBLISH_H
#define FORKPOOL_TOOL_PUBLISH_H

#include <stdint.h>

#include "tool/cli/options.h"
#include "tool/journal/journal.h"
#include "tool/records/record.h"
#include "tool/task/job.h"

/* After output_writer_open() and records_open(). */
void     publish_open(const struct options *, struct journal *);
void     publish_close(void);

/* A piece of what a job wrote (a channel_sink; owner is the job): kept until the job has ended, or
   with --line-buffer let out line by line. */
void     publish_output(void *owner, int is_err, const char *data, size_t len);
/* Bytes that jobs have written so far, to PUBLISH_OUT or PUBLISH_ERR. */
uint64_t publish_written(int stream);

/* A job that has ended; with a journal, its end has to be on the disk.  The job is publish's from
   here on. */
void     publish_job(struct job *);
/* That number has nothing to publish in this run: with -k others do not wait for it. */
void     publish_skip(uint64_t seq);
/* Says which jobs' output a reader may have twice, of those published so far. */
void     publish_say_in_doubt(void);

struct job_record publish_record(const struct job *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * joblog_queue - lines of the joblog, each of which waits until the output of its job is out.
 *
 * --resume passes over a job that has a line.  So the line is written when the readers of standard
 * output and standard error have taken all that was queued for them until then: a run that is
 * killed in between leaves a job without a line, which runs again, and never a line without its
 * output.
 */
#ifndef FORKPOOL_TOOL_JOBLOG_QUEUE_H
#define FORKPOOL_TOOL_JOBLOG_QUEUE_H

#include <stddef.h>

/* A copy of whole lines; they wait for the output that is queued now. */
void joblog_queue_add(const char *lines, size_t len);
/* Writes the lines whose output is out.  0; -1: they could not be written (said). */
int  joblog_queue_write(void);
/* So many lines wait for a slow reader that no more jobs should start. */
int  joblog_queue_is_full(void);
/* Forgets the lines whose output did not come out. */
void joblog_queue_close(void);

#endif

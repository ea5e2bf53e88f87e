/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * junit - --junit: a test report in JUnit's XML, as GitLab, Jenkins and viewers for GitHub read it.
 *
 * Each job is a test case.  The counts stand at the beginning of the file, so the cases wait in a
 * file without a name, and the report replaces its file as a whole when all is over.
 *
 * Readers made with libxml2 refuse a file that has 10,000,000 bytes of text in one place, and few
 * readers show much of it.  So of a stream longer than JUNIT_OUTPUT there are its two ends.
 */
#ifndef FORKPOOL_TOOL_JUNIT_H
#define FORKPOOL_TOOL_JUNIT_H

#include "tool/cli/options.h"
#include "tool/records/record.h"

#define JUNIT_OUTPUT  (UINT64_C(1) << 20)
/* What a failure's own text has of the end of the output: GitLab shows that text alone. */
#define JUNIT_FAILURE ((size_t)4096)
/* What a run that was tried again has of the end of each stream.  Runs are told until all of a job
   take so many bytes, or all of the jobs that have not ended. */
#define JUNIT_EARLIER ((size_t)2048)
#define JUNIT_EARLIER_JOB ((size_t)64 << 10)
#define JUNIT_EARLIER_ALL ((size_t)16 << 20)

/* Ends the tool where the file could not be written. */
void junit_open(const struct options *);
/* A run of that task that has failed, and that another one has followed. */
void junit_again(struct task *, const struct job_record *);
void junit_add(const struct job_record *);
/* -1: the report could not be written (said). */
int  junit_close(void);

#endif

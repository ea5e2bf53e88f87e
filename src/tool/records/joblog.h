/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * joblog - a line for each job that has ended, in GNU parallel's columns, so that its tools and habits go on to work:
 *
 *	Seq  Host  Starttime  JobRuntime  Send  Receive  Exitval  Signal  Command
 *
 * with tabs between them, and NULs for the newlines of a command.  Includes record, record_file.
 */
#ifndef FORKPOOL_TOOL_JOBLOG_H
#define FORKPOOL_TOOL_JOBLOG_H

#include <stddef.h>

#include "tool/records/record.h"
#include "tool/records/record_writer.h"

/* Without the "+" that it may begin with. */
const char *joblog_path(const char *path);
/* path may begin with "+": append.  A last line that was cut short by the end of an earlier run is cut off.  Ends the tool
   where it cannot be opened. */
void joblog_open(const char *path, int append);
/* 0; -1: it could not be written (said). */
int  joblog_add(const struct job_record *, const char *command, size_t len);
int  joblog_close(void);
struct record_writer *joblog_file(void);

struct joblog_entry {
	uint64_t seq;
	size_t   order;              /* its line */
	int      exit_code, signal;  /* as the joblog has them: -1 timed out */
	char    *command;            /* of one that failed; else NULL */
};
/* The entries of an existing joblog, malloc()ed; NULL, 0: there is none.  Ends the tool where that is no joblog. */
struct joblog_entry *joblog_read(const char *path, size_t *count);

/* What GNU parallel writes as Exitval and Signal: 0 and 0 means that all went well, and nothing else does. */
void joblog_status(const struct outcome *, int *exit_code, int *signo);
/* Starttime as GNU parallel prints it. */
void joblog_start(const struct outcome *, char *buffer, size_t size);

#endif

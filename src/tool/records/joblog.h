/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * joblog - a line for each job that has ended, in GNU parallel's columns, so that tools and habits
 * made for GNU parallel's joblog still work:
 *
 *	Seq  Host  Starttime  JobRuntime  Send  Receive  Exitval  Signal  Command
 *
 * with tabs between them, and NULs for the newlines of a command.
 */
#ifndef FORKPOOL_TOOL_JOBLOG_H
#define FORKPOOL_TOOL_JOBLOG_H

#include <stddef.h>

#include "tool/records/record.h"
#include "tool/records/record_writer.h"

enum joblog_column {
	JOBLOG_SEQ,
	JOBLOG_HOST,
	JOBLOG_STARTTIME,
	JOBLOG_JOBRUNTIME,
	JOBLOG_SEND,
	JOBLOG_RECEIVE,
	JOBLOG_EXITVAL,
	JOBLOG_SIGNAL,
	JOBLOG_COMMAND,
	JOBLOG_COLUMNS,
};
const char *joblog_column_name(enum joblog_column);

/* Without the "+" that it may begin with. */
const char *joblog_path(const char *path);
/* Whether it is "-": the lines go to standard output, and there is no file to open or write. */
int joblog_is_output(const char *path);
/* The first line. */
const char *joblog_header(void);
/*
 * path may begin with "+": append.  If the end of an earlier run has cut the last line short, that
 * line is cut off.  Ends the tool where the file cannot be opened.
 */
void joblog_open(const char *path, int append);
/* Adds the job's line, or nothing: a job that never began, or was ended before it was done, has
   none. */
void joblog_row(const struct job_record *, const char *command, size_t len, struct bytes *row);
/* Whole lines; without an open file nothing happens.  0; -1: nothing of them was written (said). */
int  joblog_write(const char *rows, size_t len);
int  joblog_close(void);
struct record_writer *joblog_file(void);

struct joblog_entry {
	uint64_t seq;
	size_t   order;              /* its line in the file */
	int      exit_code, signal;  /* as the joblog has them: -1 timed out */
	uint64_t command_hash;       /* joblog_command_hash() of its command */
	char    *command;            /* of a job that failed; else NULL */
};
/* One number for a command's text, as joblog_row() takes it. */
uint64_t joblog_command_hash(const char *command, size_t len);
/*
 * The entries of an existing joblog, malloc()ed; NULL, count 0: there is no file.  Ends the tool
 * where the file is no joblog.
 */
struct joblog_entry *joblog_read(const char *path, size_t *count);

/* GNU parallel's Exitval and Signal: both are 0 if, and only if, all went well. */
void joblog_status(const struct outcome *, int *exit_code, int *signo);
/* Starttime as GNU parallel prints it. */
void joblog_start(const struct outcome *, char *buffer, size_t size);

#endif

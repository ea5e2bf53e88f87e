/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * input_file - opens the files of --stdin-from for jobs in a sandbox, which may be outside of the
 * sandbox.
 *
 * A job may have planted links below what it may write.  So where the path leads into an untrusted
 * place (untrusted_place.h), the job is to open it by itself, in its sandbox: then it gets what it
 * could have had anyway.
 */
#ifndef FORKPOOL_TOOL_INPUT_FILE_H
#define FORKPOOL_TOOL_INPUT_FILE_H

/* Why there is no file. */
enum input_file_fault {
	INPUT_FILE_WRONG,  /* errno: the file cannot be opened */
	INPUT_FILE_COPY,   /* errno: a copy of it cannot be made in $TMPDIR, or /tmp */
	INPUT_FILE_BY_JOB, /* nothing is wrong, but the job has to open it, since a job could have
	                      made the path lead elsewhere, or since it is no file that is simply
	                      opened (a named pipe) */
};

/*
 * After untrusted_places_are() and before the first job.  directory: where relative paths begin
 * (NULL: here); may_change: jobs may change modes and times of the files that they have.
 */
void input_file_setup(const char *directory, int may_change);
/*
 * The file, open for reading and close-on-exec; or, where a job could change its mode or times
 * through the descriptor, the same on a read-only mount, or a copy of it.  -1: none.
 */
int  input_file_open(const char *path, enum input_file_fault *);
void input_file_close(void);

#endif

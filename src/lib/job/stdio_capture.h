/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stdio_capture - where a worker's standard output and error go.
 *
 * Captured output goes to a file without a name, one for each worker slot, opened for appending.
 * So a job never blocks on it, no process has to be awake to drain it, it survives the crash of its
 * writer, and its size tells how much a run wrote even where only a part is kept.
 */
#ifndef FORKPOOL_STDIO_CAPTURE_H
#define FORKPOOL_STDIO_CAPTURE_H

#include <stdint.h>
#include <stdio.h>
#ifdef HAVE_STDIO_EXT_H
#include <stdio_ext.h>
#endif

#include "forkpool.h"

/* In the supervisor: the file for one worker, at a number from fd_base on; -1 and errno. */
int capture_file(int fd_base);

/* In the supervisor, for all workers: redirect descriptors 1 and 2 for every kind of output but
   CAPTURE, and drop what the caller's process had buffered.  null: /dev/null.  0 or -1 and
   errno. */
int capture_prepare(enum forkpool_output, int null);
/* In a worker, for CAPTURE: redirect 1 and 2 to its file.  0 or -1 and errno. */
int capture_enter(int file);

/* How many bytes were written since the file was emptied. */
uint64_t capture_size(int file);
void     capture_empty(int file);

/* In a worker: write what this process has buffered for standard output, if anything. */
void capture_flush_stdio(void);
static inline int
capture_stdio_waits(void)
{
#if defined(__GLIBC__)
	/* As __fpending(), without touching the page that its code is on. */
	return stdout->_IO_write_ptr != stdout->_IO_write_base;
#elif defined(HAVE___FPENDING)
	return __fpending(stdout) != 0;
#else
	return 1;
#endif
}

/* In the supervisor: give the memory of what lies past the cap back. */
void capture_trim(int file, uint64_t cap);

#endif

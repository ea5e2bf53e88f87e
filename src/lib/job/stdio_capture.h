/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * capture - where a worker's standard output and error go.
 *
 * Captured output goes to a file without a name, one per worker slot, opened for appending: a job
 * is never blocked by it, nobody has to be awake to drain it, it survives the crash of who wrote
 * it, and its size tells what a run wrote even where only a part is kept.  Includes fd, os.
 */
#ifndef FORKPOOL_CAPTURE_H
#define FORKPOOL_CAPTURE_H

#include <stdint.h>
#include <stdio.h>
#ifdef HAVE_STDIO_EXT_H
#include <stdio_ext.h>
#endif

#include "forkpool.h"

/* In the supervisor: the file for one worker, at a number from fd_base on; -1 and errno. */
int capture_file(int fd_base);

/* In the supervisor, for all workers: let 1 and 2 go where they should but for CAPTURE, and drop what
   the caller's process had buffered for them.  0 or -1 and errno. */
int capture_prepare(enum forkpool_output);
/* In a worker, for CAPTURE: let them go to its file.  0 or -1 and errno. */
int capture_enter(int file);

/* What has been written to it since it was emptied. */
uint64_t capture_size(int file);
void     capture_empty(int file);

/* In a worker: write what this process has buffered for standard output, if it has. */
void capture_flush_stdio(void);
static inline int
capture_stdio_waits(void)
{
#if defined(__GLIBC__)
	return stdout->_IO_write_ptr != stdout->_IO_write_base; /* __fpending(), without the page that it is on */
#elif defined(HAVE___FPENDING)
	return __fpending(stdout) != 0;
#else
	return 1;
#endif
}

/* In the supervisor: give memory back for what is past the cap (0: none). */
void capture_trim(int file, uint64_t cap);

#endif

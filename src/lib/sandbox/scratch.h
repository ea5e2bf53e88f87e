/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scratch - a file system in memory that jobs write to: see whether it is empty, and empty it.
 *
 * Whoever owns the directory can set its times, mode and attributes, but not how many files are
 * free; all of that together says that nothing of one job is left for the next in a directory that
 * is empty at first.  In one that has a file, another file can take its place unseen.  The file
 * system must be mounted without times of access.  On Linux alone; async-signal-safe.
 */
#ifndef FORKPOOL_SCRATCH_H
#define FORKPOOL_SCRATCH_H

#include <stdbool.h>
#include <stdint.h>

/* How many files a file system of so many bytes may have. */
uint64_t scratch_files(int64_t bytes);

/* dir: the open directory at the top.  Note what says that it is clean, as it is now.  0, or -1 and
   errno. */
int  scratch_note(int dir, uint64_t *free_files, long *attributes);
bool scratch_is_clean(int dir, uint64_t free_files, long attributes);

/* Remove all files but those that something is mounted on, whatever their modes, and set the
   directory's own mode and attributes back.  Takes as long as their number asks, however deep they
   are.  0, or -1 and errno. */
int  scratch_empty(int dir);

#endif

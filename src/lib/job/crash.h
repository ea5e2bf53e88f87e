/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crash - what a dying worker process leaves of itself.
 *
 * The process's signal handler stores addresses and a hint in shared memory and then lets the
 * signal take its course: the wait status stays true.  The addresses are those of the job's frames
 * alone, the innermost first: where the signal struck, then return addresses, up to the call of the
 * job's function.  Where a sanitizer's runtime handles a signal, it goes on handling it, and its
 * report is in the job's output.
 */
#ifndef FORKPOOL_CRASH_H
#define FORKPOOL_CRASH_H

#include <stddef.h>
#include <stdint.h>

#include "lib/ipc/shared.h"

/* In the parent, once, before any fork: the unwinder loads what it needs at its first use, which a
   signal handler must not do. */
void crash_prepare(void);

/* In the supervisor, for all workers: have fatal signals fill in the note of crash_enter(), but
   for those that a sanitizer's runtime handles. */
void crash_install(void);
/* In a worker: the note for it or for its job's process.  stack_max: limit in force, 0 none. */
void crash_enter(struct crash_note *, const struct forkpool_limits *, uint64_t stack_max);
/* The calling process is the one that the note tells of.  What it forks inherits the note and the
   handlers, and writes nothing. */
void crash_own(void);

/* In such a process: the set of the limits that it is at; error: its last errno, or what a job
   function returned. */
unsigned crash_limits_met(int error);
/* When it is about to end: these were the limits that it was at.  exit() and a crash note those of
   that moment. */
void crash_note_limits(unsigned met);

/* Copy a note's addresses; how many, 0 where the note's count is impossible.  They are whatever the
   process wrote: numbers to look up, never to follow. */
size_t crash_note_frames(const struct crash_note *, uint64_t address[SHARED_CRASH_FRAMES]);

#endif

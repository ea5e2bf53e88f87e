/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crash - what a dying worker process says of itself, and how the parent words it.
 *
 * The worker's handler stores addresses and a hint in shared memory and lets the signal take its
 * course: the wait status stays true.  Names are found by the parent, whose address space has the
 * same modules at the same places.  Where a sanitizer owns the signals there is no handler and
 * they have their default action.  Includes limits, os, shared.
 */
#ifndef FORKPOOL_CRASH_H
#define FORKPOOL_CRASH_H

#include <stddef.h>
#include <stdint.h>

#include "lib/ipc/shared.h"

/* In the parent, once, before any fork: the unwinder loads what it needs at its first use, which a
   signal handler must not do. */
void crash_prepare(void);

/* In the supervisor, for all workers: have the fatal signals leave a note, once there is one. */
void crash_install(void);
/* In a worker, or a job's process: this is it.  stack_max: the stack limit in force, 0 none. */
void crash_enter(struct crash_note *, const struct forkpool_limits *, uint64_t stack_max);

/* In such a process: it ends, and this errno was the last that it met with.  Also what exit() does. */
void crash_last_words(int error);

/* In the parent: addresses of frames of a dead process, one a line, in memory from malloc(); NULL where there are none. */
char *crash_backtrace(const uint64_t *address, size_t frames);
/* Copy a note's addresses; how many, 0 where the count cannot be. */
size_t crash_note_frames(const struct crash_note *, uint64_t address[SHARED_CRASH_FRAMES]);

#endif

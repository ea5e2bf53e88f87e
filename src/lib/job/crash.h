/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crash - what a dying worker process leaves of itself, and how the parent words it.
 *
 * The process's signal handler stores addresses and a hint in shared memory and then lets the
 * signal take its course: the wait status stays true.  The parent finds the names of the addresses,
 * since its address space has the same modules at the same places.  Where a sanitizer owns the
 * signals there is no handler, and the signals have their default action.
 */
#ifndef FORKPOOL_CRASH_H
#define FORKPOOL_CRASH_H

#include <stddef.h>
#include <stdint.h>

#include "lib/ipc/shared.h"

/* In the parent, once, before any fork: the unwinder loads what it needs at its first use, which a
   signal handler must not do. */
void crash_prepare(void);

/* In the supervisor, for all workers: have fatal signals fill in the note of crash_enter(). */
void crash_install(void);
/* In a worker: the note for it or for its job's process.  stack_max: limit in force, 0 none. */
void crash_enter(struct crash_note *, const struct forkpool_limits *, uint64_t stack_max);

/* In such a process, when it is about to end: note which limits it is at; error: its last errno.
   exit() calls it too. */
void crash_last_words(int error);

/* In the parent: a dead process's backtrace as text, one frame a line, in memory from malloc();
   NULL: no frames. */
char *crash_backtrace(const uint64_t *address, size_t frames);
/* Copy a note's addresses; how many, 0 where the note's count is impossible. */
size_t crash_note_frames(const struct crash_note *, uint64_t address[SHARED_CRASH_FRAMES]);

#endif

/*
 * crash - what a dying worker process says of itself, and how the parent words it.
 *
 * The worker's handler stores addresses and a hint in shared memory and lets the signal take its
 * course: the wait status stays true.  Names are found by the parent, whose address space has the
 * same modules at the same places.  Where a sanitizer owns the signals there is no handler and
 * they have their default action.  Includes clock, limits, shared.
 */
#ifndef FORKPOOL_CRASH_H
#define FORKPOOL_CRASH_H

#include <stddef.h>
#include <stdint.h>

#include "shared.h"

/* In the parent, once, before any fork: the unwinder loads what it needs at its first use, which a
   signal handler must not do. */
void crash_prepare(void);

/* In the supervisor, for all workers: have the fatal signals leave a note, once there is one. */
void crash_install(void);
/* In a worker: this is it.  memory_max: as limits_enter() gave it; stack_max: the stack limit in force,
   0 none. */
void crash_enter(struct crash_note *, uint64_t memory_max, uint64_t stack_max);

/* In the parent: the note's frames, one a line, in memory from malloc(); NULL where there are none. */
char *crash_backtrace(const struct crash_note *);

#endif

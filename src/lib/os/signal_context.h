/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signal_context - the code that a signal interrupted, as its handler's third argument has it.
 *
 * Each machine has its own registers; where this file does not know them, it says so.
 */
#ifndef FORKPOOL_SIGNAL_CONTEXT_H
#define FORKPOOL_SIGNAL_CONTEXT_H

#include <stdint.h>

/* The instruction that was interrupted: 1, or 0 where this machine is not known. */
int signal_context_pc(const void *context, uintptr_t *pc);

/* What signal_context_step_out() has changed. */
struct signal_context_was {
	uintptr_t pc, sp;
};

/* Change the context of a call that has just been made and led nowhere to that of its caller, at
   the call, until it is restored.  to: the address that the call would return to.  1, or 0 where
   this machine is not known: nothing was changed. */
int  signal_context_step_out(void *context, struct signal_context_was *, uintptr_t *to);
void signal_context_restore(void *context, const struct signal_context_was *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rescue - what must not be left behind when the tool dies of a signal that it does not handle otherwise: SIGQUIT,
 * SIGSEGV and their like.
 *
 * It then dies of that signal as it would have, with a core where there is one.  Nothing helps against SIGKILL.
 * Includes nothing of the tool.
 */
#ifndef FORKPOOL_TOOL_RESCUE_H
#define FORKPOOL_TOOL_RESCUE_H

#include <signal.h>

/* From now on fn is called before such a death, in the handler: only what is async-signal-safe.  Signals that are ignored
   stay so, and a forked process does not call it. */
void fatal_signals_open(void (*fn)(void));
/* Hold them off while what fn looks at changes. */
void fatal_signals_block(sigset_t *before);
void fatal_signals_unblock(const sigset_t *before);

#endif

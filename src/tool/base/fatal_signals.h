/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fatal_signals - cleaning up when the tool dies of a signal that it does not handle otherwise:
 * SIGQUIT, SIGSEGV and the like.
 *
 * After the clean-up the tool dies of that signal, with a core file where it would have left one.
 * SIGKILL cannot be caught.
 */
#ifndef FORKPOOL_TOOL_FATAL_SIGNALS_H
#define FORKPOOL_TOOL_FATAL_SIGNALS_H

#include <signal.h>

/*
 * From now on each such signal calls fn in its handler, so fn may call async-signal-safe functions
 * only.  Ignored signals stay ignored, and a forked process does not call fn.
 */
void fatal_signals_open(void (*fn)(void));
/* Hold the signals off while data that fn reads changes. */
void fatal_signals_block(sigset_t *before);
void fatal_signals_unblock(const sigset_t *before);

#endif

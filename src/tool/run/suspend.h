/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * suspend - Ctrl-Z: the jobs stop, then the tool; when the tool is continued, all go on, and the
 * time between was none.
 */
#ifndef FORKPOOL_TOOL_SUSPEND_H
#define FORKPOOL_TOOL_SUSPEND_H

#include "tool/run/run_state.h"

/* To be called whenever interrupts_fd() is readable.  1: the tool was stopped meanwhile. */
int suspend_if_asked(const struct run *);

#endif

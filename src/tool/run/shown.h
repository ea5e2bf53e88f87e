/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shown - what people and programs see of a run while it goes on: its numbers, for the progress and
 * for those who observe it.
 */
#ifndef FORKPOOL_TOOL_SHOWN_H
#define FORKPOOL_TOOL_SHOWN_H

#include "tool/reports/attempt.h"

struct attempt_now shown_now(void);
/*
 * Brings up to date whatever is shown, and reads tasks ahead where it shows how many there are.
 * running: jobs that workers have.  held: output for a terminal waits for the progress line to be
 * drawn anew.
 */
void shown_update(unsigned running, int held);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prompt - -p: ask the person at the terminal whether a command is to run.
 */
#ifndef FORKPOOL_TOOL_PROMPT_H
#define FORKPOOL_TOOL_PROMPT_H

/* 1 where the answer begins with y or Y, as xargs has it; without a terminal nobody can say so. */
int confirm_job(const char *command);

#endif

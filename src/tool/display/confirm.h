/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * confirm - -p: ask the person at the terminal whether a command is to run.
 */
#ifndef FORKPOOL_TOOL_CONFIRM_H
#define FORKPOOL_TOOL_CONFIRM_H

/* 1: the answer begins with y or Y, as xargs wants it.  Without a terminal the tool ends. */
int confirm_job(const char *command);

#endif

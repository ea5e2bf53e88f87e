/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * confirm - -p: ask the person at the terminal whether a command is to run.
 */
#ifndef FORKPOOL_TOOL_CONFIRM_H
#define FORKPOOL_TOOL_CONFIRM_H

/*
 * 1: the answer begins with y or Y, as xargs wants it.  Without a terminal the tool ends.
 * While it waits: what is readable when a signal has come, and what is to be done then; 1: the
 * question has to be put again.
 */
struct confirm_signals {
	int fd;
	int (*take)(const void *arg);
	const void *arg;
};
int confirm_job(const char *command, const struct confirm_signals *);

#endif

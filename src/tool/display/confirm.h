/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * confirm - -p: ask the person at the terminal whether a command is to run.
 */
#ifndef FORKPOOL_TOOL_CONFIRM_H
#define FORKPOOL_TOOL_CONFIRM_H

enum confirm_signal {
	CONFIRM_GO_ON = 0,
	CONFIRM_AGAIN, /* the question has to be put again */
	CONFIRM_OVER,  /* no answer counts any more */
};
/* While it waits: what is readable when a signal has come, and what is to be done then. */
struct confirm_signals {
	int fd;
	enum confirm_signal (*take)(const void *arg);
	const void *arg;
};
/* 1: the answer begins with y or Y, as xargs wants it; 0: it does not; -1: there is none, by
   CONFIRM_OVER.  Without a terminal the tool ends. */
int confirm_job(const char *command, const struct confirm_signals *);

#endif

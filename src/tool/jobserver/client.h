/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * client - jobs take part in the jobserver of the make that runs us: the first job without a token,
 * since make has given our process one, and each further job with a token.
 *
 * We hold one token less than there are jobs that run (none where no job runs).  The same bytes go
 * back that were taken, in any order: only the number of jobs that are left counts, not which one
 * has ended.
 */
#ifndef FORKPOOL_TOOL_CLIENT_H
#define FORKPOOL_TOOL_CLIENT_H

#include <poll.h>

#include "tool/cli/makeflags.h"

/* Joins the jobserver that MAKEFLAGS names.  0, or -1: *why (size bytes) says why we cannot. */
int    client_open(const struct makeflags *, char *why, size_t size);
/* 1: one more job may begin; 0: not now, but perhaps when client_pollfds() tells of a token. */
int    client_take(void);
/* A job has ended, or one that was allowed has not begun. */
void   client_give(void);
/* Gives back all tokens, whatever runs; async-signal-safe. */
void   client_on_fatal_signal(void);
/* Fills in what to poll for a token; how many: 0 or 1. */
size_t client_pollfds(struct pollfd *);
void   client_close(void);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jobserver_client - jobs take part in the jobserver of the make that runs us: the first for nothing, since our own
 * process has a token already, each further one for a token.
 *
 * Tokens held are always one less than the jobs that run (0 where none does).  They go back as the same bytes, in
 * whatever order: the job that ends does not matter, only how many are left.  Includes makeflags, rescue, token_pipe.
 */
#ifndef FORKPOOL_TOOL_JOBSERVER_CLIENT_H
#define FORKPOOL_TOOL_JOBSERVER_CLIENT_H

#include <poll.h>

#include "tool/cli/makeflags.h"

/* 0, or -1: *why (size bytes) says why there is no part in it. */
int    client_open(const struct makeflags *, char *why, size_t size);
/* 1: one more job may begin; 0: not now, see client_pollfds(). */
int    client_take(void);
/* A job has ended, or one that was allowed did not begin. */
void   client_give(void);
/* All that are held, whatever runs; async-signal-safe. */
void   client_on_fatal_signal(void);
/* What to poll for a token; 0 or 1. */
size_t client_pollfds(struct pollfd *);
void   client_close(void);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server - jobs that are makes share a number of tokens with each other and with us: --jobserver.
 *
 * There are N tokens.  Each job that runs has one, and gets further ones for its own jobs as far as
 * there are any.  Each running job has a seat: a pipe (or FIFO) of its own, into which we deal
 * tokens that no job of ours needs.  So we know how many tokens a job has, which nobody can tell of
 * a pipe that all jobs share.  When the job and all that it has started have ended, we count all
 * its tokens as back, whether the job died holding them or returned more than it took.  The price:
 * we cannot see who wants a token.  While tokens lie unused in one job's pipe and another job's
 * pipe is empty, we therefore collect them and deal them anew every now and then.
 *
 *     N == free tokens + one for each seat that is taken + the tokens dealt to those seats
 */
#ifndef FORKPOOL_TOOL_SERVER_H
#define FORKPOOL_TOOL_SERVER_H

#include <poll.h>
#include <stdint.h>

#include "tool/exec/command.h"

/* tokens: at most seats.  makeflags: our own MAKEFLAGS, or NULL.  A failure ends the tool. */
void     server_open(unsigned tokens, unsigned seats, int with_fifos, const char *makeflags);
/* The descriptors that jobs are to have; a -1 ends the list. */
const int *server_descriptors(void);
/* A seat for one more job; -1: not now. */
int      server_take(void);
/* The job on that seat has ended, or has not begun. */
void     server_give(int seat);
/* What the job on that seat is to be told. */
const struct command_jobserver *server_seat(int seat);
/* No job of ours can begin now: deals the tokens that are left to the jobs that run. */
void     server_deal(int64_t now);
/* Milliseconds until the next server_deal(); -1: no need. */
int      server_timeout(int64_t now);
/* After server_take() had no seat: fills in what to poll; how many: at most server_seats(). */
size_t   server_pollfds(struct pollfd *fds);
unsigned server_seats(void);
/* There are to be so many tokens from now on. */
void     server_resize(unsigned tokens);
/* Removes the FIFOs; async-signal-safe. */
void     server_on_fatal_signal(void);
void     server_close(void);

#endif

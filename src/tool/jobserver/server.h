/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jobserver_server - jobs that are makes share a number of tokens among them and with us: --jobserver.
 *
 * There are N tokens.  Each job that runs has one, and further ones for its own jobs as far as there are any.
 * Each running job has a pipe (or FIFO) of its own, a seat, into which tokens are dealt that no job of ours needs.  So it is
 * known how many a job has, which nobody can tell of a pipe that all share: when the job has ended, and with it
 * all that it had started, all of them are back, whatever the job has done with them, died with them in hand
 * or returned more than it took.  The price: who wants a token cannot be seen, so that those that lie idle
 * before one job are dealt out anew every now and then, while another job has none before it.
 *
 *     N == free + one for each seat that is taken + what is dealt to those
 *
 * Includes makeflags, token_pipe.
 */
#ifndef FORKPOOL_TOOL_JOBSERVER_SERVER_H
#define FORKPOOL_TOOL_JOBSERVER_SERVER_H

#include <poll.h>
#include <stdint.h>

#include "tool/exec/command.h"

/* tokens: at most seats.  makeflags: the variable's value, or NULL.  What cannot be had ends the tool. */
void     server_open(unsigned tokens, unsigned seats, int with_fifos, const char *makeflags);
/* Up to a -1: descriptors that jobs are to have. */
const int *server_descriptors(void);
/* A seat for one more job, or -1: not now. */
int      server_take(void);
/* The job has ended, or did not begin. */
void     server_give(int seat);
/* What the job on that seat has to be told. */
const struct command_jobserver *server_seat(int seat);
/* No job of ours can begin now: the tokens that are left are for the jobs' own. */
void     server_deal(int64_t now);
/* Milliseconds until the next server_deal(); -1: no need. */
int      server_timeout(int64_t now);
/* For one more job, which server_take() had no seat for, and that waits: what to poll; fds has room for all seats. */
size_t   server_pollfds(struct pollfd *fds);
unsigned server_seats(void);
void     server_resize(unsigned tokens);
/* The FIFOs go; async-signal-safe. */
void     server_on_fatal_signal(void);
void     server_close(void);

#endif

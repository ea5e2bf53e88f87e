/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jobserver - GNU make's tokens decide when a job may begin: as a client of the make that runs us, or as the server of
 * makes that are jobs.
 *
 * Neither where nobody asks for it: then a job may begin whenever there is room.  Includes jobserver_client,
 * jobserver_server, makeflags, options.
 */
#ifndef FORKPOOL_TOOL_JOBSERVER_H
#define FORKPOOL_TOOL_JOBSERVER_H

#include <poll.h>
#include <stdint.h>

#include "tool/cli/options.h"
#include "tool/exec/command.h"

enum { JOBSERVER_LATER = -1 };

/* Which of them we are; *workers becomes the number of jobs that tokens can be had for at most.  Before the pool is open; says in a
   line where make offers a jobserver and it cannot be had. */
void jobserver_open(const struct options *, unsigned *workers);
/* The server's pipes, so many that there can be jobs; for the others nothing.  What cannot be had ends the tool. */
void jobserver_seats_open(const struct options *, unsigned tokens, unsigned seats);
/* Up to a -1: descriptors that jobs are to have, so that programs in them find the jobserver; NULL: none. */
const int *jobserver_descriptors(void);
/* Whether anything has to be asked before a job begins: jobs are then begun one by one. */
int  jobserver_wanted(void);
/* A job may begin: what to give back when it has ended, or does not begin; or JOBSERVER_LATER. */
int  jobserver_take(void);
void jobserver_give(int seat);
/* What the command has to be told; NULL: nothing. */
const struct command_jobserver *jobserver_seat(int seat);

/* All that could begin now has, and no job waits because of jobserver_take(): what is left is for the jobs' own. */
void jobserver_settle(int64_t now);
/* Milliseconds until the next; -1: no need. */
int  jobserver_timeout(int64_t now);
/* Or else, what to poll for jobserver_take(); fds has room for jobserver_pollfds_most(). */
size_t jobserver_pollfds(struct pollfd *fds);
size_t jobserver_pollfds_most(void);

/* The most workers that SIGUSR1 can ask for, and that they are so many now. */
unsigned jobserver_most(unsigned most);
void jobserver_resize(unsigned workers);
/* On every way out. */
void jobserver_close(void);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jobserver - GNU make's tokens decide when a job may begin: as a client of the make that runs us,
 * or as the server of makes that are jobs.
 *
 * Where there is neither, a job may begin whenever there is room, and the functions below do
 * nothing.
 */
#ifndef FORKPOOL_TOOL_JOBSERVER_H
#define FORKPOOL_TOOL_JOBSERVER_H

#include <poll.h>
#include <stdint.h>

#include "tool/cli/options.h"
#include "tool/exec/command.h"

enum { JOBSERVER_LATER = -1 };

/*
 * Decides which of them we are, before the pool is opened.  As a client, *workers becomes the most
 * jobs that there can be tokens for.  Where make offers a jobserver that we cannot use, a message
 * says so and *workers becomes 1.
 */
void jobserver_open(const struct options *, unsigned *workers);
/* As the server: makes seats, one for each job that can run.  A failure ends the tool. */
void jobserver_seats_open(const struct options *, unsigned tokens, unsigned seats);
/* The descriptors through which jobs find the jobserver; a -1 ends the list.  NULL: none. */
const int *jobserver_descriptors(void);
/* Whether each job needs jobserver_take() before it begins: jobs are then begun one by one. */
int  jobserver_wanted(void);
/*
 * A job may begin: its seat, to be given back when the job has ended or not begun; or
 * JOBSERVER_LATER.
 */
int  jobserver_take(void);
void jobserver_give(int seat);
/* What the command on that seat has to be told; NULL: nothing. */
const struct command_jobserver *jobserver_seat(int seat);

/*
 * All jobs that could begin have begun, and none waits for jobserver_take(): the server deals what
 * is left to the jobs.
 */
void jobserver_settle(int64_t now);
/* Milliseconds until the next jobserver_settle(); -1: no need. */
int  jobserver_timeout(int64_t now);
/* Fills in what to poll after JOBSERVER_LATER; how many: at most jobserver_pollfds_most(). */
size_t jobserver_pollfds(struct pollfd *fds);
size_t jobserver_pollfds_most(void);

/* The most workers that SIGUSR1 can ask for: at most most, and at most one for each seat. */
unsigned jobserver_most(unsigned most);
/* There are so many workers, and so many tokens, now. */
void jobserver_resize(unsigned workers);
/* To be called on every way out. */
void jobserver_close(void);

#endif

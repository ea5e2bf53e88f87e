/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lives - what a pool is made to do to show that it works, in surroundings however odd.
 */
#ifndef FORKPOOL_TESTS_LIVES_H
#define FORKPOOL_TESTS_LIVES_H

#include <sys/types.h>

#include "forkpool.h"

int lives_twice(struct forkpool_context *, const void *args, size_t args_len);  /* of an int */
int lives_aborts(struct forkpool_context *, const void *args, size_t args_len);

/*
 * A job that kills its pool's supervisor and hangs until it ends with it.  At SANDBOX it may not
 * kill: it asks the caller, who kills the supervisor in lives_wait().
 */
int  lives_kills_supervisor(struct forkpool_context *, const void *args, size_t args_len);
void lives_supervisor_begin(void); /* before the pool is opened */
const struct forkpool_result *lives_wait(struct forkpool *);

/* These fail the test where anything is wrong. */
void lives_double(struct forkpool *, int jobs);
void lives_crash(struct forkpool *);                  /* one job crashes */
void lives_kill_supervisor(struct forkpool *);        /* and wait for the next one */
void lives_whole(const struct forkpool_options *);    /* from open to close, with a crash */
void lives_child(pid_t);                              /* a child of the test's own exits with 0 */

#endif

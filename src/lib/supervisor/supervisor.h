/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * supervisor - the one child of the caller: it forks, signals, waits for and replaces workers, and
 * keeps deadlines while the caller is busy elsewhere.
 *
 * Forked once by forkpool_open() (again only if it was killed), single-threaded from its birth, so
 * forking is safe and cheap however the caller has grown.  It ends with the caller, and its
 * workers end with it.  It allocates nothing and calls only async-signal-safe functions, since
 * the caller may have had threads.  Includes worker_process and below.
 */
#ifndef FORKPOOL_SUPERVISOR_H
#define FORKPOOL_SUPERVISOR_H

#include "lib/worker/worker.h"

struct supervisor_setup {
	struct worker_setup worker;
	int64_t  grace_ns;
	int      socket;       /* this side of the pair; the parent closes its copy after the fork */
	int      first;        /* the pool is being opened: workers_wanted start, or it ends */
};

/* Fork it.  Its pid, or -1 and errno.  All it needs is in *setup, but for the write ends of the
   results pipes, which come over the socket, slot by slot; what else the caller's process has open
   is closed in it.  It changes *setup in its own copy alone. */
pid_t supervisor_start(struct supervisor_setup *);

#endif

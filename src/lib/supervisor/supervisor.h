/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * supervisor - the one child of the caller: it forks, signals, waits for and replaces workers, and
 * keeps deadlines while the caller is busy elsewhere.
 *
 * Forked once by forkpool_open(), and again only if it was killed; single-threaded from its birth,
 * so that it forks safely and cheaply however the caller has grown.  It ends with the caller, and
 * its workers end with it.  It allocates nothing and calls only async-signal-safe functions, since
 * the caller may have had threads.
 */
#ifndef FORKPOOL_SUPERVISOR_H
#define FORKPOOL_SUPERVISOR_H

#include "lib/worker/worker.h"

struct supervisor_setup {
	struct worker_setup worker;
	int64_t  grace_ns;
	int      socket;       /* this end of the pair; the parent closes its copy after the fork */
	int      first;        /* the pool is being opened: all workers start, or none is left */
};

/*
 * Fork the supervisor.  Its pid, or -1 and errno.  All that it needs is in *setup, except the write
 * ends of the results pipes, which come over the socket, slot by slot; it closes whatever else the
 * caller's process has open.  The supervisor changes *setup in its own copy alone.
 */
pid_t supervisor_start(struct supervisor_setup *);

#endif

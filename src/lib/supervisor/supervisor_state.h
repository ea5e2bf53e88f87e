/* SPDX-License-Identifier: BSD-2-Clause */
/* supervisor_state - everything that the supervisor process knows, for the files of this folder. */
#ifndef FORKPOOL_SUPERVISOR_STATE_H
#define FORKPOOL_SUPERVISOR_STATE_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/supervisor/worker_slot.h"

/* Written by suspension.c. */
struct suspension {
	uint32_t request;       /* control->suspend as it was last seen; odd: it is suspended */
	bool     settles;       /* some worker has not come to a standstill yet */
	int64_t  patient_until; /* for those in the middle of a system call */
	int64_t  settle_until;
};

struct supervisor {
	struct slot_environment env;
	struct worker_slot *slot;    /* SHARED_WORKERS_MAX of them */
	struct control *control;
	unsigned slots;              /* slots that have a results pipe */
	unsigned alive;              /* workers */
	pid_t    caller;
	int      caller_handle;      /* pidfd, -1 none */
	int      bell[2];            /* pipe; the SIGCHLD handler writes to it */
	unsigned futile;             /* deaths or failed forks in a row, no run between them */
	uint64_t runs_seen;          /* of all workers, at the last of these */
	struct suspension suspension;
	int64_t  trim_at;            /* when captured output is next held against its cap */
	int      orphans_due;        /* orphans_kill() is to look */
	int      first;              /* the pool is being opened: all workers start, or none */
	int      is_up;              /* the first workers have been started */
};

#endif

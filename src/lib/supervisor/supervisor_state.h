/* SPDX-License-Identifier: BSD-2-Clause */
/* supervisor_state - everything that the supervisor process knows, shared by the files of this folder. */
#ifndef FORKPOOL_SUPERVISOR_STATE_H
#define FORKPOOL_SUPERVISOR_STATE_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/supervisor/supervisor.h"
#include "lib/supervisor/worker_slot.h"

struct supervisor {
	struct process_environment env;
	struct worker_process *process;   /* SHARED_WORKERS_MAX of them */
	const struct supervisor_setup *setup;
	struct control *control;
	unsigned slots;                   /* that have a results pipe */
	unsigned alive;
	pid_t    caller;
	int      caller_handle;           /* pidfd, -1 none */
	int      bell[2];                 /* written by the SIGCHLD handler */
	unsigned futile;                  /* deaths or failed forks in a row without any run between */
	uint64_t runs_seen;
	int64_t  trim_at;
	int      orphans_due;
	int      is_up;                   /* the first workers have been started */
};

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * orphans - what the jobs of dead workers left behind.
 *
 * The supervisor is the reaper of last resort (os_adopt_orphans()): descendants of a worker become its children
 * when the process between them ends.
 */
#ifndef FORKPOOL_ORPHANS_H
#define FORKPOOL_ORPHANS_H

#include "lib/supervisor/supervisor_state.h"

/* Kill every child that belongs to no living worker.  0; -1: the system does not tell which children there are. */
int orphans_kill(struct supervisor *);

/* Whether something of a dead worker's may still have the mailbox of its slot: then kill it, and ask again. */
int orphans_hold_mailbox(struct supervisor *);

#endif

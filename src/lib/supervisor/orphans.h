/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * orphans - what the jobs of dead workers left behind.
 *
 * The supervisor is the reaper of last resort (os_adopt_orphans()): a descendant of a worker
 * becomes its child when the processes between them have ended.
 */
#ifndef FORKPOOL_ORPHANS_H
#define FORKPOOL_ORPHANS_H

#include "lib/supervisor/supervisor_state.h"

/* Kill every child that belongs to no living worker.  0; -1: this system does not tell which
   children there are. */
int orphans_kill(struct supervisor *);

/* Whether something that a dead worker's job left may still have a mailbox: kills it, so ask again
   soon. */
int orphans_hold_mailbox(struct supervisor *);

#endif

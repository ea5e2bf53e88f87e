/* SPDX-License-Identifier: BSD-2-Clause */
/* supervisor_loop - what the supervisor does all its life: look at everything that may have
   happened, then sleep. */
#ifndef FORKPOOL_SUPERVISOR_LOOP_H
#define FORKPOOL_SUPERVISOR_LOOP_H

#include "lib/supervisor/supervisor_state.h"

/* Ends, by _exit(), when the caller is gone or the pool was closed and its workers have left. */
_Noreturn void supervisor_loop(struct supervisor *);

#endif

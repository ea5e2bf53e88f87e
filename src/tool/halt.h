/*
 * halt - whether enough jobs have failed, succeeded or ended for the run to end (--halt).
 */
#ifndef FORKPOOL_TOOL_HALT_H
#define FORKPOOL_TOOL_HALT_H

#include <stdint.h>

#include "options.h"

/* total 0: not known.  A share of the jobs is looked at when three have ended, as GNU parallel does. */
int halt_reached(const struct halt_option *, uint64_t failed, uint64_t succeeded, uint64_t total);

#endif

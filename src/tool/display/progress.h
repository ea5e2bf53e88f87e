/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * progress - --bar, --eta and --status on standard error: how many jobs are done of how many, how
 * fast, how long yet.
 *
 * On a terminal this is a line, or with --status a screen of several lines, where the next line of
 * output would come.  It is drawn over and over, and makes room for messages and for output on the
 * same terminal, which stay above it in their order.  Clearing it is all that has to be done at the
 * end.  Elsewhere it is a plain line now and then.
 */
#ifndef FORKPOOL_TOOL_PROGRESS_H
#define FORKPOOL_TOOL_PROGRESS_H

#include <stdint.h>

#include "tool/cli/options.h"

/* After status_open().  Without --bar, --eta and --status no function here does anything. */
void progress_open(const struct options *);
int  progress_is_on(void);

/* What output there is for the same terminal. */
enum progress_output {
	OUTPUT_NONE = 0,
	/* It waits for the next drawing, so that the screen does not flicker for each line. */
	OUTPUT_HELD,
	/* The terminal has taken a part of it: nothing may be drawn into its middle. */
	OUTPUT_HALF_OUT,
};
/* Whether the last drawing is so recent that output had better be held. */
int  progress_is_fresh(int64_t now_ns);
void progress_output(enum progress_output);

/*
 * done and failed of total (0: not known yet), running now.  Draws at most ten times a second.
 * now_ns: monotonic.
 */
void progress_update(uint64_t done, uint64_t failed, uint64_t total, unsigned running,
    int64_t now_ns);
/* Milliseconds until the next progress_update(), even if nothing happens; -1: no need. */
int  progress_timeout(int64_t now_ns);
/* Something on the screen is out of date: the terminal has another size. */
void progress_stale(void);
/* Takes the line or screen away until the next drawing. */
void progress_hide(void);
/* Others have written to the terminal: what was drawn is left there, and drawn anew below. */
void progress_lost(void);
/* Leaves the terminal as it was, with the last state on a line of its own. */
void progress_close(void);

#endif

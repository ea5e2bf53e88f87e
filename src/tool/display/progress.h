/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * progress - --bar, --eta and --status on standard error: how many of how many, how fast, how long yet.
 *
 * On a terminal a line, or with --status a screen of several, at the place where the next line of output would come.  It
 * is drawn over and over, and makes room for messages and for output on the same terminal, which stay above it in their
 * order; nothing has to be undone at the end but to clear it.  Elsewhere a plain line now and then.
 * Includes options, pace, status, terminal, width.
 */
#ifndef FORKPOOL_TOOL_PROGRESS_H
#define FORKPOOL_TOOL_PROGRESS_H

#include <stdint.h>

#include "tool/cli/options.h"

/* Without --bar, --eta and --status nothing here does anything.  After status_open(). */
void progress_open(const struct options *);
int  progress_is_on(void);
/* Something is drawn on a terminal. */
int  progress_is_drawn(void);

/* What is to be written to the terminal beside it. */
enum progress_output {
	OUTPUT_NONE = 0,
	OUTPUT_HELD,     /* until something is drawn anyway: it is not to flicker for each line */
	OUTPUT_HALF_OUT, /* the terminal has not taken all of it: nothing is drawn into its midst */
};
/* It was drawn so shortly ago that output had better be held. */
int  progress_is_fresh(int64_t now_ns);
void progress_output(enum progress_output);

/*
 * done, failed of total (0: not known yet), running now; last: the item last begun (NULL: none), shown so that it
 * cannot harm the terminal.  Draws at most ten times a second; now_ns monotonic.
 */
void progress_update(uint64_t done, uint64_t failed, uint64_t total, unsigned running,
    const char *last, int64_t now_ns);
/* When to call again though nothing happens, ms; -1: no need. */
int  progress_timeout(int64_t now_ns);
/* It does not look as it should: the terminal has another size. */
void progress_stale(void);
/* Take it away, and it comes back; what stands there now was left by others. */
void progress_hide(void);
void progress_lost(void);
/* The terminal is as it was, with the last state on a line of its own. */
void progress_close(void);

#endif

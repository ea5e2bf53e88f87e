/*
 * progress - --bar and --eta on standard error: how many of how many, how fast, how long yet.
 *
 * On a terminal one line that is drawn over and over, and that makes room for messages and for output on the same
 * terminal (message_before, message_after); elsewhere a plain line now and then.
 */
#ifndef FORKPOOL_TOOL_PROGRESS_H
#define FORKPOOL_TOOL_PROGRESS_H

#include <stdint.h>

#include "options.h"

/* Without --bar and --eta nothing here does anything. */
void progress_open(const struct options *);
/*
 * done, failed of total (0: not known yet), running now; last: the item last begun (NULL: none), shown so that it
 * cannot harm the terminal.  Draws at most ten times a second; now_ns monotonic.
 */
void progress_update(uint64_t done, uint64_t failed, uint64_t total, unsigned running, const char *last, int64_t now_ns);
/* When to call again though nothing happened, ms; -1: no need. */
int  progress_timeout(int64_t now_ns);
/* The terminal is as it was, with the last state on a line of its own. */
void progress_close(void);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock - a clock of the system in nanoseconds, and how long poll() is to wait for it.
 *
 * The monotonic clock stands still while Ctrl-Z has stopped the tool.
 */
#ifndef FORKPOOL_TOOL_CLOCK_H
#define FORKPOOL_TOOL_CLOCK_H

#include <limits.h>
#include <stdint.h>
#include <time.h>

int64_t clock_ns(clockid_t);
/* Set the monotonic clock back to that reading of it. */
void clock_set_back(int64_t ns);

/* The timeout of poll() that is not over before so many nanoseconds have passed; 0 where ns is not
   above 0. */
static inline int
clock_poll_ms(int64_t ns)
{
	const int64_t ms = ns <= 0 ? 0 : (ns - 1) / 1000000 + 1;

	return ms < INT_MAX ? (int)ms : INT_MAX;
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock - a clock of the system in nanoseconds, and how long poll() is to wait for it.
 */
#ifndef FORKPOOL_TOOL_CLOCK_H
#define FORKPOOL_TOOL_CLOCK_H

#include <limits.h>
#include <stdint.h>
#include <time.h>

static inline int64_t
clock_ns(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The timeout of poll() that is not over before so many nanoseconds have passed; 0 where ns is not
   above 0. */
static inline int
clock_poll_ms(int64_t ns)
{
	const int64_t ms = ns <= 0 ? 0 : (ns - 1) / 1000000 + 1;

	return ms < INT_MAX ? (int)ms : INT_MAX;
}

#endif

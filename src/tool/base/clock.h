/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock - a clock of the system in nanoseconds.
 */
#ifndef FORKPOOL_TOOL_CLOCK_H
#define FORKPOOL_TOOL_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t
clock_ns(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

#endif

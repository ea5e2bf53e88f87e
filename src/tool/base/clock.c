/* SPDX-License-Identifier: BSD-2-Clause */
/* The system's clocks, and how long the monotonic one has stood still. */
#include "config.h"
#include "tool/base/clock.h"

static int64_t stood_ns;

int64_t
clock_ns(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	const int64_t ns = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
	return clock == CLOCK_MONOTONIC ? ns - stood_ns : ns;
}

void
clock_set_back(int64_t ns)
{
	stood_ns += clock_ns(CLOCK_MONOTONIC) - ns;
}

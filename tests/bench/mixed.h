/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mixed.h - jobs of very different length: 1 us to 10 ms, log-uniform, the same ones each time. A
 * job burns processor time, not wall clock: where other processes take time away, the makespan gets
 * longer and the work never less.
 */
#ifndef MIXED_H
#define MIXED_H

#include "bench.h"

#include <math.h>

static inline uint64_t *
mixed_make(size_t n, uint64_t *total)
{
	uint64_t *lengths = allocate(n, sizeof *lengths);
	uint64_t x = UINT64_C(88172645463325252);

	*total = 0;
	for (size_t i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		lengths[i] = (uint64_t)(1e3 * exp((double)(x >> 11) * 0x1p-53 * log(1e4)));
		*total += lengths[i];
	}
	return lengths;
}

static inline void
mixed_burn(uint64_t ns)
{
	const int64_t end = clock_now(CLOCK_THREAD_CPUTIME_ID) + (int64_t)ns;

	while (clock_now(CLOCK_THREAD_CPUTIME_ID) < end)
		continue;
}

#endif

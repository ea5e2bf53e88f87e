/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * median - the median of any count of numbers, to within a hundredth, in a fixed amount of memory.
 *
 * Numbers are counted in ranges, 64 for each power of two.
 */
#ifndef FORKPOOL_TOOL_MEDIAN_H
#define FORKPOOL_TOOL_MEDIAN_H

#include <stdint.h>

#define MEDIAN_RANGES (58 * 64)

/* All zero: no numbers. */
struct median {
	uint64_t count;
	uint64_t in[MEDIAN_RANGES];
};

/* One below 0 counts as 0. */
void    median_add(struct median *, int64_t number);
/* The middle of the range that the median is in, or the lower of the two; 0: there are no
   numbers. */
int64_t median_get(const struct median *);

#endif

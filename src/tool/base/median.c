/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts numbers in ranges, whose width is a 64th of where they begin. */
#include "config.h"
#include "tool/base/median.h"

#include <stddef.h>

#define IN_OCTAVE 64u

/* Numbers below 128 have a range each; from there on each power of two has 64. */
static size_t
range_of(uint64_t n)
{
	unsigned shift = 0;

	while (n >> shift >= 2 * IN_OCTAVE)
		shift++;
	return shift * IN_OCTAVE + (size_t)(n >> shift);
}

static int64_t
middle_of(size_t range)
{
	if (range < 2 * IN_OCTAVE)
		return (int64_t)range;
	const unsigned shift = (unsigned)(range / IN_OCTAVE) - 1;
	const int64_t first = (int64_t)(range % IN_OCTAVE + IN_OCTAVE) << shift;
	return first + (INT64_C(1) << shift) / 2;
}

void
median_add(struct median *m, int64_t number)
{
	m->count++;
	m->in[range_of(number > 0 ? (uint64_t)number : 0)]++;
}

int64_t
median_get(const struct median *m)
{
	uint64_t below = 0;

	for (size_t i = 0; i < MEDIAN_RANGES; i++)
		if ((below += m->in[i]) >= m->count - m->count / 2 && below > 0)
			return middle_of(i);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * submissions.h - what judge.c and the shared object that it loads have to agree on.
 *
 * The object exports one table, `submissions`, which ends with an entry without a name.
 */
#ifndef SUBMISSIONS_H
#define SUBMISSIONS_H

#include <forkpool.h>

/*
 * Its job function is given an array of int64_t and replies with the answer to its task:
 *	"sum"	one int64_t, the sum of the numbers (0 of none)
 *	"sort"	the same numbers, the smallest first
 */
struct submission {
	const char  *name;
	const char  *task;
	forkpool_fn *fn;
	/* How its verdict has to begin at the levels worker, job and sandbox ("": however it likes).
	   NULL: it is not run there, since that level would not hold it. */
	const char  *expected[3];
	int          forks; /* it makes processes: not to be run where their number is not limited */
};

extern const struct submission submissions[];

#endif

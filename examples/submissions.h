/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * submissions.h - the table of submissions, which judge.c finds in the shared object that it loads.
 *
 * The object exports the table as `submissions`.  The last entry of the table has no name.
 */
#ifndef SUBMISSIONS_H
#define SUBMISSIONS_H

#include <forkpool.h>

/*
 * The job function of a submission is given an array of int64_t and replies the answer to its task:
 *	"sum"	one int64_t, the sum of the numbers (0 if there are none)
 *	"sort"	the same numbers, the smallest first
 */
struct submission {
	const char  *name;
	const char  *task;
	forkpool_fn *fn;
	/* How the verdict has to begin at the levels worker, job and sandbox ("": any verdict).
	   NULL: not run at that level, which would not hold it. */
	const char  *expected[3];
	/* It makes processes: run it at level job only if their number can be limited. */
	int          forks;
};

extern const struct submission submissions[];

#endif

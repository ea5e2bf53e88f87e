/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A filter for each set of wants, and what the kernel would answer under it.  Only with libseccomp.
 */
#ifndef FORKPOOL_FILTER_JUDGE_H
#define FORKPOOL_FILTER_JUDGE_H

#include <stddef.h>
#include <stdint.h>

/** The number of sets of wants: each is a number below it, of the WANT_ bits. */
#define FILTER_JUDGES 64

/** Build all filters; fails the test that runs. */
void filter_judges_make(void);
void filter_judges_release(void);

/** The answer to this call, as the tables of the policy write it; without args all are 0. */
int filter_judge(unsigned wants, int number, const uint64_t *args);

/** The same for a call of another architecture's. */
int filter_judge_foreign(unsigned wants, int number);

/** How many instructions the filter for these wants has. */
size_t filter_judge_length(unsigned wants);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outer_filter - a seccomp filter around a process, as containers have: some system calls fail, or
 * do nothing and say that they succeeded.  Needs no library.
 */
#ifndef FORKPOOL_TESTS_OUTER_FILTER_H
#define FORKPOOL_TESTS_OUTER_FILTER_H

#include <stddef.h>

#define OUTER_ANY  (-1L)  /* whatever the first argument is */
#define OUTER_BITS 1      /* the value is a set of bits: one of them is enough */

struct outer_rule {
	long number;      /* of the system call */
	long argument;    /* the first one's lower half, or OUTER_ANY */
	int  how;         /* 0: the argument is that value; OUTER_BITS */
	int  error;       /* the call fails with it; 0: the call does nothing and returns 0 */
};

/* For this process and all its descendants, for good.  0, or -1 and errno. */
int outer_filter_enter(const struct outer_rule *rules, size_t n);

#endif

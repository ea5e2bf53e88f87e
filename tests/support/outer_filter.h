/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outer_filter - a seccomp filter around a process, as containers have them: some system calls fail, or are
 * not made though they say that they were.  Needs no library.
 */
#ifndef FORKPOOL_TESTS_OUTER_FILTER_H
#define FORKPOOL_TESTS_OUTER_FILTER_H

#include <stddef.h>

#define OUTER_ANY  (-1L)  /* whatever the first argument is */
#define OUTER_BITS 1      /* its value is a set of bits, of which one is enough */

struct outer_rule {
	long number;      /* of the system call */
	long argument;    /* the first one's lower half, or OUTER_ANY */
	int  how;         /* 0: it is that value; OUTER_BITS */
	int  error;       /* what it fails with; 0: it answers 0 and does nothing */
};

/* For this process and all that it makes, for good.  0, or -1 and errno. */
int outer_filter_enter(const struct outer_rule *rules, size_t n);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * walk - all memory that a process can read, found without a file: also where it may open none.
 *
 * mmap(2) with MAP_FIXED_NOREPLACE tells whether anything is mapped in a range, madvise(2) whether
 * nothing is missing there, and rt_sigprocmask(2), whose first act is to copy from where it is told to,
 * whether a page can be read.
 */
#ifndef FORKPOOL_TESTS_WALK_H
#define FORKPOOL_TESTS_WALK_H

#include <stddef.h>
#include <stdint.h>

#define WALK_PAGE ((size_t)4096)

struct walk_range {
	uintptr_t at, end;
};

/* The mapped ranges, at most max of them, adjacent ones as one; how many there are. */
size_t walk_mapped(struct walk_range *ranges, size_t max);

/* Whether 8 bytes there can be read. */
int walk_readable(uintptr_t at);
/* Whether they can be written; what is there stays. */
int walk_writable(uintptr_t at);

/*
 * Where the needle is in all readable memory, at most max places; how many there are.  It comes with each
 * byte XORed with WALK_VEIL, so that what is searched with is not what is found.
 */
#define WALK_VEIL 0x80u
size_t walk_search(const unsigned char *veiled, size_t len, uintptr_t *places, size_t max);

#endif

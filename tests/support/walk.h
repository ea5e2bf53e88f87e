/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * walk - find all memory that a process can read, also where it may open no file.
 *
 * mmap(2) with MAP_FIXED_NOREPLACE tells whether anything is mapped in a range, madvise(2) whether
 * all of the range is mapped, and rt_sigprocmask(2), which first copies the mask that it is given,
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

/* The mapped ranges, at most max of them; adjacent ones are one.  How many they are. */
size_t walk_mapped(struct walk_range *ranges, size_t max);

/* Whether 8 bytes at that address can be read. */
int walk_readable(uintptr_t at);
/* Whether they can be written; the bytes stay as they are. */
int walk_writable(uintptr_t at);

/*
 * The places of a needle in all readable memory, at most max of them; how many there are.  Each
 * byte of the needle is XORed with WALK_VEIL, so that the search does not find its own argument.
 */
#define WALK_VEIL 0x80u
size_t walk_search(const unsigned char *veiled, size_t len, uintptr_t *places, size_t max);

#endif

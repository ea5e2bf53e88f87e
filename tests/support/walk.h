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
 * What is searched for.  Each byte is XORed with WALK_VEIL, so that the search does not find its
 * own argument.
 */
#define WALK_VEIL 0x80u
#define WALK_PLACES 8
struct walk_needle {
	const unsigned char *veiled;
	size_t    len;
	size_t    hits;               /* how often it is there */
	uintptr_t place[WALK_PLACES]; /* the first of them */
};

/* Search all readable memory for some needles in one go. */
void walk_search(struct walk_needle *needles, size_t count);

#endif

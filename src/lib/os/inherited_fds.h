/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * descriptors - the caller's own that workers and jobs are to have too, at the same numbers.
 *
 * The parent holds a duplicate of each from forkpool_open() on, so that a supervisor that is started later finds
 * what the caller meant then, whatever has those numbers now; these duplicates are the pool's, and no other
 * process keeps them.  The supervisor puts each at its number before it makes a descriptor of its own, and holds
 * it as long as it lives: from there on a fork is all it takes, and a number of these is never free for
 * another.  Includes fd.
 */
#ifndef FORKPOOL_DESCRIPTORS_H
#define FORKPOOL_DESCRIPTORS_H

#include <stddef.h>

#include "lib/os/fd.h"

#define DESCRIPTORS_MAX 8192u

struct descriptor {
	int number;
	int kept;     /* the duplicate; owned by the parent */
	int flags;    /* FD_CLOEXEC, or not */
};

struct descriptors {
	struct descriptor *each; /* ascending, each once */
	size_t count;
	struct fd_span *spans;   /* the same numbers, as few spans as there can be */
	size_t span_count;
};

/* In the parent, before it opens anything for the pool: those listed up to a -1; NULL: none.  0, or -1, errno, and a
   sentence in error.  *d is all zero before, and to be released in either case. */
int  descriptors_take(struct descriptors *d, const int *list, char *error, size_t error_size);
void descriptors_release(struct descriptors *);

/* In the supervisor, before it opens anything: each at its number.  *socket gets out of the way if it has one of
   these.  0, or -1 and errno.  Async-signal-safe. */
int  descriptors_place(const struct descriptors *, int *socket);

/* Close every descriptor above 2 but these and those in keep, see fd_close_all_but(). */
static inline void
descriptors_close_others(const struct descriptors *d, int *keep, size_t n)
{
	fd_close_all_but(keep, n, d->spans, d->span_count);
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inherited_fds - the caller's own descriptors that workers and jobs get too, at the same numbers.
 *
 * From forkpool_open() on the parent holds a duplicate of each.  So a supervisor that is started
 * later finds the files that the caller meant when it opened the pool, whatever has those numbers
 * now.  The duplicates belong to the pool, and no other process keeps them.
 *
 * The supervisor puts each descriptor at its number before it opens any of its own, and holds it as
 * long as it lives.  So each later fork inherits them all, and none of these numbers is ever free
 * for another descriptor.
 */
#ifndef FORKPOOL_INHERITED_FDS_H
#define FORKPOOL_INHERITED_FDS_H

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
	struct fd_span *spans;   /* the same numbers, in as few spans as possible */
	size_t span_count;
};

/* In the parent, before it opens anything for the pool: duplicate the descriptors in list, which
   ends with -1; NULL: none.  0, or -1, errno, and a sentence in error.  *d must be all zero before,
   and must be released whatever the answer. */
int  descriptors_take(struct descriptors *d, const int *list, char *error, size_t error_size);
void descriptors_release(struct descriptors *);

/* In the supervisor, before it opens anything: put each at its number.  If *socket has one of these
   numbers it moves to another.  0, or -1 and errno.  Async-signal-safe. */
int  descriptors_place(const struct descriptors *, int *socket);

/* Close every descriptor above 2 except these and those in keep, see fd_close_all_but(). */
static inline void
descriptors_close_others(const struct descriptors *d, int *keep, size_t n)
{
	fd_close_all_but(keep, n, d->spans, d->span_count);
}

#endif

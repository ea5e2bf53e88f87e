/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arena - arguments too large for a packet, in a file without a name.
 *
 * Laid out and written by the parent alone; workers map it to read at the offset that a frame names.  A
 * file, because it can grow after the fork; written by pwrite(), whose failures are errors and not
 * signals, the first time, and through a mapping where its pages are there already.
 * Extents come in powers of two and the one freed last is used first, since pages touched before
 * are many times faster than fresh ones; pages of an extent that were never touched cost nothing.
 * Includes fd, os.
 */
#ifndef FORKPOOL_ARENA_H
#define FORKPOOL_ARENA_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

/* Arguments held at a time, unless one job alone is larger. */
#define ARENA_BYTES_MAX ((uint64_t)256 << 20)
#define ARENA_CLASSES   48

struct arena_extent {
	SLIST_ENTRY(arena_extent) next;
	uint64_t offset;
	uint64_t len;       /* in use; 0: free */
	uint64_t backed;    /* bytes of it that have been written before: their pages are there */
	unsigned size_class;
};

struct arena {
	int      fd;        /* owned */
	uint64_t end;       /* of all extents */
	uint64_t held;      /* bytes in use */
	char    *map;       /* the file from its beginning; NULL: not yet */
	size_t   map_size;
	int      wipes;     /* what was there before is not to be seen behind what is put there */
	SLIST_HEAD(arena_list, arena_extent) free[ARENA_CLASSES];
};

int  arena_open(struct arena *);     /* 0, -1 and errno */
void arena_close(struct arena *);    /* every extent must have been freed */

/* Whether len more bytes are within bounds. */
int  arena_has_room(const struct arena *, size_t len);
/* Copy data in.  NULL and errno: ENOMEM, EFBIG (the process's limit on file sizes). */
struct arena_extent *arena_put(struct arena *, const void *data, size_t len);
void arena_free(struct arena *, struct arena_extent *); /* NULL is fine */

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * args_arena - arguments too large for a packet, in a file without a name.
 *
 * The parent alone lays the arena out and writes to it; workers map it to read, at the offset that
 * a job's frame names.  It is a file because a file can grow after the fork.  New pages are written
 * by pwrite(), whose failures are errors and not signals; pages that are there already are written
 * through a mapping, where the system promises that nobody can make the file shorter: workers have
 * the file open, and past its end a write to the mapping would raise SIGBUS in the parent.
 *
 * The sizes of extents are powers of two, and the extent freed last is used first: pages touched
 * before are many times faster than fresh ones.  Pages of an extent that were never touched cost
 * nothing.
 */
#ifndef FORKPOOL_ARGS_ARENA_H
#define FORKPOOL_ARGS_ARENA_H

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
	uint64_t backed;    /* so many bytes were written before: their pages are there */
	unsigned size_class;
};

struct arena {
	int      fd;        /* owned */
	uint64_t end;       /* of all extents */
	uint64_t held;      /* bytes in use */
	char    *map;       /* the file from its beginning; NULL: not yet */
	int      maps;      /* the file can be mapped: it only grows */
	size_t   map_size;
	int      wipes;     /* zero the rest of the last page: a job must not see older arguments */
	SLIST_HEAD(arena_list, arena_extent) free[ARENA_CLASSES];
};

int  arena_open(struct arena *);     /* 0, -1 and errno */
void arena_close(struct arena *);    /* every extent must have been freed */

/* Whether there is room for len more bytes; always, if the arena is empty. */
int  arena_has_room(const struct arena *, size_t len);
/* Copy data in.  NULL and errno: ENOMEM, EFBIG (the process's limit on file sizes). */
struct arena_extent *arena_put(struct arena *, const void *data, size_t len);
void arena_free(struct arena *, struct arena_extent *); /* NULL is fine */

#endif

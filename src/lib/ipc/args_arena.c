/* SPDX-License-Identifier: BSD-2-Clause */
/* The arena: finding an extent, filling it, and giving pages back. */
#include "config.h"
#include "lib/ipc/args_arena.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/os/fd.h"
#include "lib/os/heirloom.h"
#include "lib/os/os.h"

/* When no extent is in use, the arena's file is emptied if it is larger than this. */
#define ARENA_KEEP ((uint64_t)64 << 20)
/* The smallest extent: a page, or where pages are larger a part of one.  No two extents share a
   unit. */
#define ARENA_UNIT 4096u

int
arena_open(struct arena *a)
{
	a->fd = fd_raise(os_memory_file("forkpool-args", 1));
	a->maps = OS_ADDRESSES_ABOUND && a->fd != -1 && os_file_only_grows(a->fd);
	a->end = a->held = 0;
	a->map = NULL;
	a->map_size = 0;
	for (unsigned i = 0; i < ARENA_CLASSES; i++)
		SLIST_INIT(&a->free[i]);
	return a->fd == -1 ? -1 : 0;
}

static void
arena_forget(struct arena *a)
{
	for (unsigned i = 0; i < ARENA_CLASSES; i++) {
		struct arena_extent *extent;
		while ((extent = SLIST_FIRST(&a->free[i])) != NULL) {
			SLIST_REMOVE_HEAD(&a->free[i], next);
			free(extent);
		}
	}
	a->end = 0;
}

void
arena_close(struct arena *a)
{
	arena_forget(a);
	if (a->map != NULL)
		(void)munmap(a->map, a->map_size);
	a->map = NULL;
	fd_close(&a->fd);
}

int
arena_has_room(const struct arena *a, size_t len)
{
	return a->held == 0 || (a->held <= ARENA_BYTES_MAX && len <= ARENA_BYTES_MAX - a->held);
}

/* Have the file's bytes from 0 to end mapped; false where that fails. */
static int
arena_map(struct arena *a, uint64_t end)
{
	size_t size = a->map_size > 0 ? a->map_size : ARENA_KEEP;

	if (end <= a->map_size)
		return 1;
	if (!a->maps)
		return 0;
	while (size < end)
		size *= 2;
	if (a->map != NULL)
		(void)munmap(a->map, a->map_size);
	a->map_size = 0;
	a->map = heirloom_of_file(a->fd, 0, size, PROT_READ | PROT_WRITE);
	if (a->map == NULL)
		return 0;
	a->map_size = size;
	return 1;
}

/* The bytes of an extent that may hold an earlier job's, behind so many that are new: up to here.
   The reader maps the last page whole. */
static size_t
wiped_to(const struct arena *a, const struct arena_extent *extent, size_t len)
{
	size_t end = (len + ARENA_UNIT - 1) / ARENA_UNIT * ARENA_UNIT;

	if (!a->wipes || extent == NULL || extent->backed <= len)
		return len;
	return end < extent->backed ? end : (size_t)extent->backed;
}

/* Copy data, of the extent's length, to where the extent is.  0, -1 and errno. */
static int
extent_fill(struct arena *a, struct arena_extent *extent, const void *data)
{
	size_t len = (size_t)extent->len;
	size_t rest = wiped_to(a, extent, len) - len;

	if (rest > 0) {
		static const char zeros[ARENA_UNIT];
		if (fd_pwrite_all(a->fd, zeros, rest, (off_t)(extent->offset + len)) == -1)
			return -1;
	}
	if (len <= extent->backed && arena_map(a, extent->offset + len)) {
		/* These pages are there already: twice as fast as pwrite(), and cannot fail. */
		memcpy(a->map + extent->offset, data, len);
		return 0;
	}
	if (fd_pwrite_all(a->fd, data, len, (off_t)extent->offset) == -1)
		return -1;
	if (len > extent->backed)
		extent->backed = len;
	return 0;
}

struct arena_extent *
arena_put(struct arena *a, const void *data, size_t len)
{
	unsigned class = 0;

	while (class < ARENA_CLASSES && (uint64_t)ARENA_UNIT << class < len)
		class++;
	if (class == ARENA_CLASSES) {
		errno = ENOMEM;
		return NULL;
	}
	struct arena_extent *extent = SLIST_FIRST(&a->free[class]);
	uint64_t offset = extent != NULL ? extent->offset : a->end;
	size_t most = wiped_to(a, extent, len);
	struct rlimit limit;
	/* A write past the limit would raise SIGXFSZ in the caller's process.  A free extent may
	   reach past it too: it was less full before, or the limit was higher. */
	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
	    (most > limit.rlim_cur || offset > limit.rlim_cur - most)) {
		errno = EFBIG;
		return NULL;
	}
	if (extent != NULL) {
		SLIST_REMOVE_HEAD(&a->free[class], next);
	} else {
		extent = malloc(sizeof *extent);
		if (extent == NULL)
			return NULL;
		extent->offset = offset;
		extent->backed = 0;
		extent->size_class = class;
		a->end += (uint64_t)ARENA_UNIT << class;
	}
	extent->len = len;
	a->held += len;
	if (extent_fill(a, extent, data) == -1) {
		int error = errno == ENOSPC ? ENOMEM : errno;
		arena_free(a, extent);
		errno = error;
		return NULL;
	}
	return extent;
}

void
arena_free(struct arena *a, struct arena_extent *extent)
{
	if (extent == NULL)
		return;
	a->held -= extent->len;
	extent->len = 0;
	SLIST_INSERT_HEAD(&a->free[extent->size_class], extent, next);
	if (a->held == 0 && a->end > ARENA_KEEP &&
	    (os_file_discard(a->fd, 0) == 0 || ftruncate(a->fd, 0) == 0))
		arena_forget(a);
}

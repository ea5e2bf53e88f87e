/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kept_heap - malloc(3) for what no forked child is to find: arguments, names, values.
 *
 * A process copies all of its memory to each child that it forks, what malloc(3) gave out too.  The
 * caller keeps here what belongs to a pool's jobs, so that jobs of a pool that is opened later, or
 * whose supervisor is forked again, cannot read it.
 *
 * Sizes are powers of two, and the block that was freed last is used first.  For one thread at a
 * time.
 */
#ifndef FORKPOOL_KEPT_HEAP_H
#define FORKPOOL_KEPT_HEAP_H

#include <stddef.h>
#include <stdint.h>

#define KEPT_CLASSES (SIZE_MAX > UINT32_MAX ? 48u : 32u)

struct kept_block;
struct kept_chunk;

struct kept_heap {
	struct kept_block *free[KEPT_CLASSES]; /* by size */
	struct kept_chunk *chunks;             /* where small blocks lie, the one in use first */
	size_t room;                           /* bytes of it that were not given out yet */
	size_t cached;                         /* in free blocks with a mapping of their own */
};

void  kept_heap_init(struct kept_heap *);
void  kept_heap_release(struct kept_heap *);           /* every block must have been freed */
void *kept_alloc(struct kept_heap *, size_t size);     /* aligned to 16; NULL and ENOMEM */
void  kept_free(void *);                               /* NULL is fine */

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The heap that forks do not copy: small blocks in chunks, large ones in mappings of their own. */
#include "config.h"
#include "lib/os/kept_heap.h"

#include <errno.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/os/heirloom.h"

#define CLASS_MIN   6u  /* 64 bytes */
#define CLASS_SMALL 16u /* the largest block in a chunk */
#define CHUNK_SIZE  ((size_t)1 << 20)
/* Free blocks with mappings of their own are kept for the next use up to so many bytes. */
#define CACHED_MAX  ((size_t)64 << 20)

/* What a block begins with. */
struct kept_block {
	alignas(16) struct kept_heap *heap;
	union {
		size_t             size_class; /* in use */
		struct kept_block *next;       /* free */
	} is;
};

struct kept_chunk {
	alignas(16) struct kept_chunk *next;
};

void
kept_heap_init(struct kept_heap *h)
{
	memset(h, 0, sizeof *h);
}

void
kept_heap_release(struct kept_heap *h)
{
	for (unsigned class = CLASS_SMALL + 1; class < KEPT_CLASSES; class++) {
		struct kept_block *block;
		while ((block = h->free[class]) != NULL) {
			h->free[class] = block->is.next;
			(void)munmap(block, (size_t)1 << class);
		}
	}
	while (h->chunks != NULL) {
		struct kept_chunk *chunk = h->chunks;
		h->chunks = chunk->next;
		(void)munmap(chunk, CHUNK_SIZE);
	}
	kept_heap_init(h);
}

/* A block that was never used. */
static struct kept_block *
block_make(struct kept_heap *h, unsigned class)
{
	size_t size = (size_t)1 << class;

	if (class > CLASS_SMALL)
		return heirloom_private(size);
	if (h->room < size) {
		struct kept_chunk *chunk = heirloom_private(CHUNK_SIZE);
		if (chunk == NULL)
			return NULL;
		chunk->next = h->chunks;
		h->chunks = chunk;
		h->room = CHUNK_SIZE - sizeof *chunk;
	}
	h->room -= size;
	return (struct kept_block *)(void *)((char *)(h->chunks + 1) + h->room);
}

void *
kept_alloc(struct kept_heap *h, size_t size)
{
	unsigned class = CLASS_MIN;
	struct kept_block *block;

	if (size > ((size_t)1 << (KEPT_CLASSES - 1)) - sizeof *block) {
		errno = ENOMEM;
		return NULL;
	}
	size += sizeof *block;
	if (size > (size_t)1 << CLASS_MIN)
		class = 64u - (unsigned)__builtin_clzll((unsigned long long)size - 1);
	block = h->free[class];
	if (block != NULL) {
		h->free[class] = block->is.next;
		if (class > CLASS_SMALL)
			h->cached -= (size_t)1 << class;
	} else if ((block = block_make(h, class)) == NULL) {
		return NULL;
	}
	block->heap = h;
	block->is.size_class = class;
	return block + 1;
}

void
kept_free(void *at)
{
	if (at == NULL)
		return;
	struct kept_block *block = (struct kept_block *)at - 1;
	struct kept_heap *h = block->heap;
	size_t class = block->is.size_class;
	if (class > CLASS_SMALL) {
		size_t size = (size_t)1 << class;
		if (size > CACHED_MAX - h->cached) {
			(void)munmap(block, size);
			return;
		}
		h->cached += size;
	}
	block->is.next = h->free[class];
	h->free[class] = block;
}

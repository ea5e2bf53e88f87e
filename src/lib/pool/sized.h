/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sized - structures of the interface in the size that the program's header gives them, which may
 * be smaller or larger than this library's.
 *
 * The rule is that of openat2(2) and clone3(2): what the program does not have is zero, and what
 * the library does not know must be zero.
 */
#ifndef FORKPOOL_SIZED_H
#define FORKPOOL_SIZED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No structure of the interface is smaller, or will ever be larger. */
#define SIZED_LEAST sizeof(void *)
#define SIZED_MOST  ((size_t)1024)

static inline bool
sized_is_valid(size_t size)
{
	return size >= SIZED_LEAST && size <= SIZED_MOST;
}

/* Behind the last member nothing is left over: programs leave that room unset, and a member that a
   later version puts there would have whatever lies in it.  On machines of 32 bits some structures
   do have it: the first to be added there must be aligned to more. */
#if UINTPTR_MAX > UINT32_MAX
#define SIZED_ENDS_WITH(type, member)                                                            \
	_Static_assert(offsetof(type, member) + sizeof(((type *)0)->member) == sizeof(type) &&   \
	    sizeof(type) <= SIZED_MOST, "room is left behind " #type "." #member)
#else
#define SIZED_ENDS_WITH(type, member) _Static_assert(sizeof(type) <= SIZED_MOST, #type)
#endif

/* Take the program's structure over into the library's of that size; given NULL: all zero.  0; -1:
   E2BIG a member is set that the library does not know; EINVAL no size of a structure.  *own is all
   zero then. */
int sized_take(void *own, size_t own_size, const void *given, size_t given_size);

/* Hand out as much of the library's structure as the program's has room for; the rest of it is zero
   then.  0; -1 and EINVAL: given is NULL, or that is no size. */
int sized_give(void *given, size_t given_size, const void *own, size_t own_size);

#endif

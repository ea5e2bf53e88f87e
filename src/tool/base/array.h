/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * array - room for one more element in an array that grows.
 */
#ifndef FORKPOOL_TOOL_ARRAY_H
#define FORKPOOL_TOOL_ARRAY_H

#include <stddef.h>

/*
 * Returns the array, moved where it had to grow, with room for at least count + 1 elements of size
 * bytes; *room is how many elements fit.  An empty array is NULL with *room 0.  Memory that cannot
 * be had ends the tool.
 */
void *array_reserve(void *array, size_t count, size_t *room, size_t size);

#endif

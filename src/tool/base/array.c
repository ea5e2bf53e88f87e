/* SPDX-License-Identifier: BSD-2-Clause */
/* How the command's arrays grow: to twice their size. */
#include "config.h"
#include "tool/base/array.h"

#include <stdlib.h>

#include "tool/base/message.h"

void *
array_reserve(void *array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return array;
	size_t larger = *room == 0 ? 16 : *room * 2;
	array = reallocarray(array, larger, size);
	if (array == NULL)
		fail_memory();
	*room = larger;
	return array;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Structures of the interface in the program's size and in the library's. */
#include "config.h"
#include "lib/pool/sized.h"

#include <errno.h>
#include <string.h>

/* No structure of the interface is smaller, or will ever be larger. */
#define SIZE_LEAST sizeof(void *)
#define SIZE_MOST  ((size_t)4096)

static int
size_is_wrong(size_t size)
{
	if (size >= SIZE_LEAST && size <= SIZE_MOST)
		return 0;
	errno = EINVAL;
	return 1;
}

int
sized_take(void *own, size_t own_size, const void *given, size_t given_size)
{
	memset(own, 0, own_size);
	if (given == NULL)
		return 0;
	if (size_is_wrong(given_size))
		return -1;
	for (size_t i = own_size; i < given_size; i++) {
		if (((const unsigned char *)given)[i] != 0) {
			errno = E2BIG;
			return -1;
		}
	}
	memcpy(own, given, given_size < own_size ? given_size : own_size);
	return 0;
}

int
sized_give(void *given, size_t given_size, const void *own, size_t own_size)
{
	if (given == NULL) {
		errno = EINVAL;
		return -1;
	}
	if (size_is_wrong(given_size))
		return -1;
	if (given_size > own_size)
		memset((char *)given + own_size, 0, given_size - own_size);
	memcpy(given, own, given_size < own_size ? given_size : own_size);
	return 0;
}

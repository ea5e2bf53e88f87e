/* SPDX-License-Identifier: BSD-2-Clause */
/* Structures of the interface in the program's size and in the library's. */
#include "config.h"
#include "lib/pool/sized.h"

#include <errno.h>
#include <string.h>

#include "forkpool.h"

SIZED_ENDS_WITH(struct forkpool_options, core_dumps);
SIZED_ENDS_WITH(struct forkpool_limits, reserved);
SIZED_ENDS_WITH(struct forkpool_sandbox, job_paths);
SIZED_ENDS_WITH(struct forkpool_job, writable);
SIZED_ENDS_WITH(struct forkpool_stats, by_outcome);
SIZED_ENDS_WITH(struct forkpool_worker_info, jobs_done);

int
sized_take(void *own, size_t own_size, const void *given, size_t given_size)
{
	memset(own, 0, own_size);
	if (given == NULL)
		return 0;
	if (!sized_is_valid(given_size)) {
		errno = EINVAL;
		return -1;
	}
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
	if (given == NULL || !sized_is_valid(given_size)) {
		errno = EINVAL;
		return -1;
	}
	if (given_size > own_size)
		memset((char *)given + own_size, 0, given_size - own_size);
	memcpy(given, own, given_size < own_size ? given_size : own_size);
	return 0;
}

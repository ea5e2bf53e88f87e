/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heirloom - memory that one forked child inherits, or none, and no other.
 *
 * A process may have several pools, and each pool's processes must find nothing of the others.  So
 * a pool's memory is hidden from forks, where the system can do that, and shown only for the moment
 * in which the pool forks its own supervisor.  One lock of the whole process sees to it that no
 * other pool makes memory or forks at that moment.
 */
#ifndef FORKPOOL_HEIRLOOM_H
#define FORKPOOL_HEIRLOOM_H

#include <stddef.h>
#include <sys/types.h>

/* os_map_shared(), os_map_private(), and a shared mapping of a file, hidden from forks.  NULL and
   errno. */
void *heirloom_shared(size_t size);
void *heirloom_private(size_t size);
void *heirloom_of_file(int fd, off_t from, size_t size, int protection);

struct heirloom {
	void  *at;
	size_t size;
};

/* fork(2), and the child has that memory, too.  -1 and errno: there is no child. */
pid_t heirloom_fork(const struct heirloom *, size_t n);

#endif

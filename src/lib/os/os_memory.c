/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory: mappings of which little may be used, and what a forked child gets of them. */
#include "config.h"
#include "lib/os/os.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/os/syscall_gate.h"

#ifdef __linux__
#include <sys/syscall.h>
#endif

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

static void *
map_anonymous(size_t size, int kind)
{
	/* MAP_NORESERVE: these are tables for all jobs or workers that there may be, so the system
	   should not set memory aside, nor refuse, for pages that nobody may ever touch. */
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS | MAP_NORESERVE,
	    -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

void *
os_map_shared(size_t size)
{
	return map_anonymous(size, MAP_SHARED);
}

void *
os_map_private(size_t size)
{
	return map_anonymous(size, MAP_PRIVATE);
}

int
os_page_wiped_by_fork(void *page, size_t size)
{
#if defined(__linux__) && defined(MADV_WIPEONFORK)
	return madvise(page, size, MADV_WIPEONFORK);
#else
	(void)page;
	(void)size;
	errno = ENOSYS;
	return -1;
#endif
}

int
os_page_hidden_from_fork(void *page, size_t size)
{
#if defined(__linux__) && defined(MADV_DONTFORK)
	return madvise(page, size, MADV_DONTFORK);
#elif defined(INHERIT_NONE)
	return minherit(page, size, INHERIT_NONE);
#else
	(void)page;
	(void)size;
	errno = ENOSYS;
	return -1;
#endif
}

void *
os_memory_hidden(size_t size)
{
	void *at = os_map_shared(size);

	if (at == NULL)
		return NULL;
	if (os_page_hidden_from_fork(at, size) == -1) {
		int error = errno;
		(void)munmap(at, size);
		errno = error;
		return NULL;
	}
	return at;
}

void
os_pages_drop(void *pages, size_t size)
{
#if defined(__linux__) && defined(MADV_REMOVE)
	if (gate_call(SYS_madvise, (long)(intptr_t)pages, (long)size, MADV_REMOVE, 0, 0) == 0)
		return;
#endif
	memset(pages, 0, size);
}

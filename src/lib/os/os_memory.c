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

/* What a forked child has of a page: nothing, or the page itself. */
enum child_has { CHILD_HAS_NONE, CHILD_SHARES };

static int
child_has(void *page, size_t size, enum child_has what)
{
#if defined(__linux__) && defined(MADV_DONTFORK)
	return madvise(page, size, what == CHILD_HAS_NONE ? MADV_DONTFORK : MADV_DOFORK);
#elif defined(INHERIT_NONE)
	return minherit(page, size, what == CHILD_HAS_NONE ? INHERIT_NONE : INHERIT_SHARE);
#else
	(void)page;
	(void)size;
	(void)what;
	errno = ENOSYS;
	return -1;
#endif
}

int
os_page_hidden_from_fork(void *page, size_t size)
{
	return child_has(page, size, CHILD_HAS_NONE);
}

int
os_page_shown_to_fork(void *page, size_t size)
{
	return child_has(page, size, CHILD_SHARES);
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

int
os_unmap(void *at, size_t size)
{
#ifdef __linux__
	return (int)gate_call(SYS_munmap, (long)(intptr_t)at, (long)size, 0, 0, 0);
#else
	return munmap(at, size);
#endif
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

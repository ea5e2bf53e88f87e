/* SPDX-License-Identifier: BSD-2-Clause */
/* Find all memory that this process can read or write, without opening a file. */
#include "config.h"
#include "tests/support/walk.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOWEST  ((uintptr_t)0x10000)        /* vm.mmap_min_addr */
/* Without the last page; all of 32 bits, where some are the kernel's, which says so. */
#if UINTPTR_MAX <= UINT32_MAX
#define HIGHEST ((uintptr_t)0xfffff000)
#elif defined(__aarch64__)
#define HIGHEST ((uintptr_t)0xfffffffff000)
#else
#define HIGHEST ((uintptr_t)0x7ffffffff000)
#endif

struct walk {
	struct walk_range *ranges;
	size_t n, max;
};

static void
found(struct walk *w, uintptr_t at, uintptr_t end)
{
	if (w->n > 0 && w->n <= w->max && w->ranges[w->n - 1].end == at) {
		w->ranges[w->n - 1].end = end;
		return;
	}
	if (w->n < w->max)
		w->ranges[w->n] = (struct walk_range){ .at = at, .end = end };
	w->n++;
}

static void
look(struct walk *w, uintptr_t at, uintptr_t end)
{
	void *here = mmap((void *)at, end - at, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	if (here != MAP_FAILED) {
		(void)munmap(here, end - at); /* nothing was there */
		return;
	}
	if (end - at == WALK_PAGE) {
		if (errno == EEXIST)
			found(w, at, end);
		return;
	}
	if (errno == EEXIST && end - at <= UINTPTR_MAX >> 24 &&
	    madvise((void *)at, end - at, MADV_NORMAL) == 0) {
		found(w, at, end); /* all of it is mapped */
		return;
	}
	uintptr_t middle = at + ((end - at) / 2 & ~(uintptr_t)(WALK_PAGE - 1));
	look(w, at, middle);
	look(w, middle, end);
}

size_t
walk_mapped(struct walk_range *ranges, size_t max)
{
	struct walk w = { .ranges = ranges, .max = max };

	look(&w, LOWEST, HIGHEST);
	return w.n < max ? w.n : max;
}

int
walk_readable(uintptr_t at)
{
	/* There is no operation 99: the kernel copies the mask, and then answers EINVAL. */
	return syscall(SYS_rt_sigprocmask, 99, at, NULL, 8L) == -1 && errno == EINVAL;
}

int
walk_writable(uintptr_t at)
{
	uint64_t before;

	if (!walk_readable(at))
		return 0;
	memcpy(&before, (const void *)at, sizeof before);
	if (syscall(SYS_rt_sigprocmask, 0, NULL, at, 8L) == -1)
		return 0;
	memcpy((void *)at, &before, sizeof before);
	return 1;
}

static int
is_here(const unsigned char *at, const unsigned char *veiled, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((at[i] ^ WALK_VEIL) != veiled[i])
			return 0;
	return 1;
}

/* Note where the needle begins in a page of which the next room bytes can be searched. */
static void
page_search(struct walk_needle *needle, const unsigned char *at, size_t room)
{
	const unsigned char *end = at + room;
	unsigned char first = (unsigned char)(needle->veiled[0] ^ WALK_VEIL);

	while (at < end && (at = memchr(at, first, (size_t)(end - at))) != NULL) {
		if (is_here(at, needle->veiled, needle->len) && needle->hits++ < WALK_PLACES)
			needle->place[needle->hits - 1] = (uintptr_t)at;
		at++;
	}
}

void
walk_search(struct walk_needle *needles, size_t count)
{
	static struct walk_range ranges[4096];
	size_t n = walk_mapped(ranges, sizeof ranges / sizeof ranges[0]);

	for (size_t i = 0; i < n; i++) {
		int readable = walk_readable(ranges[i].at), next;
		for (uintptr_t page = ranges[i].at; page < ranges[i].end;
		    page += WALK_PAGE, readable = next) {
			next = page + WALK_PAGE < ranges[i].end && walk_readable(page + WALK_PAGE);
			/* A needle may begin in this page and go on in the next. */
			for (size_t k = 0; k < count && readable; k++)
				page_search(&needles[k], (const unsigned char *)page,
				    next ? WALK_PAGE : WALK_PAGE - needles[k].len + 1);
		}
	}
}

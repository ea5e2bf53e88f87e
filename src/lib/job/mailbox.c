#include "config.h"
#include "lib/job/mailbox.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/os/os.h"

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

/* Each on pages of its own, since a job's process has those of its own window and no others. */
static size_t
window_stride(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (sizeof(struct window) + page - 1) / page * page;
}

struct window *
windows_create(void)
{
	void *at = mmap(NULL, SHARED_WORKERS_MAX * window_stride(), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

void
windows_destroy(struct window *windows)
{
	if (windows != NULL)
		(void)munmap(windows, SHARED_WORKERS_MAX * window_stride());
}

struct window *
windows_at(struct window *windows, unsigned worker)
{
	return (struct window *)(void *)((char *)windows + worker * window_stride());
}

void
windows_keep(struct window *windows, unsigned worker)
{
	char *from = (char *)windows, *own = from + worker * window_stride();
	char *end = from + SHARED_WORKERS_MAX * window_stride();

	if (own > from)
		(void)munmap(from, (size_t)(own - from));
	if (own + window_stride() < end)
		(void)munmap(own + window_stride(), (size_t)(end - own) - window_stride());
}

void
window_clear(struct window *w, unsigned char *area, size_t size)
{
	memset(w, 0, window_stride());
	os_pages_drop(area, size);
	/* The last of the reply that was copied out of it may still be there. */
	os_registers_clear();
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The fork canary: making the page, and the value that marks it. */
#include "config.h"
#include "lib/os/fork_canary.h"

#include <sys/mman.h>
#include <unistd.h>

#include "lib/os/os.h"

int
canary_create(struct canary *c)
{
	long page = sysconf(_SC_PAGESIZE);
	void *at = os_map_private((size_t)page);

	c->page = at;
	if (at == NULL)
		return -1;
	c->wiped = os_page_wiped_by_fork(at, (size_t)page) == 0;
	return 0;
}

void
canary_destroy(struct canary *c)
{
	if (c->page != NULL)
		(void)munmap((void *)(uintptr_t)c->page, (size_t)sysconf(_SC_PAGESIZE));
	c->page = NULL;
}

uint64_t
canary_value(const struct canary *c, uint32_t name)
{
	return (uint64_t)name << 32 | (c->wiped ? 0 : (uint64_t)(uint32_t)getpid());
}

void
canary_mark(const struct canary *c, uint32_t name)
{
	*c->page = canary_value(c, name);
}

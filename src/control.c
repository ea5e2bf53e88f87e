#include "config.h"
#include "control.h"

#include <sys/mman.h>

#include "clock.h"
#include "fd.h"
#include "os.h"

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

struct control *
control_create(void)
{
	struct control *c = mmap(NULL, sizeof *c, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (c == MAP_FAILED)
		return NULL;
	atomic_store(&c->pool_deadline, CLOCK_NEVER);
	return c;
}

void
control_destroy(struct control *c)
{
	if (c != NULL)
		(void)munmap(c, sizeof *c);
}

void
control_hide_from_workers(struct control *c)
{
	/* Where the system cannot hide it, a worker unmaps it as its first step. */
	(void)os_page_hidden_from_fork(c, sizeof *c);
}

void
control_restart(struct control *c)
{
	atomic_store(&c->started, 0);
	atomic_store(&c->failure, CONTROL_WORKS);
	atomic_store(&c->supervisor_rung, 0);
	atomic_store(&c->parent_rung, 0);
	for (unsigned i = 0; i < SHARED_WORKERS_MAX && atomic_load(&c->slot[i].generation) != 0; i++) {
		atomic_store(&c->slot[i].pid, 0);
		atomic_store(&c->slot[i].cancel_ticket, 0);
		atomic_store(&c->slot[i].kill_generation, 0);
		atomic_store(&c->slot[i].obituary[0].full, 0);
		atomic_store(&c->slot[i].obituary[1].full, 0);
	}
}

int
control_ring_supervisor(struct control *c, int socket)
{
	return atomic_exchange(&c->supervisor_rung, 1) != 0 ? 0 : fd_ring(socket);
}

int
control_ring_parent(struct control *c, int socket)
{
	return atomic_exchange(&c->parent_rung, 1) != 0 ? 0 : fd_ring(socket);
}

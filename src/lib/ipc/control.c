/* SPDX-License-Identifier: BSD-2-Clause */
/* The control memory, and ringing the other side. */
#include "config.h"
#include "lib/ipc/control.h"

#include <errno.h>
#include <sys/mman.h>
#include <time.h>

#include "lib/os/clock.h"
#include "lib/os/fd.h"
#include "lib/os/heirloom.h"
#include "lib/os/os.h"

/* How often, a millisecond apart, to try to send a byte that the system has no memory for. */
#define RING_TRIES 100

struct control *
control_create(void)
{
	struct control *c = heirloom_shared(sizeof *c);

	if (c == NULL)
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
	/* Where the system cannot hide the memory, each worker unmaps it as its first step. */
	(void)os_page_hidden_from_fork(c, sizeof *c);
}

void
control_restart(struct control *c)
{
	atomic_store(&c->started, 0);
	atomic_store(&c->failure, CONTROL_WORKS);
	atomic_store(&c->supervisor_rung, 0);
	atomic_store(&c->parent_rung, 0);
	atomic_store(&c->suspended, 0);
	atomic_store(&c->workers_started, 0);
	atomic_store(&c->workers_died, 0);
	for (unsigned i = 0; i < SHARED_WORKERS_MAX && atomic_load(&c->slot[i].generation) != 0;
	     i++) {
		atomic_store(&c->slot[i].pid, 0);
		atomic_store(&c->slot[i].cancel_ticket, 0);
		atomic_store(&c->slot[i].kill_ticket, 0);
		atomic_store(&c->slot[i].kill_generation, 0);
		atomic_store(&c->slot[i].obituary[0].full, 0);
		atomic_store(&c->slot[i].obituary[1].full, 0);
	}
}

static int
ring(_Atomic uint32_t *rung, int socket)
{
	const struct timespec pause = { .tv_nsec = CLOCK_MS };

	if (atomic_exchange(rung, 1) != 0)
		return 0;
	for (int tries = 1; fd_ring(socket) == -1; tries++) {
		/* Try again for want of memory: the byte must not be lost, since the other side may
		   sleep until it comes. */
		if ((errno != ENOBUFS && errno != ENOMEM) || tries == RING_TRIES) {
			atomic_store(rung, 0); /* whoever rings next tries again */
			return -1;
		}
		(void)nanosleep(&pause, NULL);
	}
	return 0;
}

int
control_ring_supervisor(struct control *c, int socket)
{
	return ring(&c->supervisor_rung, socket);
}

int
control_ring_parent(struct control *c, int socket)
{
	return ring(&c->parent_rung, socket);
}

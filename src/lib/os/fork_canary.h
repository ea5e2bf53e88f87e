/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fork_canary - a page that tells a process from a child that it forked.
 *
 * A process marks the page with a name.  Where the system can wipe a page on fork, a forked child
 * finds it empty; elsewhere the mark holds the process's id too, which a child does not have.
 */
#ifndef FORKPOOL_FORK_CANARY_H
#define FORKPOOL_FORK_CANARY_H

#include <stdbool.h>
#include <stdint.h>

/* The names that processes go by: the caller of a pool, and a worker. */
#define CANARY_CALLER 0x63616c6cu
#define CANARY_WORKER 0x776f726bu

struct canary {
	volatile uint64_t *page;
	int wiped; /* by fork */
};

int  canary_create(struct canary *);   /* -1 and errno */
void canary_destroy(struct canary *);
/* From now on this process is the one that the canary knows by that name (not 0). */
void canary_mark(const struct canary *, uint32_t name);
uint64_t canary_value(const struct canary *, uint32_t name);

/* Whether this is still the process that was marked so. */
static inline bool
canary_holds(const struct canary *c, uint32_t name)
{
	return *c->page == (c->wiped ? (uint64_t)name << 32 : canary_value(c, name));
}

#endif

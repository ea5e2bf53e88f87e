/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * results_pipe - the caller's end of the pipe through which the processes of one slot send results.
 *
 * The members are written by this file alone.
 */
#ifndef FORKPOOL_RESULTS_PIPE_H
#define FORKPOOL_RESULTS_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/ipc/shared.h"
#include "lib/ipc/wire.h"

struct results_pipe {
	int  fd;           /* read end, non-blocking; -1: not open yet, or all writers are gone */
	bool hot;          /* it may hold a packet */
	uint32_t packets;  /* read so far */
};

/* Take over a read end.  packets: those that were written to the slot's earlier pipes. */
void results_pipe_init(struct results_pipe *, int fd, uint32_t packets);

void results_pipe_close(struct results_pipe *);

/* Read one packet: its length, or 0: there is none now.  At the end of the pipe it is closed. */
size_t results_pipe_read(struct results_pipe *, struct wire_packet *);

static inline void
results_pipe_set_hot(struct results_pipe *pipe, bool hot)
{
	pipe->hot = hot;
}

/* How many packets the slot's processes say that they have written. */
static inline uint32_t
results_pipe_written(struct shared *shared, unsigned worker)
{
	const struct shared_slot *slot = shared_slot(shared, worker);

	return atomic_load_explicit(&slot->outbox[0].flushes, memory_order_relaxed) +
	    atomic_load_explicit(&slot->outbox[1].flushes, memory_order_relaxed);
}

#endif

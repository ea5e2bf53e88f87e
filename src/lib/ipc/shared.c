/* SPDX-License-Identifier: BSD-2-Clause */
/* The shared memory: made, a slot of it cleared, and an outbox copied. */
#include "config.h"
#include "lib/ipc/shared.h"

#include <string.h>
#include <sys/mman.h>

#include "lib/os/clock.h"
#include "lib/os/heirloom.h"
#include "lib/os/os.h"

_Static_assert(sizeof(struct shared) <= SHARED_HEAD, "the slots would overlap it");

struct shared *
shared_create(uint32_t entries)
{
	struct shared *s = heirloom_shared(shared_size(entries));

	if (s == NULL)
		return NULL;
	atomic_init(&s->pool_deadline, CLOCK_NEVER);
	atomic_init(&s->readers, SHARED_READERS_ALL);
	return s;
}

void
shared_destroy(struct shared *s, uint32_t entries)
{
	if (s != NULL)
		(void)munmap(s, shared_size(entries));
}

int
shared_hide_from_fork(struct shared *s, uint32_t entries)
{
	return os_page_hidden_from_fork(s, shared_size(entries));
}

void
shared_slot_clear(struct shared_slot *slot, unsigned parity)
{
	struct outbox *box = &slot->outbox[parity];
	struct crash_note *note = &slot->crash[parity];

	atomic_store(&slot->run_ticket, 0);
	atomic_store(&slot->run_deadline, CLOCK_NEVER);
	atomic_store(&slot->oom_kills, UINT64_MAX);
	atomic_store(&slot->reading, 0);
	atomic_store(&slot->ready, READY_NOT);
	atomic_store(&slot->end_ticket, 0);
	atomic_store(&slot->kill_ticket, 0);
	atomic_store(&slot->leave, 0);
	atomic_store(&slot->paused_ns, 0);
	atomic_store(&slot->progress[0], 0);
	atomic_store(&slot->progress[1], 0);
	atomic_store(&slot->values_taken[parity], 0);
	atomic_store(&box->fill, 0);
	atomic_store(&note->owner, 0);
	atomic_store(&note->frames, 0);
	atomic_store(&note->stack_full, 0);
	atomic_store(&note->spoke, 0);
	atomic_store(&note->met, 0);
	atomic_store(&note->raised, 0);
	atomic_store(&note->left, 0);
	atomic_store(&note->error, 0);
}

size_t
outbox_copy(const struct outbox *box, struct wire_packet *to, unsigned worker, uint32_t generation)
{
	uint32_t flushes = atomic_load_explicit(&box->flushes, memory_order_acquire);
	uint64_t fill = atomic_load_explicit(&box->fill, memory_order_acquire);
	uint32_t used = (uint32_t)fill, frames = (uint32_t)(fill >> 32);
	struct wire_writer w;

	if (used > sizeof to->bytes || frames == 0 || frames > UINT16_MAX)
		return 0;
	wire_begin(&w, to, WIRE_RESULTS, worker, generation);
	if (used <= w.used)
		return 0;
	memcpy(to->bytes + w.used, box->packet.bytes + w.used, used - w.used);
	/* If both words still agree, the owner did not flush and begin anew during the copy. */
	atomic_thread_fence(memory_order_acquire);
	if (atomic_load_explicit(&box->flushes, memory_order_relaxed) != flushes ||
	    (uint32_t)atomic_load_explicit(&box->fill, memory_order_relaxed) < used)
		return 0;
	w.used = used;
	w.frames = frames;
	return wire_end(&w);
}

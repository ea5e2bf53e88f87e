#include "config.h"
#include "begun.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "message.h"

static _Atomic uint64_t *page;
/* Places: free ones on top of each other, so that few pages are touched; and those whose end is not written. */
static uint32_t *unused, unused_count;
static uint32_t *ended, ended_count;

void
begun_open(void *words)
{
	page = words;
	free(unused);
	free(ended);
	unused = ended = NULL;
	unused_count = ended_count = 0;
	if (page == NULL)
		return;
	unused = calloc(BEGUN_TICKETS, sizeof *unused);
	ended = calloc(BEGUN_TICKETS, sizeof *ended);
	if (unused == NULL || ended == NULL)
		fail_memory();
	for (uint32_t place = BEGUN_TICKETS; place > 0; place--)
		unused[unused_count++] = place;
}

unsigned
begun_hash(uint64_t h)
{
	return (unsigned)((h ^ h >> 16 ^ h >> 32 ^ h >> 48) & 0xffff);
}

struct begun_note
begun_read(uint64_t word)
{
	return (struct begun_note){ word >> 24, (unsigned)(word >> 16 & 0xff), (unsigned)(word & 0xffff) };
}

int
begun_take(struct task *task, struct begun_ticket *ticket)
{
	uint64_t attempt = task->attempts > 255 ? 255 : task->attempts == 0 ? 1 : task->attempts;

	*ticket = (struct begun_ticket){ 0 };
	if (page == NULL)
		return 1;
	if (task->ticket == 0) {
		if (unused_count == 0)
			return 0;
		task->ticket = unused[--unused_count];
		atomic_store_explicit(&page[task->ticket - 1], 0, memory_order_relaxed);
	}
	*ticket = (struct begun_ticket){ task->seq << 24 | attempt << 16 | begun_hash(task->hash), task->ticket };
	return 1;
}

void
begun_note(const struct begun_ticket *ticket)
{
	if (page != NULL && ticket->place > 0 && ticket->place <= BEGUN_TICKETS)
		atomic_store_explicit(&page[ticket->place - 1], ticket->word, memory_order_seq_cst);
}

void
begun_forget(void)
{
	if (page != NULL)
		(void)munmap((void *)page, BEGUN_TICKETS * sizeof *page);
	page = NULL;
}

void
begun_clear(struct task *task)
{
	if (page == NULL || task->ticket == 0)
		return;
	atomic_store_explicit(&page[task->ticket - 1], 0, memory_order_seq_cst);
	unused[unused_count++] = task->ticket;
	task->ticket = 0;
}

void
begun_ended(struct task *task)
{
	if (page == NULL || task->ticket == 0)
		return;
	ended[ended_count++] = task->ticket;
	task->ticket = 0;
}

void
begun_written(void)
{
	while (ended_count > 0)
		unused[unused_count++] = ended[--ended_count];
}

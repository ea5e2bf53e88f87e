/* SPDX-License-Identifier: BSD-2-Clause */
/* The page of jobs in flight: its words, and which of them are free. */
#include "config.h"
#include "tool/journal/inflight.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "tool/base/message.h"

/* A word is seq, attempt, hash and, in the lowest bits, a check of these three. */
enum { CHECK_BITS = 12, HASH_BITS = 10, ATTEMPT_BITS = 8 };
_Static_assert(INFLIGHT_SEQ_MAX >> (64 - CHECK_BITS - HASH_BITS - ATTEMPT_BITS) == 0,
    "a seq fits into a word");
_Static_assert(INFLIGHT_ATTEMPT_MAX >> ATTEMPT_BITS == 0, "an attempt fits into a word");
/* A prime above 255: the remainder shows any change of one byte. */
#define CHECK_PRIME 4093u

static _Atomic uint64_t *page;
/* Free places, used as a stack, so that few pages are touched. */
static uint32_t *unused, unused_count;
/* Places of jobs whose end the journal has not written yet. */
static uint32_t *ended, ended_count;

void
inflight_open(void *words)
{
	page = words;
	free(unused);
	free(ended);
	unused = ended = NULL;
	unused_count = ended_count = 0;
	if (page == NULL)
		return;
	unused = calloc(INFLIGHT_TICKETS, sizeof *unused);
	ended = calloc(INFLIGHT_TICKETS, sizeof *ended);
	if (unused == NULL || ended == NULL)
		fail_memory();
	for (uint32_t place = INFLIGHT_TICKETS; place > 0; place--)
		unused[unused_count++] = place;
}

unsigned
inflight_hash(uint64_t h)
{
	return (unsigned)((h ^ h >> 10 ^ h >> 20 ^ h >> 30 ^ h >> 40 ^ h >> 50) &
	    ((1u << HASH_BITS) - 1));
}

/* Never 0: else a change of one byte could turn an empty word into a valid one. */
static uint64_t
check_of(uint64_t said)
{
	return said % CHECK_PRIME + 1;
}

static uint64_t
word_of(const struct inflight_note *note)
{
	uint64_t said = (note->seq << ATTEMPT_BITS | note->attempt) << HASH_BITS | note->hash;

	return said << CHECK_BITS | check_of(said);
}

int
inflight_read(uint64_t word, struct inflight_note *note)
{
	uint64_t said = word >> CHECK_BITS;

	if (word == 0)
		return 0;
	*note = (struct inflight_note){ said >> (ATTEMPT_BITS + HASH_BITS),
		(unsigned)(said >> HASH_BITS) & INFLIGHT_ATTEMPT_MAX,
		(unsigned)said & ((1u << HASH_BITS) - 1) };
	int is_good = note->seq > 0 && note->attempt > 0 &&
	    word == (said << CHECK_BITS | check_of(said));
	return is_good ? 1 : -1;
}

int
inflight_take(struct task *task, struct inflight_ticket *ticket)
{
	struct inflight_note note = { .seq = task->seq,
		.attempt = task->attempts,
		.hash = inflight_hash(task->hash) };

	*ticket = (struct inflight_ticket){ 0 };
	if (page == NULL)
		return 1;
	if (note.attempt == 0)
		note.attempt = 1;
	if (note.attempt > INFLIGHT_ATTEMPT_MAX)
		note.attempt = INFLIGHT_ATTEMPT_MAX;
	if (task->seq > INFLIGHT_SEQ_MAX)
		fail("--journal: it has room for %" PRIu64 " jobs, and the input has more",
		    INFLIGHT_SEQ_MAX);
	if (task->ticket == 0) {
		if (unused_count == 0)
			return 0;
		task->ticket = unused[--unused_count];
		atomic_store_explicit(&page[task->ticket - 1], 0, memory_order_relaxed);
	}
	*ticket = (struct inflight_ticket){ word_of(&note), task->ticket };
	return 1;
}

void
inflight_note(const struct inflight_ticket *ticket)
{
	if (page != NULL && ticket->place > 0 && ticket->place <= INFLIGHT_TICKETS)
		atomic_store_explicit(&page[ticket->place - 1], ticket->word, memory_order_seq_cst);
}

void
inflight_forget(void)
{
	if (page != NULL)
		(void)munmap((void *)page, INFLIGHT_TICKETS * sizeof *page);
	page = NULL;
}

void
inflight_clear(struct task *task)
{
	if (page == NULL || task->ticket == 0)
		return;
	atomic_store_explicit(&page[task->ticket - 1], 0, memory_order_seq_cst);
	unused[unused_count++] = task->ticket;
	task->ticket = 0;
}

void
inflight_ended(struct task *task)
{
	if (page == NULL || task->ticket == 0)
		return;
	ended[ended_count++] = task->ticket;
	task->ticket = 0;
}

void
inflight_written(void)
{
	while (ended_count > 0)
		unused[unused_count++] = ended[--ended_count];
}

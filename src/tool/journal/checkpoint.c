/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "tool/journal/checkpoint.h"

#include <stdatomic.h>
#include <string.h>

#include "tool/base/checksum.h"

/* It is made for each piece of output: words are mixed, not bytes. */
static uint64_t
check_of(const struct checkpoint_copy *copy)
{
	uint64_t check = CHECKSUM_HASH_START ^ copy->turn;

	for (int i = 0; i < CHECKPOINT_NUMBERS; i++) {
		check = (check ^ copy->number[i]) * UINT64_C(0x9e3779b97f4a7c15);
		check ^= check >> 29;
	}
	return check;
}

static int
is_whole(const struct checkpoint_copy *copy)
{
	return copy->turn != 0 && copy->check == check_of(copy);
}

static const struct checkpoint_copy *
latest(const struct checkpoint *mark)
{
	const struct checkpoint_copy *a = &mark->copy[0], *b = &mark->copy[1];

	if (!is_whole(a) || !is_whole(b))
		return is_whole(a) ? a : is_whole(b) ? b : NULL;
	return a->turn > b->turn ? a : b;
}

void
checkpoint_make(struct checkpoint *mark)
{
	const uint64_t zero[CHECKPOINT_NUMBERS] = { 0 };

	checkpoint_store(mark, zero);
	checkpoint_store(mark, zero);
}

void
checkpoint_store(struct checkpoint *mark, const uint64_t number[CHECKPOINT_NUMBERS])
{
	const struct checkpoint_copy *old = latest(mark);
	uint64_t turn = old != NULL ? old->turn + 1 : 1;
	struct checkpoint_copy *copy = old == &mark->copy[0] ? &mark->copy[1] : &mark->copy[0],
			       new = { .turn = turn };

	memcpy(new.number, number, sizeof new.number);
	new.check = check_of(&new);
	/* The order of these stores is what the reader, after a kill, counts on. */
	copy->turn = 0;
	atomic_signal_fence(memory_order_seq_cst);
	memcpy(copy->number, new.number, sizeof copy->number);
	copy->check = new.check;
	atomic_signal_fence(memory_order_seq_cst);
	copy->turn = turn;
}

int
checkpoint_load(const struct checkpoint *mark, uint64_t number[CHECKPOINT_NUMBERS])
{
	const struct checkpoint_copy *copy = latest(mark);

	if (copy == NULL)
		return -1;
	memcpy(number, copy->number, sizeof copy->number);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The two copies of a checkpoint: how one is checked, and the order of the stores. */
#include "config.h"
#include "tool/journal/checkpoint.h"

#include <stdatomic.h>
#include <string.h>

#include "tool/base/checksum.h"

/* Mixes words, not bytes: a checkpoint is stored for each piece of output. */
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
latest(const struct checkpoint *c)
{
	const struct checkpoint_copy *a = &c->copy[0], *b = &c->copy[1];

	if (!is_whole(a))
		return is_whole(b) ? b : NULL;
	return !is_whole(b) || a->turn > b->turn ? a : b;
}

void
checkpoint_make(struct checkpoint *c)
{
	const uint64_t zero[CHECKPOINT_NUMBERS] = { 0 };

	checkpoint_store(c, zero);
	checkpoint_store(c, zero);
}

void
checkpoint_store(struct checkpoint *c, const uint64_t number[CHECKPOINT_NUMBERS])
{
	const struct checkpoint_copy *old = latest(c);
	uint64_t turn = old != NULL ? old->turn + 1 : 1;
	struct checkpoint_copy *copy = old == &c->copy[0] ? &c->copy[1] : &c->copy[0];
	struct checkpoint_copy new = { .turn = turn };

	memcpy(new.number, number, sizeof new.number);
	new.check = check_of(&new);
	/* After a kill the reader relies on the order of these stores. */
	copy->turn = 0;
	atomic_signal_fence(memory_order_seq_cst);
	memcpy(copy->number, new.number, sizeof copy->number);
	copy->check = new.check;
	atomic_signal_fence(memory_order_seq_cst);
	copy->turn = turn;
}

int
checkpoint_load(const struct checkpoint *c, uint64_t number[CHECKPOINT_NUMBERS])
{
	const struct checkpoint_copy *copy = latest(c);

	if (copy == NULL)
		return -1;
	memcpy(number, copy->number, sizeof copy->number);
	return 0;
}

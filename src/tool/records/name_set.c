/* SPDX-License-Identifier: BSD-2-Clause */
/* A hash table with open addressing, at most half full. */
#include "config.h"
#include "tool/records/name_set.h"

#include <stdlib.h>

#include "tool/base/checksum.h"
#include "tool/base/message.h"

static size_t
place_of(const struct name_set *s, uint64_t hash)
{
	size_t at = (size_t)(hash & (s->room - 1));

	while (s->slots[at] != 0 && s->slots[at] != hash)
		at = (at + 1) & (s->room - 1);
	return at;
}

static void
grow(struct name_set *s)
{
	struct name_set larger = { .room = s->room == 0 ? 256 : 2 * s->room };

	larger.slots = calloc(larger.room, sizeof *larger.slots);
	if (larger.slots == NULL)
		fail_memory();
	for (size_t i = 0; i < s->room; i++)
		if (s->slots[i] != 0)
			larger.slots[place_of(&larger, s->slots[i])] = s->slots[i];
	free(s->slots);
	s->slots = larger.slots;
	s->room = larger.room;
}

int
name_set_add(struct name_set *s, const char *name, size_t len)
{
	if (s->count == NAME_SET_MAX)
		return 0;
	if (s->room == 0)
		arc4random_buf(&s->start, sizeof s->start);
	if (2 * (s->count + 1) > s->room)
		grow(s);
	/* 0 stands for a free slot. */
	uint64_t hash = checksum_hash(CHECKSUM_HASH_START ^ s->start, name, len);
	hash += hash == 0;
	size_t at = place_of(s, hash);
	if (s->slots[at] == hash)
		return 0;
	s->slots[at] = hash;
	s->count++;
	return 1;
}

void
name_set_free(struct name_set *s)
{
	free(s->slots);
	*s = (struct name_set){ 0 };
}

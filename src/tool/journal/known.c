/* SPDX-License-Identifier: BSD-2-Clause */
/* An array of jobs by their numbers, which grows as they become known. */
#include "config.h"
#include "tool/journal/known.h"

#include <stdlib.h>
#include <string.h>

#include "tool/base/message.h"

static struct known *
known_of(struct known_jobs *all, uint64_t seq)
{
	if (seq > all->room) {
		uint64_t room = all->room == 0 ? 1024 : all->room;
		while (room < seq)
			room *= 2;
		struct known *larger = NULL;
		if (room <= SIZE_MAX / sizeof *larger)
			larger = reallocarray(all->job, (size_t)room, sizeof *larger);
		if (larger == NULL)
			fail_memory();
		memset(larger + all->room, 0, (size_t)(room - all->room) * sizeof *larger);
		all->job = larger;
		all->room = room;
	}
	if (seq > all->count)
		all->count = seq;
	return &all->job[seq - 1];
}

void
known_done(struct known_jobs *all, uint64_t seq, const struct journal_brief *brief)
{
	struct known *k = known_of(all, seq);

	*k = (struct known){ .hash = brief->hash,
		.exit_code = (int16_t)brief->exit_code,
		.signal = (uint8_t)brief->signal,
		.verdict = (uint8_t)brief->verdict,
		.was_done = 1,
		.done = 1,
		.lost = k->lost };
}

void
known_inflight(struct known_jobs *all, const struct inflight_note *note)
{
	struct known *k = known_of(all, note->seq);

	if (k->done)
		return;
	if (!k->was_done)
		k->hash = note->hash;
	k->was_begun = 1;
	k->lost = note->attempt > k->lost ? (uint8_t)note->attempt : k->lost;
}

int
known_failed(const struct known *k)
{
	return k->done && k->verdict != VERDICT_OK;
}

void
known_again(struct known *k)
{
	k->done = 0;
	k->lost = 0;
}

int
known_is(const struct known *k, uint64_t task_hash)
{
	/* Nobody knows which task it was. */
	if (!k->was_done && !k->was_begun)
		return 1;
	return k->hash == (k->was_done ? task_hash : inflight_hash(task_hash));
}

void
known_free(struct known_jobs *all)
{
	free(all->job);
	*all = (struct known_jobs){ 0 };
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of the jobs that were run again, and the places of their results. */
#include "config.h"
#include "tool/journal/rounds.h"

#include <stdlib.h>

#include "tool/base/array.h"

uint64_t
rounds_jobs(const struct rounds *r)
{
	const struct round *last = r->count > 0 ? &r->round[r->count - 1] : NULL;

	return last != NULL ? last->before + last->count : 0;
}

void
rounds_begin(struct rounds *r, uint64_t entry, uint64_t known)
{
	const uint64_t before = rounds_jobs(r);

	r->round = array_reserve(r->round, r->count, &r->room, sizeof *r->round);
	r->round[r->count++] =
	    (struct round){ .entry = entry, .known = known, .before = before };
}

void
rounds_add(struct rounds *r, uint64_t seq)
{
	struct round *last = &r->round[r->count - 1];

	last->seqs = array_reserve(last->seqs, last->count, &last->room, sizeof *last->seqs);
	last->seqs[last->count++] = seq;
}

/* The job's number in the round, from 0 on; SIZE_MAX: it is none of its jobs. */
static size_t
rank_in(const struct round *round, uint64_t seq)
{
	size_t low = 0, high = round->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (round->seqs[middle] < seq)
			low = middle + 1;
		else
			high = middle;
	}
	return low < round->count && round->seqs[low] == seq ? low : SIZE_MAX;
}

uint64_t
rounds_place(const struct rounds *r, uint64_t seq, uint64_t entry)
{
	uint64_t before = 0;

	/* The last round that it is of and that had begun. */
	for (size_t i = r->count; i-- > 0;) {
		const struct round *round = &r->round[i];
		size_t rank = round->entry <= entry ? rank_in(round, seq) : SIZE_MAX;
		if (rank != SIZE_MAX)
			return round->known + round->before + rank;
	}
	for (size_t i = 0; i < r->count && r->round[i].known < seq; i++)
		before += r->round[i].count;
	return seq - 1 + before;
}

void
rounds_free(struct rounds *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->round[i].seqs);
	free(r->round);
	*r = (struct rounds){ 0 };
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rounds - jobs that were run again because they had failed, and the place that each result has in
 * the order of the input.
 *
 * A round is a set of jobs that had ended before, and have another result each.  In the order of
 * the input these results stand behind those of all jobs that the journal knew when the round
 * began, and before those of jobs that came later.  So each result's place is known before any of
 * them is there, and never changes.
 */
#ifndef FORKPOOL_TOOL_ROUNDS_H
#define FORKPOOL_TOOL_ROUNDS_H

#include <stddef.h>
#include <stdint.h>

/* All zero: no round. */
struct rounds {
	struct round {
		uint64_t  entry;   /* the journal had so many entries when it began */
		uint64_t  known;   /* and knew so many jobs */
		uint64_t  before;  /* jobs of the rounds before it */
		uint64_t *seqs;    /* its jobs, ascending */
		size_t    count, room;
	} *round;
	size_t count, room;
};

/* Begins a round, which has no jobs yet. */
void rounds_begin(struct rounds *, uint64_t entry, uint64_t known);
/* Adds a job to the last round; each is greater than the one before. */
void rounds_add(struct rounds *, uint64_t seq);
/* How many jobs all rounds have. */
uint64_t rounds_jobs(const struct rounds *);
/* The place, 0, 1, ..., of the result of that job which is the journal's entry of that number. */
uint64_t rounds_place(const struct rounds *, uint64_t seq, uint64_t entry);
void rounds_free(struct rounds *);

#endif

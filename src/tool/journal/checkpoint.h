/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mark - a few numbers in a mapped file that change all at once, whenever their writer is killed.
 *
 * Two copies, written in turn: the older one is overwritten, its check last, so that at each moment one is whole; of
 * two whole ones the later counts.  One writer.  Costs some stores and no system call.  Includes checksum.
 */
#ifndef FORKPOOL_TOOL_MARK_H
#define FORKPOOL_TOOL_MARK_H

#include <stdint.h>

enum { CHECKPOINT_NUMBERS = 6 };

struct checkpoint {
	struct checkpoint_copy {
		uint64_t turn;
		uint64_t number[CHECKPOINT_NUMBERS];
		uint64_t check;
	} copy[2];
};

/* In memory that is all zero: both copies say 0. */
void checkpoint_make(struct checkpoint *);
void checkpoint_store(struct checkpoint *, const uint64_t number[CHECKPOINT_NUMBERS]);
/* 0, or -1: none of its copies is whole. */
int  checkpoint_load(const struct checkpoint *, uint64_t number[CHECKPOINT_NUMBERS]);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checkpoint - a few numbers in a mapped file that change all at once, whenever their writer is
 * killed.
 *
 * There are two copies, written in turn: the writer overwrites the older one and stores its check
 * last, so that at each moment one copy is whole.  Of two whole copies the later one counts.  Only
 * one process may write.  A checkpoint costs some stores and no system call.
 */
#ifndef FORKPOOL_TOOL_CHECKPOINT_H
#define FORKPOOL_TOOL_CHECKPOINT_H

#include <stdint.h>

enum { CHECKPOINT_NUMBERS = 6 };

struct checkpoint {
	struct checkpoint_copy {
		uint64_t turn;
		uint64_t number[CHECKPOINT_NUMBERS];
		uint64_t check;
	} copy[2];
};

/* Memory that is all zero becomes a checkpoint whose copies both say 0. */
void checkpoint_make(struct checkpoint *);
void checkpoint_store(struct checkpoint *, const uint64_t number[CHECKPOINT_NUMBERS]);
/* 0, or -1: neither copy is whole. */
int  checkpoint_load(const struct checkpoint *, uint64_t number[CHECKPOINT_NUMBERS]);

#endif

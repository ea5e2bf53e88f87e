/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * known - what the journal knows of each job that an earlier run has begun.
 */
#ifndef FORKPOOL_TOOL_KNOWN_H
#define FORKPOOL_TOOL_KNOWN_H

#include <stdint.h>

#include "tool/journal/inflight.h"
#include "tool/journal/journal_entry.h"

struct known {
	uint64_t hash;        /* the task's; of one that never was done: inflight_hash() of it */
	int16_t  exit_code;
	uint8_t  signal, verdict;
	uint8_t  was_begun, was_done;
	uint8_t  done;        /* and is not to be run again */
	/* How often it was in flight when a run was killed; INFLIGHT_ATTEMPT_MAX: or more often. */
	uint8_t  lost;
};

/* All zero: none. */
struct known_jobs {
	struct known *job;    /* by seq, from 1 */
	uint64_t count, room;
};

void known_done(struct known_jobs *, uint64_t seq, const struct journal_brief *);
void known_inflight(struct known_jobs *, const struct inflight_note *);
/* Whether it has ended, and has failed. */
int  known_failed(const struct known *);
/* It is to be run again, as if it had never been begun. */
void known_again(struct known *);
/* Whether that can be the same task. */
int  known_is(const struct known *, uint64_t task_hash);
void known_free(struct known_jobs *);

#endif

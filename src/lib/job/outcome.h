/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outcome - what became of a job, and a wait status in words.
 *
 * One table makes the names and the texts; the enum itself stands in the public header, and a
 * test compares the two.  Includes the public header.
 */
#ifndef FORKPOOL_OUTCOME_H
#define FORKPOOL_OUTCOME_H

#include <stddef.h>

#include "forkpool.h"

/*        constant        name            for a person */
#define OUTCOME_TABLE(X)                                                       \
	X(OK,           "ok",           "succeeded")                           \
	X(FAILED,       "failed",       "returned an error")                   \
	X(CRASHED,      "crashed",      "was killed by a signal")              \
	X(EXITED,       "exited",       "ended its process")                   \
	X(TIMED_OUT,    "timed_out",    "ran past its deadline")               \
	X(CANCELLED,    "cancelled",    "was cancelled")                       \
	X(OVER_LIMIT,   "over_limit",   "went over a resource limit")          \
	X(DENIED,       "denied",       "asked for what its sandbox denies")   \
	X(SETUP_FAILED, "setup_failed", "could not be set up")                 \
	X(LOST,         "lost",         "has an unknown fate")

#define OUTCOME_COUNT 10

/* What a person would say of a wait status: "killed by signal 11 (Segmentation fault), core
   dumped".  Returns text. */
char *outcome_status_text(int wait_status, char *text, size_t size);

#endif

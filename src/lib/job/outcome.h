/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outcome - what became of a job: the names, the decision, and the words for a person.
 *
 * Two processes decide: the worker for a job's own process that ended (job_verdict), and the caller
 * for a worker that ended with a job in it (deaths).  What both go by, and what both say, is here.
 *
 * One table makes the names and the texts; the enum itself stands in the public header, and a
 * test compares the two.
 */
#ifndef FORKPOOL_OUTCOME_H
#define FORKPOOL_OUTCOME_H

#include <stddef.h>
#include <stdint.h>

#include "forkpool.h"
#include "lib/ipc/claim.h"
#include "lib/ipc/shared.h"
#include "lib/sandbox/limits.h"

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

/* Messages of results. */
#define OUTCOME_DEADLINE_PASSED  "its deadline passed"
#define OUTCOME_CANCELLED_QUEUED "cancelled before it started"
#define OUTCOME_CANCELLED_RUN    "cancelled while it ran"

/* The outcome that a run's claim decides, whatever its process did: TIMED_OUT or CANCELLED; OK
   means that the claim decides nothing. */
enum forkpool_outcome outcome_of_claim(enum claim_state);

/* The outcome of a process that ended before its job did: OVER_LIMIT, CRASHED or EXITED. */
enum forkpool_outcome outcome_of_death(int wait_status, enum forkpool_limit);

/* The limit that the system enforces by the signal of which the process died; FORKPOOL_LIMIT_NONE:
   it died otherwise. */
enum forkpool_limit outcome_limit_of_signal(const struct forkpool_limits *, int wait_status,
    const struct crash_note *);

/* A wait status in words: "killed by signal 11 (Segmentation fault)"; returns text. */
char *outcome_status_text(int wait_status, char *text, size_t size);

/* The message of a run that ended so.  how: its wait status, or its error, in words; with
   OVER_LIMIT it may be empty.  Returns how many bytes of it tell what ended the run: behind them it
   can be told where. */
size_t outcome_message(char *text, size_t size, enum forkpool_outcome, enum forkpool_limit,
    int stack_full, const char *how);

/* Append to a message, which may be empty, that the run's output was cut. */
void outcome_add_output_lost(char *text, size_t size, uint64_t bytes);

#endif

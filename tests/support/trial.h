/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trial - one limit of jobs with processes of their own, which a job goes over in one way or not at
 * all, and what its result must say.
 */
#ifndef FORKPOOL_TESTS_TRIAL_H
#define FORKPOOL_TESTS_TRIAL_H

#include "tests/support/attack.h"

#define TRIAL_MS  INT64_C(1000000)
#define TRIAL_MIB ((size_t)1 << 20)

/* What a job does once it has met its limit, or where it does not meet it. */
enum then {
	THEN_COPE,
	THEN_RETURN,
	THEN_RETURN_OTHER,
	THEN_CRASH,
	THEN_ABORT,
	THEN_EXIT,
	THEN__EXIT,
	THEN_EXIT_WELL,
	THEN__EXIT_WELL,
	THEN_KILL,
	THEN_DENIED,
};

struct trial {
	const char  *name;
	forkpool_fn *fn;
	struct forkpool_limits limits;
	enum forkpool_outcome outcome;
	enum forkpool_limit limit;  /* OVER_LIMIT */
	const char  *says;          /* the message has this; NULL: anything */
	enum then    then;
	int64_t      amount;        /* of what the job uses */
	unsigned     not_for;       /* set of 1u << enum attack_mode */
	int          writes;        /* it writes files in attack_directory() */
};

#define TRIAL_NOT_ROOT    (1u << ATTACK_JOB | 1u << ATTACK_SANDBOX)
#define TRIAL_NOT_SANDBOX (1u << ATTACK_SANDBOX | 1u << ATTACK_SANDBOX_USER)
#define TRIAL_NOT_JOB     (1u << ATTACK_JOB | 1u << ATTACK_JOB_USER)

/* The args of the job. */
struct order {
	struct attack_knowledge known;
	enum then then;
	int64_t   amount;
};

/* In the job: its order, and its end, with an errno where it returns one. */
struct order order_of(const void *args, size_t args_len);
int          order_end(enum then, int error);
/*
 * Fork so many children, which wait to be killed.  0, or -1 and errno where one could not be made.
 */
int          trial_forks(int64_t children);

#define OVER(name) .outcome = FORKPOOL_OVER_LIMIT, .limit = FORKPOOL_LIMIT_##name

/*
 * In a loop test over a table: run entry i / ATTACK_MODES in mode i % ATTACK_MODES several times,
 * with plain jobs in between.
 */
void trial_table(const struct trial *table, int i);
/* Run many of the same job at once: none may meet its limit. */
void trial_many(const struct trial *table, int i);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fault_scenario - the life of a pool's caller in which calls fail (tests/support/inject.h).
 *
 * The caller opens a pool, runs jobs of several kinds, resizes the pool, runs more, and closes it.
 * It looks at every answer of the library and at every result, and says in shared memory what it
 * found.
 */
#ifndef FORKPOOL_TESTS_FAULT_SCENARIO_H
#define FORKPOOL_TESTS_FAULT_SCENARIO_H

#include <stdatomic.h>
#include <stdint.h>

#include "tests/support/inject.h"

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define FAULT_ASAN 1
#else
#define FAULT_ASAN 0
#endif

/* Whether the test fails where the pool makes no such call. */
enum fault_seen {
	FAULT_SEEN = 0,
	FAULT_UNSEEN,       /* it may make none */
	FAULT_UNSEEN_OWN_PROCESS, /* it may make none where each job has a process of its own */
};

struct fault {
	struct inject_plan plan;
	unsigned excused; /* the fault may change the outcome of so many jobs */
	int capture;      /* output is captured */
	int loop;         /* the caller waits for forkpool_fd() */
	int limited;      /* there is a limit that each job's process takes on */
	enum fault_seen unseen;
};

/* What the caller tells the test, in shared memory. */
struct fault_report {
	_Atomic uint32_t stage; /* of the scenario: how far it has come */
	uint32_t fired;         /* calls that failed */
	char verdict[400];      /* what is wrong */
};

/* Live that life, in a process of its own.  Exits with 0 where all was well, else with 1. */
_Noreturn void fault_caller(const struct fault *, const struct inject_plan *,
    struct fault_report *);

#endif

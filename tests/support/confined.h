/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * confined - run a function in a process under the system call filter, and see from outside how
 * that ends.
 */
#ifndef FORKPOOL_TESTS_CONFINED_H
#define FORKPOOL_TESTS_CONFINED_H

#include "tests/support/support.h"

#include <stdatomic.h>
#include <stdint.h>

#include "lib/sandbox/seccomp_filter.h"

#ifndef FORKPOOL_SANITIZE
#define FORKPOOL_SANITIZE ""
#endif

/* What a confined process says of itself, in memory shared with this one. */
struct note {
	_Atomic int trapped;   /* times that its handler ran */
	_Atomic int number;    /* of the call */
	_Atomic uint32_t arch;
	_Atomic int value;     /* the body's own */
};
extern struct note *note;

/* An unchecked fixture. */
void confined_begin(void);
void confined_end(void);

/*
 * Whether this build and this machine have filters.  If not, the TAP is written: main() must
 * return.
 */
int confined_possible(void);

/*
 * In a child: set no_new_privs, a handler for SIGSYS that notes the call and dies of the signal,
 * and the filter.  0 or -1.
 */
int confined_enter(const struct filter_wants *, uintptr_t gate);

/*
 * Run body in a confined process; return the wait status.  The process exits with what body
 * returns, or with 255 where it could not be confined.
 */
typedef int confined_body(void);
int confined_run(const struct filter_wants *, confined_body *);
/* The same, but body confines the process itself. */
int confined_run_free(confined_body *);

/* The process exited with that code; died of SIGSYS at that call; died of that signal. */
void confined_assert_exit(int status, int code);
void confined_assert_trapped(int status, int number);
void confined_assert_signal(int status, int signo);

/* One system call, and what must become of it. */
struct confined_call {
	const char *name;
	long number;
	long args[6];
	int answer; /* CALL_TRAPPED, CALL_MADE (it may fail in its own way), or an errno */
};
#define CALL_MADE    0
#define CALL_TRAPPED (-1)
void confined_check_calls(const struct filter_wants *, const struct confined_call *, size_t count);

#endif

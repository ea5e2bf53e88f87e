/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * confined - run something in a process under the system call filter, and see from outside how it ends.
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

/* 1: this build and this machine have what the tests are about; else main() is to return after that. */
int confined_possible(void);

/* In a child: no_new_privs, a handler for SIGSYS that notes the call and dies of it, the filter.  0 or -1. */
int confined_enter(const struct filter_wants *, uintptr_t gate);

/* The wait status of a process that is confined and then runs body; its exit status is what that returns,
   255 where it could not be confined. */
typedef int confined_body(void);
int confined_run(const struct filter_wants *, confined_body *);
/* The same without being confined: that is for the body to do. */
int confined_run_free(confined_body *);

/* Exited with that code; died of SIGSYS at that call; died of that signal. */
void confined_assert_exit(int status, int code);
void confined_assert_trapped(int status, int number);
void confined_assert_signal(int status, int signo);

/* One system call, and what is to become of it. */
struct confined_call {
	const char *name;
	long number;
	long args[6];
	int answer;            /* CALL_TRAPPED, CALL_MADE (it may fail in its own way), or an errno */
};
#define CALL_MADE    0
#define CALL_TRAPPED (-1)
void confined_check_calls(const struct filter_wants *, const struct confined_call *, size_t count);

#endif

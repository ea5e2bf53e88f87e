/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sandbox_filter - the system calls that a job may make (seccomp): denied by default.
 *
 * The program is made once, in the parent, since libseccomp allocates; a worker or a job's process only
 * installs it.  It cannot be taken off, and holds for every process that is forked or executed from there.
 *
 * Which calls: sandbox_policy.c.  A call that is denied has not been made.  Most are trapped: SIGSYS, whose
 * si_syscall and si_arch filter_call_name() puts into words.  Where the process has SIGSYS blocked, as the C
 * library has around fork() and pthread_create(), it dies of it without its handler having run.  A handler
 * that returns is no way around: the call fails.  Calls for another architecture than the program's own
 * (32-bit, x32) are trapped whatever they are.
 *
 * Installed by a worker, the filter has a gate: calls from that one instruction pass (gate.h).  What makes it
 * safe to unmap the gate for a job and to rely on its absence is that with this filter nothing executable
 * can be mapped, moved or enlarged; so there is a gate only without exec.
 *
 * Includes gate, os, sandbox_policy.
 */
#ifndef FORKPOOL_SANDBOX_FILTER_H
#define FORKPOOL_SANDBOX_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct filter_wants {
	bool files;    /* paths were opened up: open() and its kin are for Landlock to decide */
	bool network;
	bool exec;
};

struct sandbox_filter {
	void  *code;   /* classic BPF instructions, owned; NULL: none */
	size_t count;
};

/* 1: this kernel takes filters that trap.  No side effects; async-signal-safe. */
int  filter_available(void);

/*
 * In the parent.  0, or -1: errno and one sentence in error (error_size > 0); ENOTSUP: this build has no
 * libseccomp.
 */
int
filter_build(struct sandbox_filter *, const struct filter_wants *, char *error, size_t error_size);
/* For one that is released or was never built (all zero) nothing. */
void filter_release(struct sandbox_filter *);

/*
 * In a process with no_new_privs: take it on.  gate 0: none; else gate_address(), and EINVAL for a filter with
 * exec.  0, or -1 and errno.  Async-signal-safe.  Writes the gate into this process's copy of the code.
 */
int  filter_enter(const struct sandbox_filter *, uintptr_t gate);

/* A denied call for a person: "socket", "system call 333", "system call 5 of another architecture".  Returns
   name (size > 0).  Not in a signal handler: libseccomp allocates. */
char *filter_call_name(int number, uint32_t arch, char *name, size_t size);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * syscall_gate - the one place in the address space from which a confined worker may make any
 * system call.
 *
 * Installing a seccomp filter costs more than forking a process, so a worker installs it once and
 * its children inherit it.  But the worker has to do what a job may not: fork, kill, change user.
 * The filter tells the two apart by the address that the call is made from: it lets every call pass
 * that comes from the gate, a page of this library's text that holds one system call instruction
 * and nothing else, and judges all other calls.  The job's process unmaps that page before the
 * job's function runs, and the filter makes sure that nothing executable can be mapped there again
 * (seccomp_filter.c).
 *
 * Where there is no gate (another architecture, another C library) gate_call() is syscall(2).
 * All of it is async-signal-safe.
 */
#ifndef FORKPOOL_SYSCALL_GATE_H
#define FORKPOOL_SYSCALL_GATE_H

#include <stdint.h>

/* Where a filter sees calls through the gate come from; 0: there is no gate. */
uintptr_t gate_address(void);

/* Where no executable mapping lies, and none can come to be once the filter is there: the part of
   the address space that mmap(2) gives memory from.  0, or -1: not known.  Valid after
   gate_use(). */
int gate_plain_range(uintptr_t *from, uintptr_t *to);

/* From now on, in this process and those that it forks, gate_call() goes through the gate; unless
   there is none, or it would not be safe (an executable stack): gate_in_use() tells. */
void gate_use(void);
/* Unmap the gate in this process and use it no more.  0, or -1 and errno. */
int  gate_close(void);
/* 1: gate_call() goes through the gate. */
int  gate_in_use(void);

/* As syscall(2): -1 and errno. */
long gate_call(long number, long a, long b, long c, long d, long e);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe - where a tracer can look on: USDT probes of the provider "forkpool", for perf, bpftrace, gdb and SystemTap.
 *
 * Each is one nop and a note in the file, where configure found systemtap's <sys/sdt.h>; else nothing.  An argument
 * is to be at hand anyway: it is computed whether or not somebody looks.  What they are called and what their
 * arguments mean is in forkpool(7), and is as little to be changed as a function.  Includes nothing of the project.
 */
#ifndef FORKPOOL_PROBE_H
#define FORKPOOL_PROBE_H

#ifdef HAVE_PROBES
#if defined(__x86_64__) || defined(__i386__)
/* In a register, or a constant: there it could be in memory named by a symbol, which a file that was stripped has not. */
#define STAP_SDT_ARG_CONSTRAINT nr
#endif
#include <sys/sdt.h>
#define PROBE2(name, a, b)    STAP_PROBE2(forkpool, name, a, b)
#define PROBE3(name, a, b, c) STAP_PROBE3(forkpool, name, a, b, c)
#else
#define PROBE2(name, a, b)    ((void)(a), (void)(b))
#define PROBE3(name, a, b, c) ((void)(a), (void)(b), (void)(c))
#endif

/* A function that has a probe is not to be copied into its callers: perf takes one place for each name, and no more. */
#if defined(HAVE_PROBES) && defined(__GNUC__)
#define PROBE_ONCE __attribute__((__noinline__))
#else
#define PROBE_ONCE
#endif

/* In the caller: a job was accepted. */
#define PROBE_JOB_SUBMIT(seq, fn)                  PROBE2(job__submit, seq, fn)
/* In the worker: it has taken that job and is about to run it. */
#define PROBE_JOB_CLAIM(seq, worker)               PROBE2(job__claim, seq, worker)
/* In the caller: it takes its result. */
#define PROBE_JOB_DONE(seq, outcome, run_ns)       PROBE3(job__done, seq, outcome, run_ns)
/* In the caller: it has heard that a worker's process has ended; its wait status, or -1: not known. */
#define PROBE_WORKER_DEATH(worker, pid, status)    PROBE3(worker__death, worker, pid, status)

#endif

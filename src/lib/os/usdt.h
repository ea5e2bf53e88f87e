/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usdt - the probes by which a tracer can look on: USDT, provider "forkpool", for perf, bpftrace,
 * gdb and SystemTap.
 *
 * Where configure found systemtap's <sys/sdt.h> each probe is one nop and a note in the file;
 * elsewhere it is nothing.  A probe's arguments must be at hand anyway: they are computed whether
 * or not somebody traces.  forkpool(7) documents the names of the probes and what their arguments
 * mean; like a public function, they must not change.
 */
#ifndef FORKPOOL_USDT_H
#define FORKPOOL_USDT_H

#ifdef HAVE_PROBES
#if defined(__x86_64__) || defined(__i386__)
/* Arguments in a register, or constant: an argument in memory may be named by a symbol, and a
   stripped file has no symbols. */
#define STAP_SDT_ARG_CONSTRAINT nr
#endif
#include <sys/sdt.h>
#define PROBE2(name, a, b)    STAP_PROBE2(forkpool, name, a, b)
#define PROBE3(name, a, b, c) STAP_PROBE3(forkpool, name, a, b, c)
#else
#define PROBE2(name, a, b)    ((void)(a), (void)(b))
#define PROBE3(name, a, b, c) ((void)(a), (void)(b), (void)(c))
#endif

/* For a function with a probe: never inline it, since perf takes only one place for each name. */
#if defined(HAVE_PROBES) && defined(__GNUC__)
#define PROBE_ONCE __attribute__((__noinline__))
#else
#define PROBE_ONCE
#endif

/* In the caller: a job was accepted. */
#define PROBE_JOB_SUBMIT(seq, fn)                  PROBE2(job__submit, seq, fn)
/* In the worker: it has claimed the job and is about to run it. */
#define PROBE_JOB_CLAIM(seq, worker)               PROBE2(job__claim, seq, worker)
/* In the caller: it takes the job's result. */
#define PROBE_JOB_DONE(seq, outcome, run_ns)       PROBE3(job__done, seq, outcome, run_ns)
/* In the caller: it has heard that a worker's process ended.  status: as wait(2) has it, or -1. */
#define PROBE_WORKER_DEATH(worker, pid, status)    PROBE3(worker__death, worker, pid, status)

#endif

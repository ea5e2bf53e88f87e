/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * support - what every test program needs: a TAP runner, and a fixture that shows what is left over.
 *
 * libcheck kills a test's process group at its end, which would hide leaked workers: the fixture
 * makes the test process a subreaper, so that each process that a pool leaves behind becomes its
 * child, and asserts at the end that there is none, and that the open descriptors are what they were.
 */
#ifndef FORKPOOL_TESTS_SUPPORT_H
#define FORKPOOL_TESTS_SUPPORT_H

#include <check.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "forkpool.h"

/* An old name of libcheck's, and a function of the command. */
#undef fail

#ifndef __has_feature
#define __has_feature(x) 0
#endif
/* Built with a sanitizer: it has memory, stack and fatal signals in its own hands, and is slow to fork. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || __has_feature(address_sanitizer) || \
    __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SUPPORT_SANITIZED 1
#else
#define SUPPORT_SANITIZED 0
#endif

/* Run the suite, TAP on standard output; what main() returns.  At a level that this system does not have it is
   skipped. */
int support_run(Suite *);

/* The level of isolation that this run is for: FORKPOOL_TEST_ISOLATION of the environment, "worker" (also where it
   is not set), "job" or "sandbox".  support_options() has it. */
enum forkpool_isolation support_level(void);
/* Whether each job has a process of its own. */
int support_apart(void);
/* Whether jobs are denied files, processes, and signals to others. */
int support_sandboxed(void);

/* So long takes only what hangs, whatever else the machine has to do. */
#define SUPPORT_HANGS_MS 60000

/* A test case with the fixture (checked: in each test's own process).  timeout_s: far more than it takes where there
   is nothing else to do; a busy machine gets more than that. */
TCase *support_case(const char *name, double timeout_s);

/* Open descriptors of this process. */
int support_open_fds(void);

/* Options with these workers, for that level, the rest zero. */
struct forkpool_options support_options(unsigned workers);
/* forkpool_open() that fails the test with the sentence; NULL options: two workers. */
struct forkpool *support_open(const struct forkpool_options *);
/* Submit one job (args copied); its seq; fails the test if it is not accepted. */
uint64_t support_submit(struct forkpool *, forkpool_fn *, const void *args, size_t args_len);
/* The next result, waiting for it as long as it takes (the test case's timeout is the bound). */
const struct forkpool_result *support_wait(struct forkpool *);

/* Memory shared with the pool's processes, zeroed; freed at the test's end. */
void *support_shared(size_t size);

/* Wait until a word in shared memory has at least that value (futex or short polls; no fixed sleep). */
void support_await(_Atomic uint32_t *word, uint32_t at_least);
void support_post(_Atomic uint32_t *word); /* add one, and wake who awaits */

/* Jobs that many tests need.  One does nothing. */
int support_job_nothing(struct forkpool_context *, const void *args, size_t args_len);
/* The other says that it runs and then waits until it is told to go on, at the gate in use, which is in shared memory
   and was given to support_gate_use() before the pool was opened. */
struct support_gate {
	_Atomic uint32_t started; /* jobs that are at it, or through */
	_Atomic uint32_t go;      /* 1: open */
};
void support_gate_use(struct support_gate *);
int  support_job_waits(struct forkpool_context *, const void *args, size_t args_len);

/* State of that process as ps(1) shows it, 0 where it is gone. */
char support_state(pid_t pid);

/* Parent of that process, 0 where that is gone or cannot be told. */
pid_t support_parent(pid_t pid);
/* The pool's supervisor, as its caller finds it (at most one pool of several workers); and as a job does, at WORKER and JOB. */
pid_t support_supervisor(struct forkpool *);
pid_t support_own_supervisor(void);

/* At SANDBOX: what is in that directory is the jobs' to write as well.  Elsewhere they may anyway. */
void support_open_up(struct forkpool_options *, const char *directory);

/* Wait until that process is gone (not a child of ours): 1, or 0 after so many milliseconds. */
int support_gone(pid_t pid, int timeout_ms);

#endif

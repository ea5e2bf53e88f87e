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
/* Whether that one is open: by read(2) and write(2), as a sandbox may deny fcntl(2). */
int support_fd_is_open(int fd);

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

/* Jobs that many tests need: */
int support_job_nothing(struct forkpool_context *, const void *args, size_t args_len);
/* hang until a signal ends the process; */
int support_job_hangs(struct forkpool_context *, const void *args, size_t args_len);
/* reply each variable of the environment and a newline; */
int support_job_environment(struct forkpool_context *, const void *args, size_t args_len);
/*
 * say at the gate in use that it has started, and wait until the gate is opened.  The gate is in shared
 * memory and is given to support_gate_use() before the pool is opened.
 */
struct support_gate {
	_Atomic uint32_t started; /* jobs that have come to it */
	_Atomic uint32_t go;      /* 1: it is open */
};
void support_gate_use(struct support_gate *);
int  support_job_waits(struct forkpool_context *, const void *args, size_t args_len);

/* For processes and threads that jobs leave behind: ignore SIGTERM and SIGHUP and wait for SIGKILL; wait. */
_Noreturn void support_linger(void);
void *support_thread_waits(void *);

/* A generator without jobs. */
int support_generate_nothing(struct forkpool_job *, void *arg);
/* Each function of the library that gets a pool must fail with that error, forkpool_close() apart.  The
   name of the first one that does not; NULL: all do. */
const char *support_not_refused(struct forkpool *, int error);

/*
 * What the system says of a process.  A process that is gone, or that this one may not look at, has the
 * state 0, is not alive, and has 0 in each field.
 */
char support_state(pid_t pid); /* as ps(1) shows it */
int support_alive(pid_t pid);  /* and no zombie */
int support_alive_as(pid_t pid, const char *name);
uint64_t support_stat(pid_t pid, int field); /* of /proc/PID/stat from 4 on: 4 the parent, 22 the start time */
pid_t support_parent(pid_t pid);

/* The pool's supervisor, as its caller finds it.  The pool may have any number of workers. */
pid_t support_supervisor(struct forkpool *);
/* The supervisor of the pool that this job is of; at WORKER and JOB. */
pid_t support_own_supervisor(void);

/* At SANDBOX: what is in that directory is the jobs' to write as well.  Elsewhere they may anyway. */
void support_open_up(struct forkpool_options *, const char *directory);

/* Wait until that process is gone (not a child of ours): 1, or 0 after so many milliseconds. */
int support_gone(pid_t pid, int timeout_ms);

#endif

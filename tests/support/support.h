/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * support - what every test program needs: a TAP runner, and a fixture that shows what is left
 * behind.
 *
 * libcheck kills a test's process group at its end, which would hide leaked workers.  So the
 * fixture makes the test's process a subreaper: each process that a pool leaves behind becomes its
 * child.  At the end the fixture asserts that there is no child, and that the open descriptors are
 * what they were.
 */
#ifndef FORKPOOL_TESTS_SUPPORT_H
#define FORKPOOL_TESTS_SUPPORT_H

#include <check.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "forkpool.h"

/* libcheck's macro of an old name, which is a function of the command too. */
#undef fail

#ifndef __has_feature
#define __has_feature(x) 0
#endif
/*
 * A sanitizer manages memory, stack and fatal signals itself, and its processes are slow to fork.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define SUPPORT_SANITIZED 1
#else
#define SUPPORT_SANITIZED 0
#endif

/*
 * Run the suite with TAP on standard output; return the status of main().  At a level that this
 * system does not have the suite is skipped.
 */
int support_run(Suite *);

/*
 * The level of isolation of this run: FORKPOOL_TEST_ISOLATION of the environment, "worker" (also
 * where it is not set), "job" or "sandbox".  support_options() sets it.
 */
enum forkpool_isolation support_level(void);
/* Whether each job has a process of its own. */
int support_own_process(void);
/* So many, or a fifth where each job is a fork, which costs some machines ten milliseconds. */
unsigned support_times(unsigned at_worker);
/* Whether jobs are denied files, processes, and signals to others. */
int support_sandboxed(void);

/* Only what hangs takes so long, however busy the machine is. */
#define SUPPORT_HANGS_MS 60000

/*
 * A test case with the fixture (checked: in each test's own process).  timeout_s: far more than the
 * test takes on an idle machine; a busy one gets a multiple.
 */
TCase *support_case(const char *name, double timeout_s);

/* Open descriptors of this process. */
int support_open_fds(void);
/* Whether that one is open: by read(2) and write(2), as a sandbox may deny fcntl(2). */
int support_fd_is_open(int fd);

/* Options with so many workers and this run's level; the rest is zero. */
struct forkpool_options support_options(unsigned workers);
/* forkpool_open(), or fail the test with its sentence.  NULL options: two workers. */
struct forkpool *support_open(const struct forkpool_options *);
/* Submit one job and return its seq; fail the test if it is not accepted. */
uint64_t support_submit(struct forkpool *, forkpool_fn *, const void *args, size_t args_len);
/* The next result, however long it takes: the test case's timeout is the bound. */
const struct forkpool_result *support_wait(struct forkpool *);
/* The result of that job, run now and without arguments: it has that outcome. */
const struct forkpool_result *support_outcome(struct forkpool *, forkpool_fn *,
    enum forkpool_outcome);

/* Zeroed memory that the pool's processes share; it goes with the test's process. */
void *support_shared(size_t size);

/* Wait until a word in shared memory has at least that value, by short polls. */
void support_await(_Atomic uint32_t *word, uint32_t at_least);
void support_post(_Atomic uint32_t *word); /* add one */

/* Jobs that many tests need: */
int support_job_nothing(struct forkpool_context *, const void *args, size_t args_len);
/* hang until a signal ends the process; */
int support_job_hangs(struct forkpool_context *, const void *args, size_t args_len);
/* reply each variable of the environment and a newline; */
int support_job_environment(struct forkpool_context *, const void *args, size_t args_len);
/*
 * say at the gate in use that it has started, and wait until the gate is opened.  The gate is in
 * shared memory and is given to support_gate_use() before the pool is opened.
 */
struct support_gate {
	_Atomic uint32_t started; /* jobs that have come to it */
	_Atomic uint32_t go;      /* 1: it is open */
};
void support_gate_use(struct support_gate *);
int  support_job_waits(struct forkpool_context *, const void *args, size_t args_len);

/* What processes and threads do that jobs leave behind. */
_Noreturn void support_wait_for_sigkill(void); /* ignore SIGTERM and SIGHUP, and wait for SIGKILL */
void *support_thread_waits(void *);  /* wait for a signal that ends the process */

/* A generator without jobs. */
int support_generate_nothing(struct forkpool_job *, void *arg);
/*
 * Call each function of the library that takes a pool, except forkpool_close(): it must fail with
 * that error.  The name of the first one that does not; NULL: all fail.
 */
const char *support_not_refused(struct forkpool *, int error);

/*
 * What the system says of a process.  A process that is gone, or that this one may not look at, has
 * the state 0, is not alive, and has 0 in each field.
 */
char support_state(pid_t pid); /* as ps(1) shows it */
int support_alive(pid_t pid);  /* and no zombie */
int support_alive_as(pid_t pid, const char *name);
/* A field of /proc/PID/stat, from 4 on: 4 is the parent, 22 the start time. */
uint64_t support_stat(pid_t pid, int field);
pid_t support_parent(pid_t pid);

/* The pool's supervisor, as its caller finds it; for at most one pool of several workers. */
pid_t support_supervisor(struct forkpool *);
/* The supervisor of the pool that this job is of; at WORKER and JOB. */
pid_t support_own_supervisor(void);

/* Let jobs write in that directory at SANDBOX.  At other levels they may anyway. */
void support_open_up(struct forkpool_options *, const char *directory);

/* Wait until that process, no child of this one, is gone: 1, or 0 after so many milliseconds. */
int support_gone(pid_t pid, int timeout_ms);

#endif

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

/* Run the suite, TAP on standard output; what main() returns. */
int support_run(Suite *);

/* A test case with the fixture (checked: in each test's own process). */
TCase *support_case(const char *name, double timeout_s);

/* Open descriptors of this process. */
int support_open_fds(void);

/* Options with these workers, the rest zero. */
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

/* Wait until that process is gone (not a child of ours): 1, or 0 after so many milliseconds. */
int support_gone(pid_t pid, int timeout_ms);

#endif

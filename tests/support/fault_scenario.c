/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of a pool's caller in which calls fail, and what must be true of each of its answers. */
#include "config.h"
#include "tests/support/fault_scenario.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/support.h"

#if FAULT_ASAN
int __lsan_do_recoverable_leak_check(void);
#endif

#define LARGE 200000u
#define MIDDLE 10000u /* past a packet, but read() and not mapped */
#define JOBS_MAX 64u

static struct fault_report *report;
static const struct fault *fault;

static _Noreturn void verdict(const char *format, ...) __attribute__((format(printf, 1, 2)));

static _Noreturn void
verdict(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(report->verdict, sizeof report->verdict, format, arguments);
	va_end(arguments);
	_exit(1);
}

static void
stage(uint32_t number)
{
	atomic_store(&report->stage, number);
}

enum want { WANT_INT, WANT_LARGE, WANT_MIDDLE, WANT_CRASH };

struct ledger {
	enum want want[JOBS_MAX];
	unsigned results[JOBS_MAX]; /* of each job */
	unsigned jobs, excuses;
};

/*
 * Descriptors that the caller passes to its jobs: files with the bytes 0 and 1.  The jobs must have
 * them whatever fails; the caller closes its own once the pool is open.
 */
static int passed[3];

static int
passed_are_here(void)
{
	char byte;

	return pread(passed[0], &byte, 1, 0) == 1 && byte == '0' &&
	    pread(passed[1], &byte, 1, 0) == 1 && byte == '1';
}

static int
twice(struct forkpool_context *context, const void *args, size_t args_len)
{
	int n;

	if (args_len < sizeof n)
		return EINVAL;
	if (fault->plan.call != INJECT_pread && !passed_are_here())
		return EBADF;
	memcpy(&n, args, sizeof n);
	n *= 2;
	return forkpool_reply(context, &n, sizeof n);
}

static int
inflate(struct forkpool_context *context, const void *args, size_t args_len)
{
	static unsigned char part[LARGE / 2];

	if (args_len < 1)
		return EINVAL;
	size_t half = (*(const char *)args == 'm' ? MIDDLE : LARGE) / 2;
	memset(part, *(const unsigned char *)args, half);
	for (int i = 0; i < 2; i++)
		if (forkpool_reply(context, part, half) != 0)
			return errno;
	return 0;
}

static int
says_and_aborts(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)args;
	(void)args_len;
	(void)printf("last words\n");
	(void)fflush(stdout);
	abort();
}

/* Whether the calls of the caller itself fail. */
static int
caller_side(void)
{
	return fault->plan.process == INJECT_CALLER;
}

/* One of the library's functions returned -1: the fault must explain that, and errno. */
static void
error_is_explained(const char *what)
{
	if (inject_fired() == 0)
		verdict("%s: %s, with nothing failing", what, strerror(errno));
	if (errno == 0 ||
	    (caller_side() && fault->plan.error > 0 && errno != fault->plan.error &&
		errno != ENOMEM))
		verdict("%s: the wrong errno: %s", what, strerror(errno));
}

/* A job did not end as it should: the fault must explain that, and not more often than it may. */
static void
excuse(struct ledger *ledger, const char *what)
{
	if (inject_fired() == 0)
		verdict("%s, with nothing failing", what);
	if (++ledger->excuses > fault->excused)
		verdict("%s: one more than the fault explains", what);
}

static void
submit(struct forkpool *pool, struct ledger *ledger, enum want want, forkpool_fn *fn,
    const void *args, size_t args_len, const char *id)
{
	struct forkpool_job job = { .fn = fn, .args = args, .args_len = args_len, .id = id };
	int r;

	job.user = &ledger->want[ledger->jobs];
	ledger->want[ledger->jobs] = want;
	while ((r = forkpool_submit(pool, &job, NULL)) == -1) {
		error_is_explained("submit");
		excuse(ledger, "submit failed");
	}
	if (r != 1)
		verdict("submit: %d", r);
	ledger->jobs++;
}

static void
value_check(enum want want, const struct forkpool_result *r, size_t i)
{
	const char *value = r->value;
	size_t len = want == WANT_LARGE ? LARGE : MIDDLE;
	char letter = want == WANT_LARGE ? 'v' : 'm';
	int n;

	if (want == WANT_INT)
		len = sizeof n;
	if (r->value_len != len)
		verdict("job %zu has a value of %zu bytes", i, r->value_len);
	if (want == WANT_INT) {
		memcpy(&n, value, sizeof n);
		if (n != 84)
			verdict("job %zu has the value %d", i, n);
	} else if (value[0] != letter || memcmp(value, value + 1, len - 1) != 0) {
		verdict("job %zu has a wrong large value", i);
	}
}

static void
result_check(struct ledger *ledger, const struct forkpool_result *r)
{
	const enum want *user = r->user;
	size_t i = (size_t)(user - ledger->want);
	char what[300];

	if (i >= ledger->jobs || ledger->results[i]++ != 0)
		verdict("a second result for job %zu", i);
	(void)snprintf(what, sizeof what, "job %zu is %s (error %d, signal %d, %s)", i,
	    forkpool_outcome_name(r->outcome), r->error, r->signal, r->message);
	if (ledger->want[i] == WANT_CRASH) {
		if (r->outcome != FORKPOOL_CRASHED || r->signal != SIGABRT)
			excuse(ledger, what);
		return;
	}
	if (r->outcome == FORKPOOL_OK) {
		value_check(ledger->want[i], r, i);
		return;
	}
	excuse(ledger, what);
	/*
	 * A fault in a worker's process may be for the job to report; else only LOST is an answer.
	 */
	int told = r->outcome == FORKPOOL_FAILED && !caller_side() && r->error > 0;
	if (r->outcome == FORKPOOL_SETUP_FAILED)
		told = support_own_process() && r->error == fault->plan.error &&
		    strstr(r->message, strerror(r->error)) != NULL;
	if (r->outcome == FORKPOOL_CRASHED && r->signal == SIGKILL)
		told = fault->plan.call == INJECT_wait4; /* without a status no reply is believed */
	if (!told && r->outcome != FORKPOOL_LOST)
		verdict("%s: no outcome for such a fault", what);
}

/* Take all results in a loop of the caller's own; it has none where there is no descriptor. */
static void
loop_all(struct forkpool *pool, struct ledger *ledger)
{
	const struct forkpool_result *result;
	struct pollfd wait = { .fd = -1, .events = POLLIN };
	int r;

	for (int tries = 0; wait.fd == -1 && tries < 3; tries++)
		if ((wait.fd = forkpool_fd(pool)) == -1)
			error_is_explained("fd");
	while (wait.fd != -1 && forkpool_pending(pool) > 0) {
		if (poll(&wait, 1, -1) != 1)
			verdict("poll: %s", strerror(errno));
		if (forkpool_dispatch(pool, NULL, 0) == -1)
			error_is_explained("dispatch");
		while ((r = forkpool_next(pool, &result)) == 1)
			result_check(ledger, result);
		if (r == -1)
			error_is_explained("next");
	}
}

static void
take_all(struct forkpool *pool, struct ledger *ledger)
{
	const struct forkpool_result *result;
	int r;

	if (fault->loop)
		loop_all(pool, ledger);
	while (forkpool_pending(pool) > 0) {
		r = forkpool_wait(pool, &result, -1);
		if (r == 1)
			result_check(ledger, result);
		else if (r == -1)
			error_is_explained("wait");
		else
			verdict("wait: 0 with jobs pending");
	}
	for (unsigned i = 0; i < ledger->jobs; i++)
		if (ledger->results[i] != 1)
			verdict("job %u has %u results", i, ledger->results[i]);
}

static void
resize(struct forkpool *pool, unsigned workers)
{
	if (forkpool_resize(pool, workers) == -1)
		error_is_explained("resize");
}

static void
nothing_is_left(int fds_before)
{
	pid_t pid;

	/* Killed processes may still be on their way to this process, the subreaper. */
	for (int i = 0; (pid = waitpid(-1, NULL, WNOHANG)) != -1; i++) {
		if (i > 4000)
			verdict("a process is left after close");
		if (pid == 0)
			(void)nanosleep(&(struct timespec){ .tv_nsec = 500000 }, NULL);
	}
	if (support_open_fds() != fds_before)
		verdict("%d descriptors are left", support_open_fds() - fds_before);
	if (inject_unfreed() != 0)
		verdict("%u blocks of memory are left", inject_unfreed());
}

static void
scenario(void)
{
	static char args[LARGE];
	static const int half_of_84 = 42;
	struct forkpool_options options = support_options(2);
	struct ledger ledger = { .jobs = 0 };
	char error[300] = "";

	options.output = fault->capture ? FORKPOOL_OUTPUT_CAPTURE : FORKPOOL_OUTPUT_DISCARD;
	options.limits.open_files = fault->limited ? 40 : 0;
	options.descriptors = passed;
	memset(args, 'v', sizeof args);
	memcpy(args, &half_of_84, sizeof half_of_84);
	stage(1);
	struct forkpool *pool = forkpool_open(&options, error, sizeof error);
	(void)close(passed[0]);
	(void)close(passed[1]);
	if (pool == NULL) {
		error_is_explained("open");
		if (strlen(error) < 10)
			verdict("open failed without a sentence");
		return;
	}
	stage(2);
	for (int i = 0; i < 3; i++)
		submit(pool, &ledger, WANT_INT, twice, args, sizeof half_of_84, NULL);
	submit(pool, &ledger, WANT_INT, twice, args, LARGE, NULL);
	submit(pool, &ledger, WANT_CRASH, says_and_aborts, NULL, 0, "ends badly");
	submit(pool, &ledger, WANT_INT, twice, args, 300, "of middle size");
	submit(pool, &ledger, WANT_LARGE, inflate, "v", 1, NULL);
	submit(pool, &ledger, WANT_LARGE, inflate, "v", 1, NULL);
	submit(pool, &ledger, WANT_MIDDLE, inflate, "m", 1, NULL);
	stage(3);
	take_all(pool, &ledger);
	stage(4);
	resize(pool, 3);
	for (int i = 0; i < 6; i++)
		submit(pool, &ledger, WANT_INT, twice, args, sizeof half_of_84, NULL);
	take_all(pool, &ledger);
	stage(5);
	resize(pool, 1);
	submit(pool, &ledger, WANT_INT, twice, args, LARGE, NULL);
	submit(pool, &ledger, WANT_INT, twice, args, sizeof half_of_84, NULL);
	take_all(pool, &ledger);
	stage(6);
	if (forkpool_close(pool) != 0)
		verdict("close: %s", strerror(errno));
	stage(7);
}

_Noreturn void
fault_caller(const struct fault *f, const struct inject_plan *plan, struct fault_report *to)
{
	int fds_before = support_open_fds();

	fault = f;
	report = to;
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (int i = 0; i < 2; i++) {
		char path[] = "/tmp/forkpool-fault-XXXXXX";
		passed[i] = mkostemp(path, i == 0 ? O_CLOEXEC : 0);
		if (passed[i] == -1 || unlink(path) == -1 ||
		    pwrite(passed[i], i == 0 ? "0" : "1", 1, 0) != 1)
			verdict("no file: %s", strerror(errno));
	}
	passed[2] = -1;
	inject_arm(plan);
	scenario();
	report->fired = inject_fired();
	inject_disarm();
	nothing_is_left(fds_before);
#if FAULT_ASAN
	/*
	 * Memory that the C library allocated for the pool.  The check takes long: only now and
	 * then.
	 */
	if (plan->nth % 8 == 1 && __lsan_do_recoverable_leak_check() != 0)
		verdict("memory is left, see the report above");
#endif
	_exit(0);
}

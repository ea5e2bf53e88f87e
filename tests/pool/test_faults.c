/* SPDX-License-Identifier: BSD-2-Clause */
/* The n-th call fails, for every n until none fails any more: each time a clean error or a clean
   result for every job, no hang, nothing left behind. */
#include "config.h"
#include "tests/support/inject.h"
#include "tests/support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define SANITIZED 1
int __lsan_do_recoverable_leak_check(void);
#else
#define SANITIZED 0
#endif

/* Every n up to here; past it with a sanitizer, whose processes are slow to fork, fewer and fewer. */
#define EVERY_N 24u

#define LARGE 200000u
#define MIDDLE 10000u /* past a packet, but read() and not mapped */
#define JOBS_MAX 64u

struct fault {
	struct inject_plan plan;
	unsigned excused;    /* jobs whose outcome the fault may change, at most */
	int capture;         /* with captured output */
	int unseen;          /* it may be that no such call is made */
	int limited;         /* with a limit that each job's process takes on */
};

/* What a caller under test tells the test. */
struct report {
	_Atomic uint32_t stage;
	uint32_t fired;
	char verdict[400];
};

static struct report *report;
static const struct fault *fault;

/* ------------------------------------------------------------------------- in the caller's process */

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
	unsigned results[JOBS_MAX]; /* each has got */
	unsigned jobs, excuses;
};

/* The caller's that jobs are to have, in any case; the caller closes its own. */
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
	return forkpool_reply(context, &n, sizeof n) == -1 ? errno : 0;
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
		if (forkpool_reply(context, part, half) == -1)
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

static int
caller_side(void)
{
	return fault->plan.process == INJECT_CALLER;
}

/* One of the library's calls answered -1. */
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
		int n;
		size_t len = ledger->want[i] == WANT_INT ? sizeof n :
		    ledger->want[i] == WANT_LARGE        ? LARGE :
							   MIDDLE;
		if (r->value_len != len)
			verdict("job %zu has a value of %zu bytes", i, r->value_len);
		if (ledger->want[i] == WANT_INT) {
			memcpy(&n, r->value, sizeof n);
			if (n != 84)
				verdict("job %zu has the value %d", i, n);
		} else if (*(const char *)r->value != (ledger->want[i] == WANT_LARGE ? 'v' : 'm') ||
		    memcmp(r->value, (const char *)r->value + 1, len - 1) != 0) {
			verdict("job %zu has a wrong large value", i);
		}
		return;
	}
	excuse(ledger, what);
	/* A fault in the worker may be its job's to tell; else it is nobody's fault but the pool's. */
	int told = r->outcome == FORKPOOL_FAILED && !caller_side() && r->error > 0;
	if (r->outcome == FORKPOOL_SETUP_FAILED)
		told = support_apart() && r->error == fault->plan.error &&
		    strstr(r->message, strerror(r->error)) != NULL;
	if (r->outcome == FORKPOOL_CRASHED && r->signal == SIGKILL)
		told = fault->plan.call == INJECT_wait4; /* so that nothing it said is believed */
	if (!told && r->outcome != FORKPOOL_LOST)
		verdict("%s: no outcome for such a fault", what);
}

static void
take_all(struct forkpool *pool, struct ledger *ledger)
{
	const struct forkpool_result *result;
	int r;

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

	/* What was killed may still be on its way here. */
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

static _Noreturn void
caller_main(const struct inject_plan *plan)
{
	int fds_before = support_open_fds();

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
#if SANITIZED
	/* What the C library allocated on the pool's behalf; now and then, as it takes long. */
	if (plan->nth % 8 == 1 && __lsan_do_recoverable_leak_check() != 0)
		verdict("memory is left, see the report above");
#endif
	_exit(0);
}

/* --------------------------------------------------------------------------- in the test's process */

static const char *const processes[] = {
	[INJECT_CALLER] = "the caller",
	[INJECT_SUPERVISOR] = "the supervisor",
	[INJECT_WORKER] = "the workers",
	[INJECT_JOB] = "the jobs",
};

/* One caller's life with that fault; how many calls failed. */
static uint32_t
run(const struct fault *f, uint32_t nth)
{
	struct inject_plan plan = f->plan;
	int fds[2], status;
	char name[120];

	plan.nth = nth;
	fault = f;
	memset(report, 0, sizeof *report);
	(void)snprintf(name, sizeof name, "%s no. %u of %s fails (%s)%s", inject_name(plan.call),
	    nth, processes[plan.process],
	    plan.error == INJECT_SHORT     ? "short count" :
		plan.error == INJECT_NO_FD ? "no descriptor" :
					     strerror(plan.error),
	    plan.for_ever ? " and all after it" : "");
	ck_assert_int_eq(pipe(fds), 0);
	pid_t pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		(void)close(fds[0]);
		caller_main(&plan);
	}
	(void)close(fds[1]);
	/* The pool's processes close it, so it ends with the caller. */
	struct pollfd end = { .fd = fds[0], .events = POLLIN };
	int ended = poll(&end, 1, SUPPORT_HANGS_MS);
	(void)close(fds[0]);
	if (ended != 1)
		(void)kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(ended == 1, "%s: hangs in stage %u", name, atomic_load(&report->stage));
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	    "%s: stage %u: %s (status %#x)", name, atomic_load(&report->stage), report->verdict,
	    (unsigned)status);
	return report->fired;
}

#define EACH(call_, process_, error_, excused_)                                                    \
	{                                                                                          \
		.plan = { .call = INJECT_##call_, .process = INJECT_##process_, .error = error_ }, \
		.excused = excused_                                                                \
	}
#define CAPTURED(call_, process_, error_, excused_)                                                \
	{                                                                                          \
		.plan = { .call = INJECT_##call_, .process = INJECT_##process_, .error = error_ }, \
		.excused = excused_, .capture = 1                                                  \
	}
#define PERHAPS(call_, process_, error_, excused_)                                                 \
	{                                                                                          \
		.plan = { .call = INJECT_##call_, .process = INJECT_##process_, .error = error_ }, \
		.excused = excused_, .unseen = 1                                                   \
	}
/* Captured, by the workers themselves where they run the jobs. */
#define WORKERS_OWN(call_, process_, error_, excused_) \
	{ .plan = { .call = INJECT_##call_, .process = INJECT_##process_, .error = error_ }, .excused = excused_, \
	  .capture = 1, .unseen = 2 }
#define FOR_EVER(call_, process_, error_)             \
	{                                             \
		.plan = {                             \
			.call = INJECT_##call_,       \
			.process = INJECT_##process_, \
			.error = error_,              \
			.for_ever = 1                 \
		}                                     \
	}

static const struct fault faults[] = {
	EACH(fork, CALLER, EAGAIN, 0),
	EACH(fork, SUPERVISOR, EAGAIN, 0),
	EACH(fork, SUPERVISOR, ENOMEM, 0),
	EACH(pipe2, CALLER, EMFILE, 0),
	EACH(pipe2, SUPERVISOR, ENFILE, 0),
	EACH(socketpair, CALLER, EMFILE, 0),
	FOR_EVER(pipe2, CALLER, EMFILE),
	FOR_EVER(poll, CALLER, EINVAL),
	EACH(mmap, CALLER, ENOMEM, 0),
	EACH(mmap, SUPERVISOR, ENOMEM, 0),
	PERHAPS(mmap, WORKER, ENOMEM, 1),
	EACH(memfd_create, CALLER, EMFILE, 0),
	EACH(memfd_create, CALLER, ENOSYS, 0),
	WORKERS_OWN(memfd_create, SUPERVISOR, EMFILE, 0),
	WORKERS_OWN(memfd_create, SUPERVISOR, ENOSYS, 0),
	EACH(malloc, CALLER, ENOMEM, 1),
	EACH(calloc, CALLER, ENOMEM, 1),
	PERHAPS(realloc, CALLER, ENOMEM, 1),
	EACH(aligned_alloc, CALLER, ENOMEM, 1),
	EACH(strdup, CALLER, ENOMEM, 1),
	CAPTURED(malloc, CALLER, ENOMEM, 1),
	CAPTURED(calloc, CALLER, ENOMEM, 1),
	EACH(read, CALLER, EINTR, 0),
	EACH(read, CALLER, EIO, 8),
	EACH(read, CALLER, INJECT_SHORT, 8),
	EACH(read, SUPERVISOR, EINTR, 0),
	EACH(read, SUPERVISOR, INJECT_SHORT, 0),
	EACH(read, WORKER, EINTR, 0),
	EACH(read, WORKER, EIO, 1),
	EACH(read, WORKER, INJECT_SHORT, 0),
	EACH(write, CALLER, EINTR, 0),
	EACH(write, CALLER, EIO, 0),
	EACH(write, CALLER, INJECT_SHORT, 0),
	EACH(write, WORKER, EINTR, 0),
	EACH(write, WORKER, EAGAIN, 0),
	EACH(write, WORKER, EIO, 8),
#ifndef FORKPOOL_PADDED_PACKETS /* POSIX has writes of PIPE_BUF bytes whole; in packet mode one costs its packet */
	EACH(write, WORKER, INJECT_SHORT, 8),
#endif
	EACH(pread, CALLER, EINTR, 0),
	EACH(pread, CALLER, EIO, 1),
	EACH(pread, CALLER, INJECT_SHORT, 0),
	CAPTURED(pread, SUPERVISOR, EIO, 0),
	CAPTURED(pread, CALLER, EIO, 1),
	EACH(pwrite, CALLER, EINTR, 0),
	EACH(pwrite, CALLER, ENOSPC, 1),
	EACH(pwrite, CALLER, INJECT_SHORT, 0),
	EACH(pwrite, WORKER, EINTR, 0),
	EACH(pwrite, WORKER, ENOSPC, 1),
	EACH(pwrite, WORKER, INJECT_SHORT, 0),
	WORKERS_OWN(pwrite, SUPERVISOR, ENOSPC, 0),
	EACH(sendmsg, CALLER, EINTR, 0),
	EACH(sendmsg, CALLER, ENOBUFS, 0),
	EACH(sendmsg, SUPERVISOR, EINTR, 0),
	EACH(sendmsg, SUPERVISOR, ENOBUFS, 0),
	EACH(recvmsg, CALLER, EINTR, 0),
	EACH(recvmsg, CALLER, ECONNRESET, 3),
	EACH(recvmsg, SUPERVISOR, EINTR, 0),
	EACH(recvmsg, SUPERVISOR, ECONNRESET, 3),
	EACH(recvmsg, SUPERVISOR, INJECT_NO_FD, 0),
	EACH(poll, CALLER, EINTR, 0),
	EACH(poll, CALLER, ENOMEM, 0),
	EACH(poll, SUPERVISOR, EINTR, 0),
	EACH(poll, SUPERVISOR, ENOMEM, 0),
	EACH(fcntl, CALLER, EPERM, 0),
	EACH(fcntl, SUPERVISOR, EPERM, 0),
	EACH(dup2, SUPERVISOR, EBUSY, 0),
	CAPTURED(fcntl, SUPERVISOR, EPERM, 0),
	PERHAPS(fcntl, WORKER, EPERM, 0),
	EACH(waitid, SUPERVISOR, EINTR, 0),
	EACH(waitpid, CALLER, EINTR, 0),
	EACH(waitpid, SUPERVISOR, EINTR, 0),
};

/* Where each job has a process of its own. */
static const struct fault faults_apart[] = {
	EACH(fork, SUPERVISOR, ENOMEM, 0),
	PERHAPS(fork, WORKER, EAGAIN, 1),
	PERHAPS(os_fork_bare, WORKER, EAGAIN, 1),
	PERHAPS(os_fork_bare, WORKER, ENOMEM, 1),
	CAPTURED(mmap, WORKER, ENOMEM, 1),
	EACH(mmap, JOB, ENOMEM, 0),
	{ .plan = { .call = INJECT_mmap, .process = INJECT_JOB, .error = ENOMEM, .for_ever = 1 },
	    .excused = 2 },
	PERHAPS(pread, JOB, EIO, 1),
	EACH(madvise, WORKER, ENOMEM, 0),
	CAPTURED(madvise, WORKER, EAGAIN, 0),
	CAPTURED(pipe2, WORKER, EMFILE, 0),
	CAPTURED(dup2, WORKER, EBUSY, 0),
	CAPTURED(fcntl, WORKER, EMFILE, 0),
	CAPTURED(read, WORKER, EINTR, 0),
	CAPTURED(read, WORKER, EIO, 1),
	EACH(wait4, WORKER, EINTR, 0),
	EACH(wait4, WORKER, ECHILD, 1),
	PERHAPS(waitid, WORKER, ECHILD, 0),
	CAPTURED(os_signal_wait, WORKER, EINTR, 0),
	CAPTURED(os_signal_wait, WORKER, EAGAIN, 0),
	CAPTURED(os_signal_on_input, WORKER, EINVAL, 0),
	EACH(os_process_handle, SUPERVISOR, EMFILE, 0),
	EACH(os_signal_wait, WORKER, EINTR, 0),
	EACH(os_signal_wait, WORKER, EAGAIN, 0),
	EACH(os_signal_wait, WORKER, EINVAL, 0),
	EACH(os_children_open, WORKER, EMFILE, 0),
	EACH(os_children_open, WORKER, ENOSYS, 0),
	PERHAPS(os_children_read, WORKER, EIO, 0),
	PERHAPS(pread, WORKER, EIO, 0),
	EACH(os_die_with_parent, JOB, EPERM, 1),
	EACH(os_own_group, JOB, EPERM, 1),
	{ .plan = { .call = INJECT_os_limit, .process = INJECT_JOB, .error = EPERM },
	    .excused = 1,
	    .limited = 1 },
	CAPTURED(pwrite, WORKER, ENOSPC, 1),
	CAPTURED(pwrite, WORKER, EINTR, 0),
};

static const struct fault faults_sandboxed[] = {
	EACH(identity_enter_worker, WORKER, EPERM, 0),
	EACH(identity_enter_job, JOB, EPERM, 1),
	EACH(landlock_enter, JOB, E2BIG, 1),
	PERHAPS(filter_enter, WORKER, ENOMEM, 0),
	PERHAPS(filter_enter, JOB, ENOMEM, 1),
	PERHAPS(gate_close, JOB, EPERM, 1),
};

static const struct {
	const struct fault *fault;
	int count, first_level;
} tables[] = {
	{ faults, sizeof faults / sizeof faults[0], FORKPOOL_ISOLATE_WORKER },
	{ faults_apart, sizeof faults_apart / sizeof faults_apart[0], FORKPOOL_ISOLATE_JOB },
	{ faults_sandboxed, sizeof faults_sandboxed / sizeof faults_sandboxed[0],
	    FORKPOOL_ISOLATE_SANDBOX },
};
#define TABLES ((int)(sizeof tables / sizeof tables[0]))

/* The i-th of those that there are at this level; NULL: that is past the last.  The caller and the supervisor do at
   SANDBOX what they do at JOB. */
static const struct fault *
fault_at(int i)
{
	for (int t = 0; t < TABLES && tables[t].first_level <= (int)support_level(); t++)
		for (int j = 0; j < tables[t].count; j++) {
			const struct fault *f = &tables[t].fault[j];
			if (support_sandboxed() && tables[t].fault == faults &&
			    f->plan.process != INJECT_WORKER)
				continue;
			if (i-- == 0)
				return f;
		}
	return NULL;
}

START_TEST(each_call_once)
{
	const struct fault *f = fault_at(_i);
	uint32_t n = 1;

	report = support_shared(sizeof *report);
	inject_setup();
	ck_assert_uint_eq(run(f, 0), 0);
	while (run(f, n) > 0)
		n += SANITIZED && n >= EVERY_N ? n / 8 : 1;
	ck_assert_msg(n > 1 || f->unseen == 1 || (f->unseen == 2 && support_apart()),
	    "no call of %s was seen", inject_name(f->plan.call));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("faults");
	TCase *tc = support_case("n-th call", 300);

	int count = 0;
	while (fault_at(count) != NULL)
		count++;
	tcase_add_loop_test(tc, each_call_once, 0, count);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

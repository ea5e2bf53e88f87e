/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a job may do to the process that it runs in, what it may leave behind, and the end of the
 * caller itself: none of that harms another job, and nothing outlives the pool.
 */
#include "config.h"
#include "tests/support/support.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TIMEOUT_NS  (INT64_C(200) * 1000000)
#define PROCESSES   16u
#define LARGE       100000u

static struct shared_words {
	_Atomic uint32_t runs, forked, processes;
	_Atomic int32_t  pid[PROCESSES];
} *words;

static void
pid_note(pid_t pid)
{
	uint32_t i = atomic_load(&words->processes);

	atomic_store(&words->pid[i % PROCESSES], (int32_t)pid);
	support_post(&words->processes);
}

static void
pids_gone_by(int timeout_ms)
{
	for (uint32_t i = 0; words != NULL && i < atomic_load(&words->processes); i++)
		ck_assert_msg(support_gone((pid_t)atomic_load(&words->pid[i]), timeout_ms),
		    "process %u is still there", i);
}

static void
pids_gone(void)
{
	pids_gone_by(SUPPORT_HANGS_MS);
}

static int
square(struct forkpool_context *context, const void *args, size_t args_len)
{
	uint32_t n;

	(void)args_len;
	memcpy(&n, args, sizeof n);
	n *= n;
	return forkpool_reply(context, &n, sizeof n);
}

/* Run the odd job among others; its result, which stays until the pool's next result. */
static const struct forkpool_result *
run_among_others(struct forkpool *pool, forkpool_fn *fn, int64_t timeout_ns)
{
	struct forkpool_job job = { .fn = fn, .timeout_ns = timeout_ns };
	static struct forkpool_result odd;
	static char value[64];
	uint64_t seq, first = 0;

	for (uint32_t i = 0; i < 100; i++) {
		uint64_t s = support_submit(pool, square, &i, sizeof i);
		first = i == 0 ? s : first;
		if (i == 50)
			ck_assert_int_eq(forkpool_submit(pool, &job, &seq), 1);
	}
	for (uint32_t i = 0; i < 101; i++) {
		const struct forkpool_result *result = support_wait(pool);
		if (result->seq == seq) {
			odd = *result;
			if (support_own_process())
				pids_gone_by(0);
			if (result->value != NULL && result->value_len < sizeof value)
				memcpy(value, result->value, result->value_len);
			odd.value = value;
			continue;
		}
		uint32_t n = (uint32_t)(result->seq - first) - (result->seq > seq), got = 0;
		ck_assert_msg(result->outcome == FORKPOOL_OK && result->value_len == sizeof got,
		    "%s: %s", forkpool_outcome_name(result->outcome), result->message);
		memcpy(&got, result->value, sizeof got);
		ck_assert_uint_eq(got, n * n);
		ck_assert_uint_eq(result->attempts, 1);
	}
	ck_assert_uint_eq(odd.attempts, 1);
	return &odd;
}

/* ----------------------------------------------------------- to its own process and descriptors */

static int
returns_twice(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)args;
	(void)args_len;
	(void)atomic_fetch_add(&words->runs, 1);
	pid_t pid = fork();
	if (pid == 0) {
		pid_note(getpid());
		support_post(&words->forked);
		return forkpool_reply(context, "child", 5);
	}
	support_await(&words->forked, 1); /* the child may well reply first */
	return forkpool_reply(context, "parent", 6);
}

static int
closes_all(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)args;
	(void)args_len;
	for (int fd = 0; fd < 1024; fd++)
		(void)close(fd);
	return forkpool_reply(context, "done", 4);
}

static int
closes_all_and_opens(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)closes_all(context, args, args_len);
	for (int fd = 0; fd < 512; fd++)
		(void)open("/dev/zero", O_RDWR);
	return 0;
}

/* Reply a large value, with other files at the numbers of the pool's: the reply fails. */
static int
opens_and_replies(struct forkpool_context *context, const void *args, size_t args_len)
{
	static char large[LARGE];

	(void)closes_all_and_opens(context, args, args_len);
	memset(large, 'x', sizeof large);
	return forkpool_reply(context, large, sizeof large);
}

static int
ends_its_main_thread(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)args;
	(void)args_len;
	pthread_exit(NULL);
}

static int
leaves_a_thread(struct forkpool_context *context, const void *args, size_t args_len)
{
	pthread_t thread;

	(void)args;
	(void)args_len;
	int error = pthread_create(&thread, NULL, support_thread_waits, NULL);
	return error != 0 ? error : forkpool_reply(context, "done", 4);
}

static int
leaves_a_thread_only(struct forkpool_context *context, const void *args, size_t args_len)
{
	int error = leaves_a_thread(context, args, args_len);

	if (error == 0)
		pthread_exit(NULL);
	return error;
}

static int
becomes_another(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)args;
	(void)args_len;
	(void)execl("/bin/sh", "sh", "-c", "exit 7", (char *)NULL);
	return errno;
}

static int
becomes_sleep(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)args;
	(void)args_len;
	(void)execl("/bin/sh", "sh", "-c", "exec sleep 100", (char *)NULL);
	return errno;
}

static const struct misdeed {
	forkpool_fn *fn;
	int64_t timeout_ns;
	enum forkpool_outcome outcome;
	int signal, other_signal, exit_code;
	const char *value;
	int denied; /* at SANDBOX */
} misdeeds[] = {
	{ returns_twice, 0, FORKPOOL_OK, 0, 0, -1, "parent", 1 },
	{ closes_all, 0, FORKPOOL_OK, 0, 0, -1, "done", 0 },
	{ closes_all_and_opens, 0, FORKPOOL_OK, 0, 0, -1, "done", 0 },
	{ ends_its_main_thread, 0, FORKPOOL_EXITED, 0, 0, 0, NULL, 0 },
	{ leaves_a_thread, 0, FORKPOOL_OK, 0, 0, -1, "done", 1 },
	{ leaves_a_thread_only, TIMEOUT_NS, FORKPOOL_EXITED, 0, 0, 0, NULL, 1 },
	{ becomes_another, 0, FORKPOOL_EXITED, 0, 0, 7, NULL, 1 },
	{ becomes_sleep, TIMEOUT_NS, FORKPOOL_TIMED_OUT, SIGTERM, SIGKILL, -1, NULL, 1 },
};

START_TEST(job_that_mistreats_its_process_costs_nobody_else)
{
	const struct misdeed *m = &misdeeds[_i];
	struct forkpool_options options = support_options(2);

	words = support_shared(sizeof *words);
	options.grace_ns = TIMEOUT_NS;
	struct forkpool *pool = support_open(&options);
	const struct forkpool_result *odd = run_among_others(pool, m->fn, m->timeout_ns);
	if (m->denied && support_sandboxed())
		ck_assert_msg(odd->outcome == FORKPOOL_DENIED && odd->signal == SIGSYS,
		    "%d: %s, signal %d", _i, forkpool_outcome_name(odd->outcome), odd->signal);
	else
		ck_assert_msg(odd->outcome == m->outcome && odd->exit_code == m->exit_code &&
			(odd->signal == m->signal || odd->signal == m->other_signal),
		    "%d: %s, signal %d, exit code %d", _i, forkpool_outcome_name(odd->outcome),
		    odd->signal, odd->exit_code);
	if (odd->outcome == FORKPOOL_OK)
		ck_assert(odd->value_len == strlen(m->value) &&
		    memcmp(odd->value, m->value, odd->value_len) == 0);
	ck_assert_uint_le(atomic_load(&words->runs), 1);
	/* The worker, with or without such a thread, can still be ended. */
	odd = run_among_others(pool, support_job_hangs, TIMEOUT_NS);
	ck_assert_int_eq(odd->outcome, FORKPOOL_TIMED_OUT);
	ck_assert_int_eq(forkpool_close(pool), 0);
	pids_gone();
}
END_TEST

START_TEST(large_value_into_a_strange_file_is_no_success)
{
	struct forkpool *pool = support_open(NULL);
	const struct forkpool_result *odd = run_among_others(pool, opens_and_replies, 0);

	/* A job's own process does not need the pool's files to reply. */
	ck_assert_int_eq(odd->outcome == FORKPOOL_OK, support_own_process());
	ck_assert_uint_eq(odd->value_len, support_own_process() ? 4 + LARGE : 0);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* ------------------------------------------------------------------------ what it leaves behind */

static _Noreturn void
stay(void)
{
	pid_note(getpid());
	support_wait_for_sigkill();
}

static int
leaves_a_child(struct forkpool_context *context, const void *args, size_t args_len)
{
	uint32_t before = atomic_load(&words->processes);

	(void)args;
	(void)args_len;
	if (fork() == 0)
		stay();
	support_await(&words->processes, before + 1);
	return forkpool_reply(context, "done", 4);
}

static int
leaves_a_daemon(struct forkpool_context *context, const void *args, size_t args_len)
{
	uint32_t before = atomic_load(&words->processes);
	pid_t child = fork();

	(void)args;
	(void)args_len;
	if (child == 0) {
		(void)setsid();
		if (fork() == 0)
			stay();
		_exit(0);
	}
	(void)waitpid(child, NULL, 0);
	support_await(&words->processes, before + 1);
	return forkpool_reply(context, "done", 4);
}

static int
leaves_a_child_and_crashes(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)leaves_a_child(context, args, args_len);
	abort();
}

static int
leaves_a_daemon_and_crashes(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)leaves_a_daemon(context, args, args_len);
	abort();
}

static const struct {
	forkpool_fn *fn, *and_crashes;
} leavings[] = {
	{ leaves_a_child, leaves_a_child_and_crashes },
	{ leaves_a_daemon, leaves_a_daemon_and_crashes },
};

START_TEST(what_a_job_leaves_goes_with_its_worker)
{
	words = support_shared(sizeof *words);
	struct forkpool *pool = support_open(NULL);
	const struct forkpool_result *odd = run_among_others(pool, leavings[_i].and_crashes, 0);

	if (support_sandboxed()) {
		ck_assert_int_eq(odd->outcome, FORKPOOL_DENIED);
	} else {
		ck_assert_int_eq(odd->outcome, FORKPOOL_CRASHED);
		ck_assert_int_eq(odd->signal, SIGABRT);
	}
	pids_gone(); /* while the pool lives */
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(what_a_job_leaves_goes_with_the_pool)
{
	words = support_shared(sizeof *words);
	struct forkpool *pool = support_open(NULL);
	const struct forkpool_result *odd = run_among_others(pool, leavings[_i].fn, 0);

	ck_assert_int_eq(odd->outcome, support_sandboxed() ? FORKPOOL_DENIED : FORKPOOL_OK);
	ck_assert_int_eq(forkpool_close(pool), 0);
	ck_assert_uint_eq(atomic_load(&words->processes), !support_sandboxed());
	pids_gone();
}
END_TEST

/* ----------------------------------------------------------------------------- the caller's end */

static int
notes_and_hangs(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)signal(SIGTERM, SIG_IGN);
	if (support_level() == FORKPOOL_ISOLATE_JOB)
		pid_note(support_own_supervisor());
	pid_note(getppid());
	pid_note(getpid());
	return support_job_hangs(context, args, args_len);
}

/*
 * kind 0: the caller's pool is idle; 1: jobs run; 2: and a job has left a daemon; 3: and a child of
 * the caller has all its descriptors.
 */
static _Noreturn void
caller_main(int kind)
{
	struct forkpool_options options = support_options(2);
	struct forkpool *pool = forkpool_open(&options, NULL, 0);
	const struct forkpool_result *result;

	if (pool == NULL)
		_exit(1);
	if (kind == 3 && fork() == 0)
		for (;;)
			(void)pause();
	struct forkpool_job job = { .fn = kind >= 2 ? leaves_a_daemon : leaves_a_child };
	if (forkpool_submit(pool, &job, NULL) != 1 || forkpool_wait(pool, &result, -1) != 1)
		_exit(2);
	job.fn = notes_and_hangs;
	if (kind >= 1)
		(void)forkpool_submit(pool, &job, NULL);
	support_post(&words->forked);
	for (;;)
		(void)forkpool_wait(pool, &result, -1), (void)usleep(1000);
}

START_TEST(nothing_outlives_a_caller_that_is_killed)
{
	int status;

	words = support_shared(sizeof *words);
	pid_t caller = fork();
	ck_assert_int_ne(caller, -1);
	if (caller == 0) {
		(void)setpgid(0, 0); /* for the test to kill the caller's child */
		caller_main(_i);
	}
	support_await(&words->forked, 1);
	/*
	 * The supervisor, the worker, the job's process where it has one, and what the first job
	 * left.
	 */
	uint32_t left = !support_sandboxed(), run = support_level() == FORKPOOL_ISOLATE_JOB ? 3 : 2;
	support_await(&words->processes, _i == 0 ? left : left + run);
	ck_assert_int_eq(kill(caller, SIGKILL), 0);
	ck_assert_int_eq(waitpid(caller, &status, 0), caller);
	pids_gone();
	if (_i == 3)
		ck_assert_int_eq(kill(-caller, SIGKILL), 0); /* the caller's child */
}
END_TEST

/*
 * The job destroys the unwinder that the handler of crashes uses: its signal is reported all the
 * same.
 */
static int
destroys_the_unwinder(struct forkpool_context *context, const void *args, size_t args_len)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	volatile int one = 1, zero = 0; /* gcc makes no division of 1 / zero */
	void *unwind, *library = dlopen("libgcc_s.so.1", RTLD_LAZY | RTLD_NOLOAD);

	(void)context;
	(void)args;
	(void)args_len;
	if (library != NULL && (unwind = dlsym(library, "_Unwind_Backtrace")) != NULL &&
	    mprotect((void *)((uintptr_t)unwind & ~(page - 1)), page, PROT_NONE) == -1)
		return errno;
	return one / zero;
}

START_TEST(crash_is_told_though_the_unwinder_crashes)
{
	struct forkpool_options options = support_options(1);
	struct forkpool *pool = support_open(&options);

	for (int i = 0; i < 3; i++) {
		(void)support_submit(pool, destroys_the_unwinder, NULL, 0);
		const struct forkpool_result *result = support_wait(pool);
		ck_assert_msg(result->outcome == FORKPOOL_CRASHED && result->signal == SIGFPE,
		    "%s, signal %d: %s", forkpool_outcome_name(result->outcome), result->signal,
		    result->message);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("deaths by jobs");
	TCase *own = support_case("own process", 30), *left = support_case("left behind", 30);
	TCase *caller = support_case("caller", 30);

	tcase_add_loop_test(own, job_that_mistreats_its_process_costs_nobody_else, 0,
	    sizeof misdeeds / sizeof misdeeds[0]);
	if (!SUPPORT_SANITIZED)
		tcase_add_test(own, crash_is_told_though_the_unwinder_crashes);
	tcase_add_test(own, large_value_into_a_strange_file_is_no_success);
	tcase_add_loop_test(left, what_a_job_leaves_goes_with_its_worker, 0, 2);
	tcase_add_loop_test(left, what_a_job_leaves_goes_with_the_pool, 0, 2);
	tcase_add_loop_test(caller, nothing_outlives_a_caller_that_is_killed, 0, 4);
	suite_add_tcase(suite, own);
	suite_add_tcase(suite, left);
	suite_add_tcase(suite, caller);
	return support_run(suite);
}

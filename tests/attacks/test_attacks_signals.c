/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jobs that attack by what comes with signals: stops that only a tracer sees, children that trace
 * their parent, and queues that are one user's.  No worker is lost, and each verdict is true.
 */
#include "config.h"
#include "tests/support/attack.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ------------------------------------------------------------------------------------- tracing */

/* Be traced by the worker, and take a signal: the process stops, and nobody lets it go on. */
static int
stops_for_its_tracer(struct forkpool_context *context, const void *args, size_t args_len)
{
	int signo = (int)attack_known(args, args_len)->n;

	ATTACK_TRY(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? -1 : 0);
	(void)raise(signo);
	return attack_through(context, "it went on", signo);
}

enum traced {
	TRACED_EXITS,       /* the traced process ends, and its end is its tracer's to see */
	TRACED_RETURNS,
	TRACED_HANGS,
	TRACED_STOPS_AT_EXIT, /* it cannot even die before its tracer lets it */
	TRACED_BY_A_GRANDCHILD,
};

static _Noreturn void
traces(pid_t job, enum traced how)
{
	const long options = how == TRACED_STOPS_AT_EXIT ? PTRACE_O_TRACEEXIT : 0;

	attack_pid_note(getpid());
	(void)setsid(); /* out of the job's group */
	if (ptrace(PTRACE_SEIZE, job, NULL, (void *)(intptr_t)options) == -1)
		_exit(1);
	support_post(&attack_words->started);
	support_wait_for_sigkill();
}

static int
is_traced_by_its_child(struct forkpool_context *context, const void *args, size_t args_len)
{
	enum traced how = (enum traced)attack_known(args, args_len)->n;
	pid_t self = getpid();

	(void)context;
	pid_t child = fork();
	if (child == -1)
		return 0;
	if (child == 0) {
		attack_pid_note(getpid());
		if (how != TRACED_BY_A_GRANDCHILD)
			traces(self, how);
		if (fork() == 0)
			traces(self, how);
		support_wait_for_sigkill();
	}
	support_await(&attack_words->started, 2); /* the neighbour, and the tracer */
	if (how == TRACED_RETURNS)
		return 0;
	if (how == TRACED_EXITS)
		_exit(3);
	support_wait_for_sigkill();
}

/* Two processes that the job leaves, one tracing the other, which traces a third. */
static int
leaves_tracers(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)attack_known(args, args_len);
	(void)context;
	for (int i = 0; i < 3; i++) {
		pid_t child = fork();
		if (child == -1)
			return 0;
		if (child != 0)
			continue;
		attack_pid_note(getpid());
		(void)setsid();
		pid_t traced = fork();
		if (traced != 0) {
			pid_t tracer = fork();
			if (tracer == 0) {
				attack_pid_note(getpid());
				(void)ptrace(PTRACE_SEIZE, traced, NULL, NULL);
				(void)ptrace(PTRACE_SEIZE, getppid(), NULL, NULL);
				support_post(&attack_words->started);
			}
		} else {
			attack_pid_note(getpid());
		}
		support_wait_for_sigkill();
	}
	support_await(&attack_words->started, 4);
	return 0;
}

#define TRACED_JOB(way, ends) is_traced_by_its_child, .job = (ends), .sandbox = ENDS(DENIED), \
	.n = (way), .timeout_ms = 300

static const struct attack tracing[] = {
	{ "stops by SIGUSR1", stops_for_its_tracer, .job = ENDS(TIMED_OUT),
	    .sandbox = ENDS(DENIED), .denied = "ptrace", .n = SIGUSR1, .timeout_ms = 300 },
	{ "stops by SIGSTOP", stops_for_its_tracer, .job = ENDS(TIMED_OUT),
	    .sandbox = ENDS(DENIED), .denied = "ptrace", .n = SIGSTOP, .timeout_ms = 300 },
	{ "stops by SIGCONT", stops_for_its_tracer, .job = ENDS(TIMED_OUT),
	    .sandbox = ENDS(DENIED), .denied = "ptrace", .n = SIGCONT, .timeout_ms = 300 },
	{ "stops by SIGTRAP", stops_for_its_tracer, .job = ENDS(TIMED_OUT),
	    .sandbox = ENDS(DENIED), .denied = "ptrace", .n = SIGTRAP, .timeout_ms = 300 },
	{ "traced, and exits", TRACED_JOB(TRACED_EXITS, ENDS(TIMED_OUT)) },
	{ "traced, and returns", TRACED_JOB(TRACED_RETURNS, ENDS(TIMED_OUT)) },
	{ "traced, and hangs", TRACED_JOB(TRACED_HANGS, ENDS(TIMED_OUT)) },
	{ "traced, also at its exit", TRACED_JOB(TRACED_STOPS_AT_EXIT, ENDS(TIMED_OUT)) },
	{ "traced by a grandchild", TRACED_JOB(TRACED_BY_A_GRANDCHILD, ENDS(TIMED_OUT)) },
	{ "leaves tracers", leaves_tracers, .job = ENDS(OK), .sandbox = ENDS(DENIED) },
};

static void
trace_and_see(struct attack_scene *scene, const void *arg)
{
	const struct attack *attack = arg;

	attack_run(scene, attack);
	ck_assert_msg(strstr(scene->result.message, "wait status") == NULL, "%s: %s", attack->name,
	    scene->result.message);
	attack_pids_gone(scene, 0);
}

START_TEST(traces_or_is_traced)
{
	struct forkpool_options options = support_options(2);

	options.grace_ns = INT64_C(100) * 1000000;
	attack_table_with(tracing, _i, &options, trace_and_see);
}
END_TEST

/* -------------------------------------------------------------------------------------- queues */

/* What a sandbox's process may have in queues that are counted by user. */
#define QUEUED_MOST 1024

static int
queues_signals(struct forkpool_context *context, const void *args, size_t args_len)
{
	sigset_t all;
	long queued = 0;

	(void)attack_known(args, args_len);
	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	while (queued < 200000 &&
	    syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGRTMIN) == 0)
		queued++;
	if (queued > QUEUED_MOST)
		return attack_through(context, "signals queued", queued);
	return 0;
}

static int
makes_timers(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN };
	timer_t timer;
	long made = 0;

	(void)attack_known(args, args_len);
	while (made < 200000 && timer_create(CLOCK_MONOTONIC, &event, &timer) == 0)
		made++;
	if (made > QUEUED_MOST)
		return attack_through(context, "timers made", made);
	return 0;
}

/* No queue of messages, and no more than that limit says. */
static int
makes_message_queues(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)attack_known(args, args_len);
#ifdef SYS_mq_open
	ATTACK_TRY(syscall(SYS_mq_open, "made-by-a-job", 0102 /* O_CREAT | O_RDWR */, 0600, NULL));
#endif
	return 0;
}

static void *
is_denied(void *arg)
{
	(void)syscall(SYS_ptrace, 0, 0, 0, 0);
	return arg;
}

/* The call that is denied is another thread's than the one that runs the function. */
static int
has_a_thread_that_is_denied(struct forkpool_context *context, const void *args, size_t args_len)
{
	pthread_t thread;

	(void)context;
	(void)attack_known(args, args_len);
	int error = pthread_create(&thread, NULL, is_denied, NULL);
	return error != 0 ? error : pthread_join(thread, NULL);
}

static const struct attack threads[] = {
	{ "a thread is denied", has_a_thread_that_is_denied, DENIED_BY("ptrace") },
};

static const struct attack queues[] = {
	{ "signals", queues_signals, SANDBOX(KEPT_OUT) },
	{ "timers", makes_timers, SANDBOX(KEPT_OUT) },
	{ "messages", makes_message_queues, SANDBOX(KEPT_OUT) },
};

START_TEST(fills_queues)
{
	attack_table(queues, _i, NULL);
}
END_TEST

START_TEST(fills_queues_where_programs_run)
{
	attack_table_sandbox(queues, _i, &attack_programs);
}
END_TEST

START_TEST(a_denied_thread_is_named)
{
	attack_table_sandbox(threads, _i, &attack_programs);
}
END_TEST

/* Threads, and no programs: another filter. */
START_TEST(a_denied_thread_is_named_where_threads_are_all)
{
	static const struct forkpool_sandbox sandbox = { .threads = 1 };

	attack_table_sandbox(threads, _i, &sandbox);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("attacks by signals");
	TCase *trace = support_case("tracing", 60), *queue = support_case("queues", 60);

	ATTACK_TABLE(trace, traces_or_is_traced, tracing);
	ATTACK_TABLE(queue, fills_queues, queues);
	ATTACK_TABLE(queue, fills_queues_where_programs_run, queues);
	ATTACK_TABLE(queue, a_denied_thread_is_named, threads);
	ATTACK_TABLE(queue, a_denied_thread_is_named_where_threads_are_all, threads);
	suite_add_tcase(suite, trace);
	suite_add_tcase(suite, queue);
	return attack_main(suite);
}

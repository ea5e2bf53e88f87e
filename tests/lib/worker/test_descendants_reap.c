/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descendants that lose their parent and end while their job runs: the worker reaps and counts
 * them, but never the job's own process, and a stop that it sees as a tracer is no end.
 */
#include "config.h"
#include "tests/support/support.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/os/os.h"
#include "lib/worker/descendants.h"

static struct {
	_Atomic uint32_t ready, go;
} *words;

/* The fourth orphan makes the worker its tracer, and stops; stops: so does the job's process. */
static _Noreturn void
job_with_orphans(int stops)
{
	for (uint32_t i = 0; i < 10; i++) {
		pid_t child = fork();
		if (child == 0) {
			if (fork() != 0)
				_exit(0);
			support_await(&words->go, 1);
			if (i == 3 && ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0)
				(void)raise(SIGSTOP);
			_exit(0);
		}
		(void)waitpid(child, NULL, 0);
	}
	(void)atomic_fetch_add(&words->ready, 1);
	support_await(&words->go, 1);
	if (stops && ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0)
		(void)raise(SIGSTOP);
	_exit(7);
}

static _Noreturn void
worker_reaps(int stops)
{
	struct descendants_meter meter = { 0 };
	struct pid_namespace ns;
	struct descendants left;
	int status, children = os_children_open();

	(void)os_adopt_orphans();
	pid_namespace_none(&ns);
	pid_t job = fork();
	if (job == 0)
		job_with_orphans(stops);
	support_await(&words->ready, 1);
	if (descendants_reap(&meter, job, false) || meter.reaped.count != 0)
		_exit(2); /* all live */
	atomic_store(&words->go, 1);
	for (int ms = 0; ms < SUPPORT_HANGS_MS && meter.reaped.count < 9; ms++) {
		/* Where the process has ended it comes first, and the rest is done later. */
		(void)descendants_reap(&meter, job, false);
		if (!stops && support_state(job) == 'Z')
			break;
		(void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	if (stops && (meter.reaped.count != 9 || support_state(job) != 't'))
		_exit(3);
	(void)kill(job, SIGKILL);
	if (waitpid(job, &status, 0) != job ||
	    (stops ? !WIFSIGNALED(status) : WEXITSTATUS(status) != 7))
		_exit(4);
	if (descendants_end(children, &ns, job, &left) == -1 ||
	    left.count + meter.reaped.count != 10)
		_exit(5);
	(void)close(children);
	_exit(0);
}

/* _i: whether the job's process stops. */
START_TEST(those_that_have_ended_are_reaped_while_the_job_runs)
{
	int status;

	words = support_shared(sizeof *words);
	pid_t worker = fork();
	ck_assert_int_ne(worker, -1);
	if (worker == 0)
		worker_reaps(_i);
	ck_assert_int_eq(waitpid(worker, &status, 0), worker);
	ck_assert_int_eq(status, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("descendants while their job runs");
	TCase *tc = support_case("reap", 60);

	int children = os_children_open();
	if (children == -1) {
		(void)puts("1..0 # SKIP this system does not tell a process its children");
		return 0;
	}
	(void)close(children);
	tcase_add_loop_test(tc, those_that_have_ended_are_reaped_while_the_job_runs, 0, 2);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The n-th call fails, for every n until none fails any more: each time a clean error or a clean
 * result for every job, no hang, nothing left behind.
 */
#include "config.h"
#include "tests/support/fault_scenario.h"
#include "tests/support/support.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Every n up to this one is tried.  After it the steps get larger where each of a pool's many
 * processes is slow to fork: under a sanitizer, and where each job is one; but not with
 * FORKPOOL_TEST_ALL in the environment.
 */
#define EVERY_N (FAULT_ASAN ? 24u : 16u)

static uint32_t
next_after(uint32_t n)
{
	int slow = (FAULT_ASAN || support_own_process()) && getenv("FORKPOOL_TEST_ALL") == NULL;

	return n + (slow && n >= EVERY_N ? n / 8 : 1);
}

static struct fault_report *report;

static const char *const processes[] = {
	[INJECT_CALLER] = "the caller",
	[INJECT_SUPERVISOR] = "the supervisor",
	[INJECT_WORKER] = "the workers",
	[INJECT_JOB] = "the jobs",
};

/* Run one caller with that fault; return how many calls failed. */
static uint32_t
run(const struct fault *f, uint32_t nth)
{
	struct inject_plan plan = f->plan;
	int fds[2], status;
	char name[120];
	const char *how = plan.error == INJECT_SHORT ? "short count" : strerror(plan.error);

	if (plan.error == INJECT_NO_FD)
		how = "no descriptor";
	plan.nth = nth;
	memset(report, 0, sizeof *report);
	(void)snprintf(name, sizeof name, "%s no. %u of %s fails (%s)%s", inject_name(plan.call),
	    nth, processes[plan.process], how, plan.for_ever ? " and all after it" : "");
	ck_assert_int_eq(pipe(fds), 0);
	pid_t pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		(void)close(fds[0]);
		fault_caller(f, &plan, report);
	}
	(void)close(fds[1]);
	/* The pool's processes have closed their copies, so the pipe ends with the caller. */
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

/* EACH: output is not captured.  CAPTURED: it is. */
#define EACH(call_, process_, error_, excused_) \
	{ .plan = { .call = INJECT_##call_, .process = INJECT_##process_, .error = error_ }, \
	  .excused = excused_ }
#define CAPTURED(call_, process_, error_, excused_) \
	{ .plan = { .call = INJECT_##call_, .process = INJECT_##process_, .error = error_ }, \
	  .excused = excused_, .capture = 1 }
/* PERHAPS: the call need not happen. */
#define PERHAPS(call_, process_, error_, excused_) \
	{ .plan = { .call = INJECT_##call_, .process = INJECT_##process_, .error = error_ }, \
	  .excused = excused_, .unseen = FAULT_UNSEEN }
/* WORKERS_OWN: output is captured, and the call need not happen where each job has its own
   process. */
#define WORKERS_OWN(call_, process_, error_, excused_) \
	{ .plan = { .call = INJECT_##call_, .process = INJECT_##process_, .error = error_ }, \
	  .excused = excused_, .capture = 1, .unseen = FAULT_UNSEEN_OWN_PROCESS }
/* LOOP: the caller waits for forkpool_fd(). */
#define LOOP(call_, error_, for_ever_) \
	{ .plan = { .call = INJECT_##call_, .process = INJECT_CALLER, .error = error_, \
		    .for_ever = for_ever_ }, .loop = 1 }
#define FOR_EVER(call_, process_, error_, excused_) \
	{ .plan = { .call = INJECT_##call_, .process = INJECT_##process_, .error = error_, \
		    .for_ever = 1 }, .excused = excused_ }

static const struct fault faults[] = {
	EACH(fork, CALLER, EAGAIN, 0),
	EACH(fork, SUPERVISOR, EAGAIN, 0),
	EACH(fork, SUPERVISOR, ENOMEM, 0),
	EACH(pipe2, CALLER, EMFILE, 0),
	EACH(pipe2, SUPERVISOR, ENFILE, 0),
	EACH(socketpair, CALLER, EMFILE, 0),
	FOR_EVER(pipe2, CALLER, EMFILE, 0),
	FOR_EVER(poll, CALLER, EINVAL, 0),
	EACH(mmap, CALLER, ENOMEM, 1),
	EACH(madvise, CALLER, ENOMEM, 1),
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
	/*
	 * POSIX makes writes of up to PIPE_BUF bytes whole: a short one is only tried in packet
	 * mode, where it costs its packet.
	 */
#ifndef FORKPOOL_PADDED_PACKETS
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
	LOOP(epoll_create1, EMFILE, 0),
	LOOP(epoll_create1, ENFILE, 1),
	LOOP(epoll_ctl, ENOMEM, 0),
	LOOP(epoll_ctl, ENOSPC, 1),
	LOOP(epoll_wait, EINTR, 0),
	LOOP(epoll_wait, EBADF, 1),
	LOOP(timerfd_create, EMFILE, 0),
	LOOP(timerfd_settime, EINVAL, 0),
	LOOP(timerfd_settime, EINVAL, 1),
	LOOP(write, EIO, 0),
};

/* Where each job has a process of its own. */
static const struct fault faults_apart[] = {
	EACH(fork, SUPERVISOR, ENOMEM, 0),
	PERHAPS(fork, WORKER, EAGAIN, 1),
	PERHAPS(os_fork_raw, WORKER, EAGAIN, 1),
	PERHAPS(os_fork_raw, WORKER, ENOMEM, 1),
	CAPTURED(mmap, WORKER, ENOMEM, 1),
	EACH(mmap, JOB, ENOMEM, 0),
	FOR_EVER(mmap, JOB, ENOMEM, 2),
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
	  .excused = 1, .limited = 1 },
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

/*
 * The i-th fault that this level has; NULL past the last one.  The caller and the supervisor do the
 * same at SANDBOX as at JOB, so that of the first table only the workers' faults are tried there.
 */
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
	int may_be_unseen = f->unseen == FAULT_UNSEEN ||
	    (f->unseen == FAULT_UNSEEN_OWN_PROCESS && support_own_process());

	report = support_shared(sizeof *report);
	inject_setup();
	ck_assert_uint_eq(run(f, 0), 0);
	while (run(f, n) > 0)
		n = next_after(n);
	ck_assert_msg(n > 1 || may_be_unseen, "no call of %s was seen", inject_name(f->plan.call));
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

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jobs that attack processes: the worker, the supervisor, the caller, each other, groups of
 * processes; and jobs that will not be ended.
 */
#include "config.h"
#include "tests/support/attack.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MS           INT64_C(1000000)

enum victim {
	VICTIM_WORKER,
	VICTIM_SUPERVISOR,
	VICTIM_CALLER,
	VICTIM_NEIGHBOUR,
	VICTIM_OTHER_WORKER,
	VICTIMS
};

static pid_t
pid_of(const struct attack_knowledge *known)
{
	switch ((enum victim)known->n) {
	case VICTIM_SUPERVISOR:
		return known->supervisor;
	case VICTIM_CALLER:
		return known->caller;
	case VICTIM_NEIGHBOUR:
		return known->neighbour;
	case VICTIM_OTHER_WORKER:
		return known->worker[0] == getppid() ? known->worker[1] : known->worker[0];
	case VICTIM_WORKER:
	case VICTIMS:
	default:
		return getppid() != 0 ? getppid() : known->worker[0];
	}
}

/* In a pid namespace a job has no parent, and may itself have the number of a process outside. */
static pid_t
victim_of(const struct attack_knowledge *known)
{
	pid_t pid = pid_of(known);

	return pid != getpid() ? pid : INT_MAX;
}

#define ON_VICTIM(what, fn, name, victim) \
	{ what, fn, SANDBOX(KEPT_OUT), .denied = (name), .n = (victim) }
#define EACH_VICTIM(what, fn, name) \
	ON_VICTIM(what " on its worker", fn, name, VICTIM_WORKER), \
	ON_VICTIM(what " on the supervisor", fn, name, VICTIM_SUPERVISOR), \
	ON_VICTIM(what " on the caller", fn, name, VICTIM_CALLER), \
	ON_VICTIM(what " on another job", fn, name, VICTIM_NEIGHBOUR)

static int
traces(struct forkpool_context *context, const void *args, size_t args_len)
{
	pid_t pid = victim_of(attack_known(args, args_len));

	/* PTRACE_SEIZE first: it sends no signal, while PTRACE_ATTACH would stop the victim. */
	ATTACK_TRY(syscall(SYS_ptrace, PTRACE_SEIZE, pid, NULL, NULL));
	ATTACK_TRY(syscall(SYS_ptrace, PTRACE_ATTACH, pid, NULL, NULL));
	return 0;
}

static int
writes_memory(struct forkpool_context *context, const void *args, size_t args_len)
{
	const struct attack_knowledge *known = attack_known(args, args_len);
	char evil[64];
	struct iovec own = { .iov_base = evil, .iov_len = sizeof evil };
	struct iovec theirs = { .iov_base = (void *)known->canary, .iov_len = sizeof evil };

	memset(evil, 0x66, sizeof evil);
	ATTACK_TRY(process_vm_writev(victim_of(known), &own, 1, &theirs, 1, 0));
	return 0;
}

static int
reads_memory(struct forkpool_context *context, const void *args, size_t args_len)
{
	const struct attack_knowledge *known = attack_known(args, args_len);
	char stolen[64];
	struct iovec own = { .iov_base = stolen, .iov_len = sizeof stolen };
	struct iovec theirs = { .iov_base = (void *)known->canary, .iov_len = sizeof stolen };

	ATTACK_TRY(process_vm_readv(victim_of(known), &own, 1, &theirs, 1, 0));
	return 0;
}

static int
opens_memory(struct forkpool_context *context, const void *args, size_t args_len)
{
	const struct attack_knowledge *known = attack_known(args, args_len);
	static const char *const files[] = { "mem", "maps", "environ", "root", "fd/0", "fd/1",
		"fd/2", "fd/3", "fd/4", "fd/5", "map_files" };
	char path[64];

	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		(void)snprintf(path, sizeof path, "/proc/%d/%s", (int)victim_of(known), files[i]);
		int fd = open(path, O_RDWR);
		if (fd != -1 && i == 0)
			(void)!pwrite(fd, "evil", 4, (off_t)known->canary);
		if (fd != -1)
			return attack_through(context, path, fd);
		ATTACK_TRY(open(path, O_RDONLY));
	}
	return 0;
}

static int
takes_descriptors(struct forkpool_context *context, const void *args, size_t args_len)
{
	int handle = (int)syscall(SYS_pidfd_open, victim_of(attack_known(args, args_len)), 0);

	if (handle == -1)
		return 0;
	for (int fd = 0; fd < 64; fd++)
		ATTACK_TRY(syscall(SYS_pidfd_getfd, handle, fd, 0));
	ATTACK_TRY(syscall(SYS_pidfd_send_signal, handle, 0, NULL, 0));
	return attack_through(context, "pidfd_open()", handle);
}

/* SIGWINCH does no harm where it arrives: no signal must get through at all. */
static int
signals(struct forkpool_context *context, const void *args, size_t args_len)
{
	ATTACK_TRY(kill(victim_of(attack_known(args, args_len)), SIGWINCH));
	return 0;
}

static int
signals_thread(struct forkpool_context *context, const void *args, size_t args_len)
{
	pid_t pid = victim_of(attack_known(args, args_len));

	ATTACK_TRY(syscall(SYS_tgkill, pid, pid, SIGWINCH));
	return 0;
}

static int
signals_task(struct forkpool_context *context, const void *args, size_t args_len)
{
	ATTACK_TRY(syscall(SYS_tkill, victim_of(attack_known(args, args_len)), SIGWINCH));
	return 0;
}

static int
queues(struct forkpool_context *context, const void *args, size_t args_len)
{
	union sigval value = { .sival_int = 1 };

	ATTACK_TRY(sigqueue(victim_of(attack_known(args, args_len)), SIGWINCH, value));
	return 0;
}

static int
stops(struct forkpool_context *context, const void *args, size_t args_len)
{
	ATTACK_TRY(kill(victim_of(attack_known(args, args_len)), SIGSTOP));
	return 0;
}

static int
schedules(struct forkpool_context *context, const void *args, size_t args_len)
{
	pid_t pid = victim_of(attack_known(args, args_len));
	struct sched_param idle = { .sched_priority = 0 };

	ATTACK_TRY(sched_setscheduler(pid, SCHED_IDLE, &idle));
	ATTACK_TRY(setpriority(PRIO_PROCESS, (id_t)pid, 19));
	return 0;
}

static int
limits(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct rlimit none = { 0 };

	ATTACK_TRY(prlimit(victim_of(attack_known(args, args_len)), RLIMIT_FSIZE, &none, NULL));
	return 0;
}

static const struct attack on_processes[] = {
	EACH_VICTIM("ptrace", traces, "ptrace"),
	EACH_VICTIM("process_vm_writev", writes_memory, "process_vm_writev"),
	EACH_VICTIM("process_vm_readv", reads_memory, "process_vm_readv"),
	EACH_VICTIM("/proc/PID/mem", opens_memory, NULL),
	EACH_VICTIM("pidfd", takes_descriptors, "pidfd_open"),
	EACH_VICTIM("kill", signals, "kill"),
	EACH_VICTIM("SIGSTOP", stops, "kill"),
	EACH_VICTIM("tgkill", signals_thread, "tgkill"),
	EACH_VICTIM("tkill", signals_task, "tkill"),
	EACH_VICTIM("sigqueue", queues, "rt_sigqueueinfo"),
	EACH_VICTIM("scheduling", schedules, "sched_setscheduler"),
	EACH_VICTIM("prlimit", limits, "prlimit64"),
};

START_TEST(attacks_a_process)
{
	attack_table(on_processes, _i, NULL);
}
END_TEST

START_TEST(attacks_a_process_where_programs_run)
{
	attack_table_sandbox(on_processes, _i, &attack_programs);
}
END_TEST

/* ---------------------------------------------------------------------- whole groups, at random */

/* The signal does no harm where it arrives. */
static int
kills_many(struct forkpool_context *context, const void *args, size_t args_len)
{
	ATTACK_TRY(kill((pid_t)attack_known(args, args_len)->n, SIGWINCH));
	return 0;
}

/* At JOB a job's process has a group of its own: it kills itself only. */
static int
kills_own_group(struct forkpool_context *context, const void *args, size_t args_len)
{
	if (getpgrp() != getpid())
		return forkpool_fail(context, EPROTO,
		    "it got through: it is in its worker's group");
	(void)attack_known(args, args_len);
	(void)kill(0, SIGKILL);
	return 0;
}

static int
kills_own_group_plainly(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)attack_known(args, args_len);
	(void)kill(0, SIGKILL);
	return 0;
}

static int
joins_group(struct forkpool_context *context, const void *args, size_t args_len)
{
	ATTACK_TRY(setpgid(0, victim_of(attack_known(args, args_len))));
	return 0;
}

static const struct attack on_groups[] = {
	{ "kill(-1)", kills_many, SANDBOX(KEPT_OUT), .denied = "kill", .n = -1 },
	{ "kill(0), at JOB", kills_own_group, .job = ENDS(CRASHED), .sandbox = 0,
	    .signal = SIGKILL },
	{ "kill(0)", kills_own_group_plainly, SANDBOX(ENDS(CRASHED) | KEPT_OUT),
	    .signal = SIGKILL },
	{ "setpgid to its worker", joins_group, SANDBOX(KEPT_OUT), .n = VICTIM_WORKER },
	{ "setpgid to the caller", joins_group, BOTH(KEPT_OUT), .n = VICTIM_CALLER },
};

START_TEST(attacks_groups)
{
	attack_table(on_groups, _i, NULL);
}
END_TEST

/* ------------------------------------------------------------------------------ not to be ended */

static int
ignores_and_spins(struct forkpool_context *context, const void *args, size_t args_len)
{
	sigset_t all;

	(void)context;
	sigfillset(&all);
	if (attack_known(args, args_len)->n == 0) {
		(void)signal(SIGTERM, SIG_IGN);
		(void)signal(SIGXCPU, SIG_IGN);
	}
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	for (volatile unsigned n = 1; n != 0; n |= 1)
		n++;
	return 0;
}

static int
stops_itself(struct forkpool_context *context, const void *args, size_t args_len)
{
	int64_t n = attack_known(args, args_len)->n;

	(void)context;
	if (n == 1)
		(void)signal(SIGTERM, SIG_IGN);
	while (raise(SIGSTOP) == 0)
		continue;
	return 0;
}

static int
sleeps(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)attack_known(args, args_len);
	while (nanosleep(&(struct timespec){ .tv_sec = 1000 }, NULL) != 2)
		continue;
	return 0;
}

static const struct attack unending[] = {
	{ "ignores signals", ignores_and_spins, BOTH(ENDS(TIMED_OUT) | ENDS(DENIED)), .n = 0,
	    .timeout_ms = 200 },
	{ "blocks signals", ignores_and_spins, BOTH(ENDS(TIMED_OUT)), .n = 1, .timeout_ms = 200 },
	{ "stops itself", stops_itself, BOTH(ENDS(TIMED_OUT)), .n = 0, .timeout_ms = 200 },
	{ "stops itself and ignores SIGTERM", stops_itself, BOTH(ENDS(TIMED_OUT) | ENDS(DENIED)),
	    .n = 1, .timeout_ms = 200 },
	{ "sleeps", sleeps, BOTH(ENDS(TIMED_OUT)), .timeout_ms = 200 },
};

START_TEST(does_not_end)
{
	attack_table(unending, _i, NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("attacks on processes");
	TCase *others = support_case("others", 60), *itself = support_case("itself", 60);

	ATTACK_TABLE(others, attacks_a_process, on_processes);
	ATTACK_TABLE(others, attacks_a_process_where_programs_run, on_processes);
	ATTACK_TABLE(others, attacks_groups, on_groups);
	ATTACK_TABLE(itself, does_not_end, unending);
	suite_add_tcase(suite, others);
	suite_add_tcase(suite, itself);
	return attack_main(suite);
}

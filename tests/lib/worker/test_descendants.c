/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descendants that a job's process leaves behind, as real trees of processes: all are ended,
 * whatever they did to get away, no other process is touched, and their processor time is counted.
 */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/os/clock.h"
#include "lib/os/os.h"
#include "lib/worker/descendants.h"
#include "tests/support/users.h"

#define PIDS_MAX 512u
#define BOMB     200u
#define BURN_NS  (60 * CLOCK_MS)

static struct shared_words {
	_Atomic uint32_t processes, ready, go, forks;
	_Atomic int32_t  pid[PIDS_MAX];
	/* What the worker reports to the test. */
	unsigned count;
	int64_t  cpu_ns, job_cpu_ns, seen_ns;
} *words;

/* ----------------------------------------------------------------------------- in the processes */

static _Noreturn void
spin(void)
{
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	atomic_store(&words->pid[atomic_fetch_add(&words->processes, 1) % PIDS_MAX],
	    (int32_t)getpid());
	for (;;)
		(void)pause();
}

static void
burn(void)
{
	struct timespec used;
	volatile unsigned n = 0;

	do {
		for (int i = 0; i < 10000; i++)
			n++;
		(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	} while (used.tv_sec == 0 && used.tv_nsec < BURN_NS);
}

static void leaves_nobody(void) { }

static void
leaves_children(void)
{
	for (uint32_t i = 0; i < 5; i++)
		if (fork() == 0)
			spin();
	support_await(&words->processes, 5);
}

static void
leaves_daemons(void)
{
	for (uint32_t i = 0; i < 5; i++) {
		pid_t child = fork();
		if (child == 0) {
			(void)setsid();
			if (fork() == 0)
				spin();
			_exit(0);
		}
		(void)waitpid(child, NULL, 0);
	}
	support_await(&words->processes, 5);
}

static void
leaves_sessions(void)
{
	for (uint32_t i = 0; i < 40; i++)
		if (fork() == 0) {
			(void)setsid();
			spin();
		}
	support_await(&words->processes, 40);
}

/* Each process is the child of the one before it; all but the last have ended. */
static void
leaves_the_end_of_a_chain(void)
{
	for (uint32_t i = 0; i < 50; i++) {
		if (fork() != 0) {
			if (i > 0)
				_exit(0);
			break;
		}
		if (i % 2 == 0)
			(void)setsid();
		if (i == 49)
			spin();
	}
	support_await(&words->processes, 1);
}

/* Each process is the child of the one before it, and all live. */
static void
leaves_a_chain(void)
{
	for (uint32_t i = 0; i < 50; i++) {
		if (fork() != 0) {
			if (i > 0)
				spin();
			break;
		}
		if (i % 3 == 0)
			(void)setsid();
		else if (i % 3 == 1)
			(void)setpgid(0, 0);
		if (i == 49)
			spin();
	}
	support_await(&words->processes, 50);
}

static void
leaves_zombies(void)
{
	for (uint32_t i = 0; i < 20; i++)
		if (fork() == 0) {
			if (i % 2 == 0 && fork() == 0)
				_exit(1);
			_exit(0);
		}
}

static void
leaves_stopped_ones(void)
{
	for (uint32_t i = 0; i < 5; i++) {
		pid_t child = fork();
		if (child == 0) {
			(void)setpgid(0, 0);
			spin();
		}
		support_await(&words->processes, i + 1);
		(void)kill(child, SIGSTOP);
	}
}

/* All processes fork until BOMB forks are used up, also while they are being killed. */
static _Noreturn void
multiply(void)
{
	for (unsigned i = 0;; i++) {
		if (atomic_fetch_add(&words->forks, 1) >= BOMB)
			spin();
		if (fork() == 0 && i % 2 == 0)
			(void)setsid();
	}
}

static void
leaves_a_bomb(void)
{
	if (fork() == 0)
		multiply();
	/* Here the bomb is still growing when the job ends; in the next tree it is complete. */
	support_await(&words->forks, 20);
}

static void
leaves_a_bomb_that_is_done(void)
{
	if (fork() == 0)
		multiply();
	support_await(&words->processes, BOMB);
}

/* Three children; one of them has waited for one of its own. */
static void
leaves_those_that_burnt(void)
{
	for (uint32_t i = 0; i < 3; i++)
		if (fork() == 0) {
			pid_t own = i == 0 ? fork() : 0;
			if (i != 0 || own == 0)
				burn();
			if (i == 0 && own == 0)
				_exit(0);
			if (i == 0) {
				(void)waitpid(own, NULL, 0);
				burn();
			}
			spin();
		}
	support_await(&words->processes, 3);
}

#ifdef CLONE_PARENT
/* Children of the worker's own, each with a child that it does not wait for. */
static void
leaves_siblings(void)
{
	for (uint32_t i = 0; i < 3; i++)
		if (syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0) == 0) {
			(void)!fork();
			spin();
		}
	support_await(&words->processes, 6);
}
#endif

/* ------------------------------------------------------------------------ in the worker's place */

struct tree {
	void    (*grow)(void);
	unsigned least, most;   /* processes that the job leaves */
	int64_t  burnt;         /* processor time that they use, in BURN_NS */
};

/* Whether a worker may have a pid namespace; an ordinary user's, in a user namespace. */
static int
namespace_enter(struct pid_namespace *ns)
{
	const struct private_root none = { .wanted = false };
	const char *step;

	return (geteuid() != 0 && unshare(CLONE_NEWUSER) == -1) ||
	    pid_namespace_enter_worker(ns, &none, &step) == -1 ||
	    pid_namespace_enter_late(ns, &step) == -1 ? -1 : 0;
}

static int
lacks_namespaces(void)
{
	return user_lacks_namespaces(geteuid() == 0 ? USER_ROOT : USER_OTHER, "pid namespace");
}

/* Nobody but init is in the namespace. */
static int
is_empty(const struct pid_namespace *ns)
{
	pid_t orphan;
	int fd = os_children_open_of(ns->init);
	ssize_t n = os_children_read(fd, &orphan, 1);

	(void)close(fd);
	return n == 0;
}

static _Noreturn void
worker_main(const struct tree *tree, int in_namespace)
{
	struct pid_namespace ns;
	struct descendants left;
	struct rusage usage;
	siginfo_t info;
	int status;

	(void)os_adopt_orphans();
	int children = os_children_open();
	pid_namespace_none(&ns);
	if (in_namespace && namespace_enter(&ns) == -1)
		_exit(4);
	for (int round = 0; round < 2; round++) { /* the second round: after another job */
		pid_t job = fork();
		if (job == 0) {
			(void)setpgid(0, 0);
			tree->grow();
			_exit(0);
		}
		if (wait4(job, &status, 0, &usage) != job || status != 0)
			_exit(1);
		if (descendants_end(children, &ns, job, &left) == -1)
			_exit(5);
		if (in_namespace && !is_empty(&ns))
			_exit(6);
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != -1 || errno != ECHILD)
			_exit(2);
		if (left.count < tree->least || left.count > tree->most)
			_exit(3);
		words->count = left.count;
		words->cpu_ns = left.user_ns + left.system_ns;
		atomic_store(&words->processes, 0);
		atomic_store(&words->forks, 0);
	}
	(void)close(children);
	pid_namespace_release(&ns);
	_exit(0);
}

static pid_t
worker_start(const struct tree *tree, int in_namespace)
{
	pid_t worker = fork();

	ck_assert_int_ne(worker, -1);
	if (worker == 0) {
		(void)setsid();
		worker_main(tree, in_namespace);
	}
	return worker;
}

static const struct tree trees[] = {
	{ leaves_nobody, 0, 0, 0 },
	{ leaves_children, 5, 5, 0 },
	{ leaves_daemons, 5, 5, 0 },
	{ leaves_sessions, 40, 40, 0 },
	{ leaves_the_end_of_a_chain, 1, 50, 0 },
	{ leaves_a_chain, 50, 50, 0 },
	{ leaves_zombies, 0, 30, 0 },
	{ leaves_stopped_ones, 5, 5, 0 },
	{ leaves_a_bomb, 1, 1 + BOMB, 0 },
	{ leaves_a_bomb_that_is_done, BOMB, 1 + BOMB, 0 },
	{ leaves_those_that_burnt, 3, 3, 4 },
#ifdef CLONE_PARENT
	{ leaves_siblings, 6, 6, 0 },
#endif
};
#define TREES (int)(sizeof trees / sizeof trees[0])

/* ------------------------------------------------------------------------------------ the tests */

/* _i: the tree; from TREES on in a pid namespace. */
START_TEST(nobody_is_left)
{
	const struct tree *tree = &trees[_i % TREES];
	int in_namespace = _i >= TREES;
	int status;

	if (in_namespace && lacks_namespaces())
		return;
	words = support_shared(sizeof *words);
	/* A process that does not belong to the tree. */
	pid_t bystander = fork();
	ck_assert_int_ne(bystander, -1);
	if (bystander == 0)
		for (;;)
			(void)pause();
	pid_t worker = worker_start(tree, in_namespace);
	ck_assert_int_eq(waitpid(worker, &status, 0), worker);
	ck_assert_msg(status == 0, "tree %d: wait status %#x, %u left", _i, (unsigned)status,
	    words->count);
	/* Processes in a namespace know other numbers of themselves. */
	for (uint32_t i = 0; !in_namespace && i < PIDS_MAX && atomic_load(&words->pid[i]) != 0; i++)
		ck_assert_msg(support_gone((pid_t)atomic_load(&words->pid[i]), 0),
		    "tree %d: process %u is left", _i, i);
	ck_assert_int_ge(words->cpu_ns, tree->burnt * BURN_NS);
	/* An emulated processor takes seconds to fork them all. */
	ck_assert_int_lt(words->cpu_ns, tree->burnt * BURN_NS + SUPPORT_HANGS_MS * CLOCK_MS);
	ck_assert(!support_gone(bystander, 0));
	/* A process that got away is this one's child by now, and the fixture fails for it. */
	ck_assert_int_eq(kill(bystander, SIGKILL), 0);
	ck_assert_int_eq(waitpid(bystander, &status, 0), bystander);
}
END_TEST

/* _i: whether the job may have children; 2: in a pid namespace. */
START_TEST(processor_time_is_seen_while_they_run)
{
	struct pid_namespace ns;
	int children = os_children_open(), status;

	pid_namespace_none(&ns);
	/* A sanitizer makes a thread at the end, which a process with such a namespace cannot. */
	if (_i == 2 && (SUPPORT_SANITIZED || lacks_namespaces())) {
		(void)close(children);
		return;
	}
	words = support_shared(sizeof *words);
	ck_assert(_i != 2 || namespace_enter(&ns) == 0);
	ck_assert_int_ne(children, -1);
	pid_t job = fork();
	ck_assert_int_ne(job, -1);
	if (job == 0) {
		pid_t daemon;
		burn();
		if (fork() == 0) {
			burn();
			spin();
		}
		if ((daemon = fork()) == 0) {
			if (fork() == 0) {
				burn();
				spin();
			}
			_exit(0);
		}
		(void)waitpid(daemon, NULL, 0);
		if (fork() == 0) {
			burn();
			_exit(0);
		}
		(void)wait(NULL);
		spin();
	}
	support_await(&words->processes, 3);
	struct descendants_meter meter = { 0 };
	int64_t seen = descendants_cpu_ns(&meter, children, &ns, job, _i);
	/* Of processes that were waited for the time is known in ticks. */
	int64_t least = (_i ? 4 : 1) * BURN_NS - CLOCK_S / sysconf(_SC_CLK_TCK) * 2;
	ck_assert_int_ge(seen, least);
	ck_assert_int_lt(seen, 10 * CLOCK_S);
	ck_assert(descendants_cpu_ns(&meter, children, &ns, job, _i) >= seen);
	ck_assert_int_ge(descendants_cpu_ns(&meter, -1, &ns, job, _i), BURN_NS);
	ck_assert_int_eq(kill(job, SIGKILL), 0);
	ck_assert_int_eq(waitpid(job, &status, 0), job);
	struct descendants left;
	ck_assert_int_eq(descendants_end(children, &ns, job, &left), 0);
	pid_namespace_release(&ns);
	ck_assert_uint_eq(left.count, 2);
	ck_assert_int_ge(left.user_ns + left.system_ns, 2 * BURN_NS);
	ck_assert_int_eq(close(children), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("descendants");
	TCase *tc = support_case("descendants", 60);

	int children = os_children_open();
	if (children == -1) {
		(void)puts("1..0 # SKIP this system does not tell a process its children");
		return 0;
	}
	(void)close(children);
	tcase_add_loop_test(tc, nobody_is_left, 0, 2 * TREES);
	tcase_add_loop_test(tc, processor_time_is_seen_while_they_run, 0, 3);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jobs in a pid namespace, whose numbers begin anew: a job that has the number of its worker is
 * cancelled like any other.
 */
#include "config.h"
#include "tests/support/attack.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/sandbox/kernel_file.h"
#include "tests/support/users.h"

/* A namespace's first processes have such numbers: there the pool's own are met soon. */
#define NUMBERS_MAX 300

static struct board {
	_Atomic uint32_t started;
	_Atomic int32_t  pid;     /* of the job that runs, as it sees it */
} *board;

static int
until_cancelled(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)args;
	(void)args_len;
	atomic_store(&board->pid, (int32_t)getpid());
	support_post(&board->started);
	while (!forkpool_cancelled(context))
		(void)usleep(200);
	return forkpool_fail(context, ECANCELED, "it saw the cancellation");
}

/* Cancel one job after another, up to the next after one with the worker's number. */
static void
all_see_it(void)
{
	const struct forkpool_sandbox sandbox = { .private_root = 1 };
	struct forkpool_options options = support_options(1);
	struct forkpool_job job = { .fn = until_cancelled, .flags = FORKPOOL_COOPERATIVE };
	struct forkpool_worker_info info = { 0 };
	int met = 0;

	options.isolation = FORKPOOL_ISOLATE_SANDBOX;
	options.sandbox = &sandbox;
	options.grace_ns = INT64_C(60000000000);
	struct forkpool *pool = support_open(&options);
	for (uint32_t i = 1; i <= NUMBERS_MAX && met < 2; i++) {
		CHILD_CHECK(forkpool_submit(pool, &job, NULL) == 1);
		support_await(&board->started, i);
		CHILD_CHECK(forkpool_worker_info(pool, 0, &info) == 0);
		met += met > 0 || atomic_load(&board->pid) == info.pid;
		(void)forkpool_cancel(pool, FORKPOOL_CANCEL_RUNNING);
		const struct forkpool_result *result = support_wait(pool);
		if (result->outcome != FORKPOOL_CANCELLED ||
		    strcmp(result->message, "it saw the cancellation") != 0) {
			(void)fprintf(stderr, "# job %d, worker %d: %s: %s\n",
			    (int)atomic_load(&board->pid), (int)info.pid,
			    forkpool_outcome_name(result->outcome), result->message);
			_exit(1);
		}
	}
	CHILD_CHECK(met == 2);
	CHILD_CHECK(forkpool_close(pool) == 0);
}

/* Run a pool in a pid namespace, as an ordinary user in a user namespace, too. */
static void
in_a_namespace(void)
{
	const unsigned long uid = geteuid(), gid = getegid();
	char users[64], groups[64];
	int status;

	(void)snprintf(users, sizeof users, "%lu %lu 1\n", uid, uid);
	(void)snprintf(groups, sizeof groups, "%lu %lu 1\n", gid, gid);
	if (uid != 0) {
		CHILD_CHECK(unshare(CLONE_NEWUSER) == 0);
		CHILD_CHECK(kernel_file_write(AT_FDCWD, "/proc/self/setgroups", "deny") == 0);
		CHILD_CHECK(kernel_file_write(AT_FDCWD, "/proc/self/uid_map", users) == 0);
		CHILD_CHECK(kernel_file_write(AT_FDCWD, "/proc/self/gid_map", groups) == 0);
	}
	CHILD_CHECK(unshare(CLONE_NEWPID | CLONE_NEWNS) == 0);
	pid_t pid = fork();
	CHILD_CHECK(pid != -1);
	if (pid == 0) {
		CHILD_CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
		CHILD_CHECK(mount("proc", "/proc", "proc", 0, NULL) == 0);
		all_see_it();
		_exit(0);
	}
	CHILD_CHECK(waitpid(pid, &status, 0) == pid);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

/* _i: the user. */
START_TEST(a_job_with_its_workers_number)
{
	if (!attack_mode_possible(_i == USER_ROOT ? ATTACK_SANDBOX : ATTACK_SANDBOX_USER) ||
	    user_lacks_namespaces(_i, "numbers"))
		return;
	board = support_shared(sizeof *board);
	user_run(_i, in_a_namespace);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("cancellation in a pid namespace");
	TCase *tc = support_case("namespace", 60);

	tcase_add_loop_test(tc, a_job_with_its_workers_number, 0, USERS);
	suite_add_tcase(suite, tc);
	return attack_main(suite);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jail - a worker with a pid namespace, with or without a private root, and its jobs.
 *
 * jail_enter() makes this process such a worker; jail_run() has it fork a job, wait for it, and
 * clear up after it.  For bodies of user_run(): all checks are CHILD_CHECK().
 */
#ifndef FORKPOOL_TESTS_JAIL_H
#define FORKPOOL_TESTS_JAIL_H

#include <stdbool.h>
#include <sys/mount.h>

#include "lib/os/os.h"
#include "lib/sandbox/identity.h"
#include "lib/sandbox/pid_namespace.h"
#include "tests/support/users.h"

struct jail {
	struct sandbox_identity identity;
	struct private_root     root;
	struct pid_namespace    ns;
	struct pid_namespace_left left; /* by the last job */
	pid_t                   worker;
};

static inline void
jail_plan(struct jail *jail, const struct private_root_wants *wants)
{
	const struct forkpool_sandbox sandbox = { .namespaces = 1 };
	char error[256] = "";

	*jail = (struct jail){ .worker = getpid() };
	pid_namespace_none(&jail->ns);
	CHILD_CHECK(identity_plan(&jail->identity, &sandbox, error, sizeof error) == 0);
	jail->identity.drop_caps = true; /* each job does */
	if (wants != NULL && private_root_plan(&jail->root, wants, error, sizeof error) == -1) {
		(void)fprintf(stderr, "# %s\n", error);
		_exit(1);
	}
}

static inline void
jail_enter(struct jail *jail, const struct private_root_wants *wants)
{
	const char *step = "";
	unsigned layers;

	jail_plan(jail, wants);
	if (identity_enter_worker(&jail->identity, &layers, &step) == -1 ||
	    pid_namespace_enter_worker(&jail->ns, &jail->root, &step) == -1 ||
	    pid_namespace_enter_late(&jail->ns, &step) == -1) {
		(void)fprintf(stderr, "# as user %ld: %s: %s\n", (long)geteuid(), step,
		    strerror(errno));
		_exit(1);
	}
}

static inline void
jail_enter_job(const struct jail *jail)
{
	const char *step;

	CHILD_CHECK(!jail->root.wanted ||
	    private_root_enter_job(&jail->root, &jail->ns.root) == 0);
	CHILD_CHECK(identity_enter_job(&jail->identity, jail->worker, &step) == 0);
}

static inline pid_t
jail_start(const struct jail *jail, void (*job)(void))
{
	pid_t pid = fork();

	CHILD_CHECK(pid != -1);
	if (pid == 0) {
		jail_enter_job(jail);
		job();
		_exit(0);
	}
	return pid;
}

/* What the job leaves is ended, and its scratch directories are empty.  Its wait status. */
static inline int
jail_end(struct jail *jail, pid_t pid)
{
	int status = -1;

	CHILD_CHECK(waitpid(pid, &status, 0) == pid);
	CHILD_CHECK(pid_namespace_sweep(&jail->ns, &jail->left) == 0);
	CHILD_CHECK(pid_namespace_refresh(&jail->ns) == 0);
	return status;
}

static inline void
jail_run(struct jail *jail, void (*job)(void))
{
	CHILD_CHECK(jail_end(jail, jail_start(jail, job)) == 0);
}

static inline void
jail_leave(struct jail *jail)
{
	pid_namespace_release(&jail->ns);
	private_root_release(&jail->root);
}

/* Whether this user may have such a worker; else say why not. */
static inline int
jail_lacking(int user, const char *test)
{
	if (user_lacks_namespaces(user, test))
		return 1;
	pid_t pid = fork();
	int status;

	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		struct jail jail;
		const struct private_root_wants nothing = { .scratch = 0 };
		user_become(user);
		jail_enter(&jail, &nothing);
		jail_leave(&jail);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (status == 0)
		return 0;
	return skip_unless_required(test, "this user may not have a private root");
}

#endif

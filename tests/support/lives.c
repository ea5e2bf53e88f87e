/* SPDX-License-Identifier: BSD-2-Clause */
/* What a pool is made to do to show that it works, wherever it is. */
#include "config.h"
#include "tests/support/lives.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/support.h"

int
lives_twice(struct forkpool_context *context, const void *args, size_t args_len)
{
	int n;

	if (args_len != sizeof n)
		return EINVAL;
	memcpy(&n, args, sizeof n);
	n *= 2;
	return forkpool_reply(context, &n, sizeof n);
}

int
lives_aborts(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)args;
	(void)args_len;
	abort();
}

static struct {
	_Atomic uint32_t asked, done;
} *assistance;

void
lives_supervisor_begin(void)
{
	assistance = support_shared(sizeof *assistance);
}

int
lives_kills_supervisor(struct forkpool_context *context, const void *args, size_t args_len)
{
	if (support_sandboxed())
		support_post(&assistance->asked);
	else
		(void)kill(support_own_supervisor(), SIGKILL);
	return support_job_hangs(context, args, args_len);
}

const struct forkpool_result *
lives_wait(struct forkpool *pool)
{
	const struct forkpool_result *result;
	int r;

	while ((r = forkpool_wait(pool, &result, support_sandboxed() ? 1 : -1)) == 0) {
		ck_assert(support_sandboxed());
		if (atomic_load(&assistance->asked) == atomic_load(&assistance->done))
			continue;
		support_post(&assistance->done);
		ck_assert_int_eq(kill(support_supervisor(pool), SIGKILL), 0);
	}
	ck_assert_int_eq(r, 1);
	return result;
}

void
lives_double(struct forkpool *pool, int jobs)
{
	long sum = 0;

	for (int i = 0; i < jobs; i++)
		(void)support_submit(pool, lives_twice, &i, sizeof i);
	for (int i = 0; i < jobs; i++) {
		const struct forkpool_result *result = support_wait(pool);
		int n;
		ck_assert_msg(result->outcome == FORKPOOL_OK, "%s: %s",
		    forkpool_outcome_name(result->outcome), result->message);
		memcpy(&n, result->value, sizeof n);
		sum += n;
	}
	ck_assert_int_eq(sum, (long)jobs * (jobs - 1));
}

void
lives_crash(struct forkpool *pool)
{
	(void)support_submit(pool, lives_aborts, NULL, 0);
	const struct forkpool_result *result = support_wait(pool);
	ck_assert_int_eq(result->outcome, FORKPOOL_CRASHED);
	ck_assert_int_eq(result->signal, SIGABRT);
}

void
lives_kill_supervisor(struct forkpool *pool)
{
	pid_t supervisor = support_supervisor(pool);

	ck_assert_int_eq(kill(supervisor, SIGKILL), 0);
	while (support_supervisor(pool) == supervisor)
		continue;
}

void
lives_whole(const struct forkpool_options *options)
{
	struct forkpool *pool = support_open(options);

	lives_double(pool, 20);
	lives_crash(pool);
	lives_double(pool, 20);
	ck_assert_int_eq(forkpool_close(pool), 0);
}

void
lives_child(pid_t pid)
{
	int status;
	pid_t got;

	do
		got = waitpid(pid, &status, 0);
	while (got == -1 && errno == EINTR);
	ck_assert_int_eq(got, pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	    "the child ended with status %#x", (unsigned)status);
}

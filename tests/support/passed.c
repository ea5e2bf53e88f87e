/* SPDX-License-Identifier: BSD-2-Clause */
/* Files at numbers that a caller passes to its jobs, and jobs that look whether they have them. */
#include "config.h"
#include "tests/support/passed.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/support/lives.h"
#include "tests/support/support.h"

void
passed_make(int number, int n, int cloexec)
{
	int fd = memfd_create("forkpool-test", MFD_CLOEXEC);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(fcntl(number, F_GETFD), -1);
	ck_assert_int_eq(write(fd, &n, sizeof n), sizeof n);
	ck_assert_int_eq(dup2(fd, number), number);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(fcntl(number, F_SETFD, cloexec ? FD_CLOEXEC : 0), 0);
}

int
passed_holds(int number, int n)
{
	int found = 0;

	return pread(number, &found, sizeof found, 0) == sizeof found && found == n;
}

int
passed_job_finds(struct forkpool_context *context, const void *args, size_t args_len)
{
	const struct passed *e = args;

	if (args_len != sizeof *e)
		return EINVAL;
	for (int i = 0; i < e->count; i++) {
		if (!passed_holds(e->number[i], e->number[i]))
			return forkpool_fail(context, EBADF, "%d is not what the caller had there",
			    e->number[i]);
		if (fcntl(e->number[i], F_GETFD) != (e->cloexec[i] ? FD_CLOEXEC : 0))
			return forkpool_fail(context, EBADF, "%d has other flags", e->number[i]);
	}
	for (int i = 0; i < e->closed_count; i++)
		if (support_fd_is_open(e->closed[i]))
			return forkpool_fail(context, EBADF, "%d is open", e->closed[i]);
	for (int fd = 3; e->only && fd < 1100; fd++) {
		int wanted = 0;
		for (int i = 0; i < e->count; i++)
			wanted |= e->number[i] == fd;
		if (!wanted && support_fd_is_open(fd))
			return forkpool_fail(context, EBADF, "%d is open too", fd);
	}
	return forkpool_reply(context, "ok", 2);
}

void
passed_assert(struct forkpool *pool, const struct passed *e)
{
	for (int i = 0; i < 6; i++)
		(void)support_submit(pool, passed_job_finds, e, sizeof *e);
	for (int i = 0; i < 6; i++) {
		const struct forkpool_result *result = support_wait(pool);
		ck_assert_msg(result->outcome == FORKPOOL_OK, "%s: %s",
		    forkpool_outcome_name(result->outcome), result->message);
	}
}

void
passed_assert_lasting(struct forkpool *pool, const struct passed *e)
{
	passed_assert(pool, e);
	lives_crash(pool);
	lives_crash(pool);
	passed_assert(pool, e);
	ck_assert_int_eq(forkpool_resize(pool, 4), 0);
	passed_assert(pool, e);
	lives_kill_supervisor(pool);
	passed_assert(pool, e);
	ck_assert_int_eq(forkpool_resize(pool, 6), 0);
	lives_crash(pool);
	passed_assert(pool, e);
	lives_kill_supervisor(pool);
	passed_assert(pool, e);
}

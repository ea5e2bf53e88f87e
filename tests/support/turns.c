/* SPDX-License-Identifier: BSD-2-Clause */
/* A caller's loop that waits for forkpool_fd() and for nothing else. */
#include "config.h"
#include "tests/support/turns.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

struct turns_board *turns_board;
struct turns_tally turns_tally;

void
turns_begin(void)
{
	turns_board = support_shared(sizeof *turns_board);
	support_gate_use(&turns_board->gate);
}

int
turns_work(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct work w;

	if (args_len != sizeof w)
		return EINVAL;
	memcpy(&w, args, sizeof w);
	(void)atomic_fetch_add(&turns_board->runs, 1);
	if (w.deed == CRASH || (w.deed == CRASH_TWICE && forkpool_attempt(context) < 3))
		(void)raise(SIGKILL);
	if (w.deed == HANG)
		return support_job_hangs(context, args, args_len);
	return forkpool_reply(context, &w.number, sizeof w.number);
}

int
turns_submit(struct forkpool *pool, enum deed deed)
{
	struct work w = { .number = turns_tally.submitted, .deed = deed };
	struct forkpool_job job = { .fn = turns_work, .args = &w, .args_len = sizeof w };

	job.user = (void *)(uintptr_t)deed;
	job.timeout_ns = deed == HANG ? 20000000 : 0;
	job.max_attempts = deed == CRASH_TWICE ? 3 : 1;
	int r = forkpool_submit(pool, &job, NULL);
	ck_assert_int_ge(r, 0);
	turns_tally.submitted += (uint32_t)r;
	return r;
}

void
turns_check(const struct forkpool_result *r)
{
	static const enum forkpool_outcome wanted[] = {
		[REPLY] = FORKPOOL_OK, [CRASH] = FORKPOOL_CRASHED,
		[HANG] = FORKPOOL_TIMED_OUT, [CRASH_TWICE] = FORKPOOL_OK,
	};
	uintptr_t deed = (uintptr_t)r->user;

	ck_assert_msg(r->outcome == wanted[deed], "%s: %s", forkpool_outcome_name(r->outcome),
	    r->message);
	if (r->outcome == FORKPOOL_OK) {
		ck_assert_uint_eq(r->value_len, sizeof(uint32_t));
		ck_assert_uint_eq(*(const uint32_t *)r->value + 1, r->seq);
	}
	turns_tally.taken++;
}

int
turns_readable(struct forkpool *pool)
{
	struct pollfd fd = { .fd = forkpool_fd(pool), .events = POLLIN };
	int r = poll(&fd, 1, 0);

	ck_assert_int_ge(r, 0);
	return r;
}

void
turns_await(struct forkpool *pool)
{
	struct pollfd fd = { .fd = forkpool_fd(pool), .events = POLLIN };

	ck_assert_int_eq(poll(&fd, 1, -1), 1);
	ck_assert_int_eq(fd.revents, POLLIN);
	turns_tally.turns++;
}

void
turns_dispatch(struct forkpool *pool)
{
	const struct forkpool_result *result;
	int r;

	ck_assert_int_ge(forkpool_dispatch(pool, NULL, 0), 0);
	while ((r = forkpool_next(pool, &result)) == 1)
		turns_check(result);
	ck_assert_int_eq(r, 0);
}

void
turns_take(struct forkpool *pool)
{
	turns_await(pool);
	turns_dispatch(pool);
}

void
turns_take_all(struct forkpool *pool)
{
	while (turns_tally.taken < turns_tally.submitted)
		turns_take(pool);
	ck_assert_uint_eq(forkpool_pending(pool), 0);
}

void
turns_settle(struct forkpool *pool)
{
	for (unsigned turns = 0; turns_readable(pool); turns++) {
		ck_assert_uint_lt(turns, 100);
		turns_take(pool);
	}
}

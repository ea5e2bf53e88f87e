/* SPDX-License-Identifier: BSD-2-Clause */
/* Knows the median and since when the oldest job runs, and cancels jobs by their number. */
#include "config.h"
#include "tool/run/median_timeout.h"

#include <stdlib.h>

#include "tool/base/clock.h"
#include "tool/base/median.h"
#include "tool/base/message.h"

static struct median run_times;
static int64_t limit_ns;  /* 0: no job has succeeded yet */
static int     is_stale;  /* jobs have succeeded since limit_ns was set */
static int64_t oldest_ns; /* no job that is to be looked at began before that */
/* Jobs that were ended, by their numbers in the pool, until their results have come. */
static uint64_t *ended;
static size_t ended_count, ended_room;

void
median_timeout_add(const struct options *o, int64_t run_ns)
{
	if (o->timeout_percent <= 0)
		return;
	median_add(&run_times, run_ns);
	is_stale = 1;
}

static void
limit_set(const struct options *o)
{
	if (!is_stale)
		return;
	is_stale = 0;
	const double limit = (double)median_get(&run_times) * o->timeout_percent / 100;
	const double most = (double)(INT64_MAX / 4);
	limit_ns = limit < 1 ? 1 : limit < most ? (int64_t)limit : INT64_MAX / 4;
}

static int
is_ended(uint64_t pool_seq, size_t *at)
{
	for (*at = 0; *at < ended_count; ++*at)
		if (ended[*at] == pool_seq)
			return 1;
	return 0;
}

static void
end(const struct run *run, uint64_t pool_seq)
{
	if (ended_count == ended_room) {
		const size_t larger = ended_room == 0 ? 16 : ended_room * 2;
		uint64_t *more = reallocarray(ended, larger, sizeof *more);
		if (more == NULL)
			fail_memory();
		ended = more;
		ended_room = larger;
	}
	/* Else it is over, and its result is on the way. */
	if (forkpool_cancel_job(run->pool, pool_seq, FORKPOOL_CANCEL_RUNNING) == 1)
		ended[ended_count++] = pool_seq;
}

void
median_timeout_check(const struct run *run, int64_t now)
{
	struct forkpool_worker_info info;
	size_t at;

	limit_set(run->options);
	if (limit_ns == 0 || now - oldest_ns < limit_ns)
		return;
	oldest_ns = now; /* of those that begin later */
	for (unsigned i = 0; forkpool_worker_info(run->pool, i, &info) == 0; i++) {
		if (!info.busy || is_ended(info.seq, &at))
			continue;
		if (info.run_ns >= limit_ns)
			end(run, info.seq);
		else if (now - info.run_ns < oldest_ns)
			oldest_ns = now - info.run_ns;
	}
}

int
median_timeout_ms(const struct options *o, int64_t now)
{
	limit_set(o);
	if (limit_ns == 0)
		return -1;
	return clock_poll_ms(oldest_ns + limit_ns - now);
}

int
median_timeout_has_ended(uint64_t pool_seq)
{
	size_t at;

	if (!is_ended(pool_seq, &at))
		return 0;
	ended[at] = ended[--ended_count];
	return 1;
}

void
median_timeout_close(void)
{
	free(ended);
	ended = NULL;
	ended_count = ended_room = 0;
}

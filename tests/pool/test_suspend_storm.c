/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A pool is suspended and goes on at random moments, while many short jobs are claimed and end, and
 * while workers are killed.
 */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#define JOBS    10000u
#define WORKERS 3u

static struct board {
	_Atomic uint32_t begun[JOBS], over[JOBS]; /* each job's runs */
} *board;

static void
begin(void)
{
	board = support_shared(sizeof *board);
}

static int
run_counts(struct forkpool_context *context, const void *args, size_t args_len)
{
	uint32_t index;

	if (args_len != sizeof index)
		return EBADMSG;
	memcpy(&index, args, sizeof index);
	support_post(&board->begun[index]);
	for (volatile unsigned i = 0; i < index % 64 * 16; i++)
		continue;
	support_post(&board->over[index]);
	return forkpool_reply(context, &index, sizeof index);
}

/* xorshift. */
static uint32_t
random_next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* What all runs have begun and ended so far. */
static uint64_t
runs_count(unsigned jobs)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < jobs; i++)
		sum += atomic_load(&board->begun[i]) + atomic_load(&board->over[i]);
	return sum;
}

/* Kill a worker, while the pool is suspended. */
static unsigned
kill_one(struct forkpool *pool, uint32_t *state)
{
	struct forkpool_worker_info info;

	ck_assert_int_eq(forkpool_worker_info(pool, random_next(state) % WORKERS, &info), 0);
	return info.pid != 0 && info.initialising == 0 && kill(info.pid, SIGKILL) == 0;
}

/* Take what there is; how many. */
static unsigned
results_take(struct forkpool *pool, int wait_ms, uint8_t *seen, bool killing)
{
	const struct forkpool_result *result;
	unsigned taken = 0;

	for (; forkpool_wait(pool, &result, taken == 0 ? wait_ms : 0) == 1; taken++) {
		ck_assert_uint_ge(result->seq, 1);
		ck_assert_uint_le(result->seq, JOBS);
		uint32_t index = (uint32_t)result->seq - 1;
		ck_assert_uint_eq(seen[index]++, 0);
		if (result->outcome == FORKPOOL_OK) {
			ck_assert_uint_eq(result->value_len, sizeof index);
			ck_assert_int_eq(memcmp(result->value, &index, sizeof index), 0);
			ck_assert_uint_eq(atomic_load(&board->over[index]), 1);
		} else {
			ck_assert(killing);
			ck_assert(result->outcome == FORKPOOL_CRASHED ||
			    result->outcome == FORKPOOL_LOST);
		}
		ck_assert_uint_le(atomic_load(&board->begun[index]), 1);
	}
	return taken;
}

/* _i: whether workers are killed, too. */
START_TEST(each_job_has_one_result)
{
	static uint8_t seen[JOBS];
	struct forkpool_options options = support_options(WORKERS);
	struct forkpool_job job = { .fn = run_counts, .args_len = sizeof(uint32_t) };
	const unsigned jobs = support_times(JOBS);
	unsigned submitted = 0, taken = 0, pauses = 0, kills = 0;
	uint32_t state = 88172645u + (uint32_t)_i;

	memset(seen, 0, sizeof seen);
	struct forkpool *pool = support_open(&options);
	while (taken < jobs) {
		for (unsigned n = random_next(&state) % 200; n > 0 && submitted < jobs; n--) {
			job.args = &submitted;
			if (forkpool_submit(pool, &job, NULL) != 1)
				break;
			submitted++;
		}
		taken += results_take(pool, (int)(random_next(&state) % 3), seen, _i != 0);
		if (random_next(&state) % 4 != 0)
			continue;
		ck_assert_int_eq(forkpool_suspend(pool), 0);
		const uint64_t before = runs_count(jobs);
		if (_i && random_next(&state) % 4 == 0)
			kills += kill_one(pool, &state);
		taken += results_take(pool, (int)(random_next(&state) % 3), seen, _i != 0);
		ck_assert_uint_eq(runs_count(jobs), before);
		ck_assert_int_eq(forkpool_resume(pool), 0);
		pauses++;
	}
	ck_assert_uint_eq(submitted, jobs);
	ck_assert_uint_gt(pauses, 5);
	ck_assert_uint_ge(kills, _i ? 1 : 0);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("suspend_storm");
	TCase *tc = support_case("suspend_storm", 60);

	tcase_add_checked_fixture(tc, begin, NULL);
	tcase_add_loop_test(tc, each_job_has_one_result, 0, 2);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

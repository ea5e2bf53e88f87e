/*
 * Each way to die at each moment.  Whatever it is, the job that ran says what happened to it, no
 * other job notices, none runs twice unless its retry policy says so, and the pool goes on.
 */
#include "config.h"
#include "tests/support.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "src/context.h"
#include "tests/dying.h"

#define JOBS        64u
#define ROUNDS_MAX  400u /* to find results in an outbox, which takes jobs that travel together */
#define LARGE       300000u
#define MORTAL_EACH 8u   /* one job in so many may be the one that dies */
#define TIMEOUT_NS  (INT64_C(500) * 1000000)
#define GRACE_LONG  (INT64_C(20) * 1000000000)
#define GRACE_SHORT (INT64_C(100) * 1000000)

struct work {
	uint32_t index, size, mortal;
};

static _Atomic uint32_t *runs; /* of each job, by index */
static char cell_name[100];

static enum moment moment;
static enum way    way;
static unsigned    attempts_max;

static int
has_victim(void)
{
	return moment == MOMENT_IN_JOB || moment == MOMENT_OUTBOX || moment == MOMENT_HALF_SENT;
}

static uint32_t
pattern(uint32_t index, uint32_t at)
{
	return (index + 1) * 2654435761u ^ at;
}

static int
work(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct work w;
	uint32_t *value;

	if (args_len != sizeof w)
		return EINVAL;
	memcpy(&w, args, sizeof w);
	(void)atomic_fetch_add(&runs[w.index], 1);
	if (w.mortal) {
		const struct outbox *box = context->slot->outbox;
		dying_moment(MOMENT_IN_JOB);
		if (atomic_load(&box[0].fill) >> 32 != 0 || atomic_load(&box[1].fill) >> 32 != 0)
			dying_moment(MOMENT_OUTBOX);
	}
	if ((value = malloc(w.size)) == NULL)
		return ENOMEM;
	for (uint32_t i = 0; i < w.size / 4; i++)
		value[i] = pattern(w.index, i);
	int r = forkpool_reply(context, value, w.size);
	free(value);
	return r == 0 ? 0 : errno;
}

static int
wait_for_the_end(struct forkpool_context *context, const void *args, size_t args_len)
{
	_Atomic uint32_t *running = runs;

	(void)args;
	(void)args_len;
	support_post(running);
	while (!forkpool_cancelled(context))
		(void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	dying_moment(MOMENT_LAST_RUN);
	return 0;
}

static void
submit(struct forkpool *pool, uint32_t index)
{
	struct work w = {
		.index = index, .size = moment == MOMENT_HALF_SENT ? LARGE : 8,
		.mortal = index % MORTAL_EACH == MORTAL_EACH - 1 || moment == MOMENT_OUTBOX,
	};
	struct forkpool_job job = { .fn = work, .args = &w, .args_len = sizeof w };

	if (way == WAY_STOP && attempts_max > 1 && has_victim())
		job.timeout_ns = TIMEOUT_NS;
	ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
}

static void
check_value(const struct forkpool_result *result, uint32_t index)
{
	uint32_t size = moment == MOMENT_HALF_SENT ? LARGE : 8;
	const unsigned char *value = result->value;

	ck_assert_msg(result->value_len == size, "%s: job %u: %zu bytes", cell_name, index, result->value_len);
	uint32_t right = 0;
	for (uint32_t word; right < size / 4; right++) {
		memcpy(&word, value + 4 * right, 4);
		if (word != pattern(index, right))
			break;
	}
	ck_assert_msg(right == size / 4, "%s: job %u: wrong at word %u", cell_name, index, right);
}

static void
check_victim(const struct forkpool_result *result)
{
	enum forkpool_outcome outcome = ways[way].outcome;

	/* Without a timeout it was cancelled instead. */
	if (way == WAY_STOP)
		outcome = FORKPOOL_CANCELLED;
	ck_assert_msg(result->outcome == outcome && result->signal == ways[way].signal &&
	    result->exit_code == ways[way].exit_code && result->attempts == 1 &&
	    result->pid == (pid_t)atomic_load(&dying->pid) && result->value == NULL && result->message[0] != '\0',
	    "%s: the victim: %s, signal %d, exit code %d, %u attempts, pid %d: %s", cell_name,
	    forkpool_outcome_name(result->outcome), result->signal, result->exit_code, result->attempts,
	    (int)result->pid, result->message);
}

/* A stopped process has no deadline of its own: where the job has none either, cancel it. */
static void
cancel_the_stopped(struct forkpool *pool)
{
	static int done;
	struct forkpool_worker_info info;

	if (done || way != WAY_STOP || attempts_max > 1 || !has_victim() || atomic_load(&dying->struck) == 0)
		return;
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_ne(forkpool_worker_info(pool, i, &info, sizeof info), -1);
		if (info.pid == (pid_t)atomic_load(&dying->pid)) {
			ck_assert_msg(info.busy, "%s: the stopped worker is not busy", cell_name);
			ck_assert_int_eq(forkpool_cancel_job(pool, info.seq, FORKPOOL_CANCEL_RUNNING), 1);
			done = 1;
		}
	}
	ck_assert_int_eq(done, 1);
}

/* One batch of jobs to its end; how many have not simply succeeded at their first run. */
static unsigned
round_run(struct forkpool *pool, uint32_t first)
{
	unsigned odd = 0;

	for (uint32_t i = 0; i < JOBS; i++)
		submit(pool, first + i);
	while (forkpool_pending(pool) > 0) {
		const struct forkpool_result *result;
		int r = forkpool_wait(pool, &result, 5);
		ck_assert_int_ne(r, -1);
		cancel_the_stopped(pool);
		if (r == 0)
			continue;
		uint32_t index = (uint32_t)result->seq - 1;
		ck_assert_msg(index >= first && index < first + JOBS, "%s: seq %u", cell_name, index + 1);
		uint32_t ran = atomic_load(&runs[index]);
		ck_assert_msg(ran == result->attempts, "%s: job %u: ran %u times, %u attempts: %s %s", cell_name, index,
		    ran, result->attempts, forkpool_outcome_name(result->outcome), result->message);
		if (result->outcome == FORKPOOL_OK) {
			check_value(result, index);
			ck_assert_msg(ran >= 1 && ran <= attempts_max, "%s: job %u: %u runs", cell_name, index, ran);
			odd += ran != 1;
		} else {
			check_victim(result);
			odd++;
		}
	}
	return odd;
}

/* The count comes with the supervisor's next look. */
static void
await_deaths(struct forkpool *pool, uint64_t deaths)
{
	struct forkpool_stats stats;

	do {
		ck_assert_int_ne(forkpool_get_stats(pool, &stats, sizeof stats), -1);
		ck_assert_uint_le(stats.workers_died, deaths);
	} while (stats.workers_died != deaths &&
	    nanosleep(&(struct timespec){ .tv_nsec = 500000 }, NULL) == 0);
}

static struct forkpool *
cell_begin(int i)
{
	struct forkpool_options options = support_options(2);

	moment = (enum moment)(i / (2 * WAYS));
	way = (enum way)(i / 2 % WAYS);
	attempts_max = 1 + (unsigned)(i % 2);
	(void)snprintf(cell_name, sizeof cell_name, "%s, %s, %u attempts", ways[way].name, moment_names[moment],
	    attempts_max);
	runs = support_shared((ROUNDS_MAX + 2) * JOBS * sizeof *runs);
	dying_begin();
	options.worker_init = dying_worker_init;
	options.worker_exit = dying_worker_exit;
	options.grace_ns = moment >= MOMENT_LEAVING ? GRACE_SHORT : GRACE_LONG;
	options.max_attempts = attempts_max;
	options.retry_on = 1u << FORKPOOL_CRASHED | 1u << FORKPOOL_EXITED | 1u << FORKPOOL_TIMED_OUT;
	if (moment == MOMENT_IDLE)
		dying_arm(moment, way); /* before there is a job that it could take along */
	return support_open(&options);
}

START_TEST(dies_and_the_others_do_not_notice)
{
	struct forkpool *pool = cell_begin(_i);
	uint32_t next = 0;
	unsigned odd = 0;

	if (moment == MOMENT_IDLE)
		support_await(ways[way].from_outside ? &dying->struck : &dying->reached, 1);
	else
		dying_arm(moment, way);
	do {
		ck_assert_msg(next < ROUNDS_MAX * JOBS, "%s: the moment does not come", cell_name);
		odd += round_run(pool, next);
		next += JOBS;
	} while (atomic_load(&dying->armed) != MOMENT_NONE);
	support_await(&dying->reached, 1);
	ck_assert_msg(odd == (unsigned)has_victim(), "%s: %u jobs hurt", cell_name, odd);
	if (ways[way].from_outside)
		support_await(&dying->struck, 1);
	await_deaths(pool, way != WAY_STOP || has_victim());
	ck_assert_uint_eq(round_run(pool, next), 0);
	ck_assert_int_eq(forkpool_close(pool), 0);
	dying_end();
}
END_TEST

START_TEST(dies_while_the_pool_closes)
{
	struct forkpool *pool = cell_begin(_i);
	const struct forkpool_result *result;

	if (moment == MOMENT_LAST_RUN) {
		struct forkpool_job job = { .fn = wait_for_the_end, .flags = FORKPOOL_COOPERATIVE };
		for (unsigned i = 0; i < 2; i++)
			ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
		while (atomic_load(runs) < 2)
			ck_assert_int_eq(forkpool_wait(pool, &result, 1), 0);
	} else {
		ck_assert_uint_eq(round_run(pool, 0), 0);
	}
	dying_arm(moment, way);
	ck_assert_int_eq(forkpool_close(pool), 0);
	ck_assert_msg(atomic_load(&dying->reached) == 1, "%s: the moment did not come", cell_name);
	dying_end();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("deaths");

	for (int m = MOMENT_IDLE; m < MOMENTS; m++) {
		TCase *tc = support_case(moment_names[m], 30);
		tcase_add_loop_test(tc, m < MOMENT_LEAVING ? dies_and_the_others_do_not_notice :
		    dies_while_the_pool_closes, m * 2 * WAYS, (m + 1) * 2 * WAYS);
		suite_add_tcase(suite, tc);
	}
	return support_run(suite);
}

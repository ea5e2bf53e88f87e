/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each way to die at each moment.  Always the result of the job that ran says what happened, no
 * other job is affected, none runs twice unless its retry policy says so, and the pool goes on.
 * Where a job has a process of its own, the death of that process costs no worker, and the death of
 * the worker ends the job.
 */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/dying.h"

#define JOBS_MAX    64u  /* in a round */
#define ROUNDS_MAX  400u /* until results are in an outbox, for which jobs must share a packet */
#define LARGE       300000u
#define MORTAL_EACH 8u   /* one job in so many may be the one that dies */
#define TIMEOUT_NS  (INT64_C(1000) * 1000000)
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
	return moment >= MOMENT_IN_JOB && moment <= MOMENT_HALF_SENT;
}

/* In a round: where a worker runs many jobs, so many that they share packets. */
static uint32_t
jobs(void)
{
	return support_own_process() ? 2 * MORTAL_EACH : JOBS_MAX;
}

/* Whether the process that dies is a worker. */
static int
worker_dies(void)
{
	return !support_own_process() || moment < MOMENT_IN_JOB || moment > MOMENT_RETURNED;
}

/* The cells that this level has, by number. */
static int cells[MOMENTS * WAYS * 2];

static void
cell_set(int number)
{
	moment = (enum moment)(number / (2 * WAYS));
	way = (enum way)(number / 2 % WAYS);
	attempts_max = 1 + (unsigned)(number % 2);
}

static int
cell_exists(void)
{
	if (support_sandboxed() && attempts_max != 1 + (unsigned)has_victim())
		return 0; /* the other cells are tested at JOB */
	if (moment == MOMENT_OUTBOX)
		return !support_own_process(); /* a job's own process has no outbox */
	if (moment == MOMENT_ITS_WORKER)
		return support_own_process() && ways[way].from_outside != 0;
	return support_own_process() || (moment != MOMENT_BIRTH && moment != MOMENT_RETURNED);
}

static uint32_t
pattern(uint32_t index, uint32_t at)
{
	return (index + 1) * 2654435761u ^ at;
}

/* A descriptor that the caller passes to jobs: a pipe with more bytes than they read. */
static int handed = -1;

static int
handed_open(void)
{
	static char bytes[32768];
	int fds[2];

	memset(bytes, 'h', sizeof bytes);
	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(write(fds[1], bytes, sizeof bytes), sizeof bytes);
	ck_assert_int_eq(close(fds[1]), 0);
	return fds[0];
}

static int
work(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct work w;
	uint32_t *value;
	char byte;

	if (args_len != sizeof w)
		return EINVAL;
	memcpy(&w, args, sizeof w);
	(void)atomic_fetch_add(&runs[w.index], 1);
	if (read(handed, &byte, 1) != 1 || byte != 'h')
		return EBADF; /* processes started after a death must have it too */
	if (w.mortal) {
		dying_moment(MOMENT_IN_JOB);
		dying_moment(MOMENT_ITS_WORKER);
		if (!support_own_process() && dying_outbox_holds())
			dying_moment(MOMENT_OUTBOX);
	}
	if (moment == MOMENT_RETURNED && w.mortal)
		(void)putchar('.'); /* is flushed at the end of the run */
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

	ck_assert_msg(result->value_len == size, "%s: job %u: %zu bytes", cell_name, index,
	    result->value_len);
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

	int signo = ways[way].signal, exit_code = ways[way].exit_code;
	pid_t pid = (pid_t)atomic_load(&dying->pid);

	/* A stopped job without a timeout was cancelled instead. */
	if (way == WAY_STOP)
		outcome = FORKPOOL_CANCELLED;
	if (support_own_process() && worker_dies()) {
		/*
		 * Nobody knows how the job's process ended; or the worker was only stopped and went
		 * on.
		 */
		if (way != WAY_STOP)
			outcome = FORKPOOL_LOST;
		else
			pid = result->pid;
		signo = moment == MOMENT_ITS_WORKER && way == WAY_STOP ? result->signal : 0;
		exit_code = -1;
	}
	ck_assert_msg(result->outcome == outcome && result->signal == signo &&
		result->exit_code == exit_code && result->attempts == 1 && result->pid == pid &&
		result->value == NULL && result->message[0] != '\0',
	    "%s: the victim: %s, signal %d, exit code %d, %u attempts, pid %d: %s", cell_name,
	    forkpool_outcome_name(result->outcome), result->signal, result->exit_code,
	    result->attempts, (int)result->pid, result->message);
}

/* Nothing ends a stopped job that has no timeout: cancel it. */
static void
cancel_the_stopped(struct forkpool *pool)
{
	static int done;
	struct forkpool_worker_info info;

	if (done || way != WAY_STOP || attempts_max > 1 || !has_victim() ||
	    atomic_load(&dying->struck) == 0)
		return;
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_ne(forkpool_worker_info(pool, i, &info), -1);
		pid_t stopped = (pid_t)atomic_load(&dying->pid);
		if (info.pid == (worker_dies() ? stopped : support_parent(stopped))) {
			ck_assert_msg(info.busy, "%s: the stopped worker is not busy", cell_name);
			done = forkpool_cancel_job(pool, info.seq, FORKPOOL_CANCEL_RUNNING);
			ck_assert_int_eq(done, 1);
		}
	}
	ck_assert_int_eq(done, 1);
}

/* Run a batch of jobs; how many did not succeed at their first run. */
static unsigned
round_run(struct forkpool *pool, uint32_t first)
{
	unsigned odd = 0;

	for (uint32_t i = 0; i < jobs(); i++)
		submit(pool, first + i);
	while (forkpool_pending(pool) > 0) {
		const struct forkpool_result *result;
		int r = forkpool_wait(pool, &result, 5);
		ck_assert_int_ne(r, -1);
		cancel_the_stopped(pool);
		if (r == 0)
			continue;
		uint32_t index = (uint32_t)result->seq - 1;
		ck_assert_msg(index >= first && index < first + jobs(), "%s: seq %u", cell_name,
		    index + 1);
		uint32_t ran = atomic_load(&runs[index]);
		/* A process that died at its birth had not called the function. */
		uint32_t born = moment == MOMENT_BIRTH && ran + 1 == result->attempts;
		ck_assert_msg(ran + born == result->attempts,
		    "%s: job %u: ran %u times, %u attempts: %s %s", cell_name, index, ran,
		    result->attempts, forkpool_outcome_name(result->outcome), result->message);
		if (result->outcome == FORKPOOL_OK) {
			check_value(result, index);
			ck_assert_msg(ran >= 1 && ran <= attempts_max, "%s: job %u: %u runs",
			    cell_name, index, ran);
			odd += result->attempts != 1;
		} else {
			check_victim(result);
			odd++;
		}
	}
	return odd;
}

/* The supervisor counts deaths at its next look at the workers. */
static void
await_deaths(struct forkpool *pool, uint64_t deaths)
{
	struct forkpool_stats stats;

	do {
		ck_assert_int_ne(forkpool_get_stats(pool, &stats), -1);
		ck_assert_uint_le(stats.workers_died, deaths);
	} while (stats.workers_died != deaths &&
	    nanosleep(&(struct timespec){ .tv_nsec = 500000 }, NULL) == 0);
}

static struct forkpool *
cell_begin(int number)
{
	struct forkpool_options options = support_options(2);

	cell_set(number);
	(void)snprintf(cell_name, sizeof cell_name, "%s, %s, %u attempts", ways[way].name,
	    moment_names[moment], attempts_max);
	runs = support_shared((ROUNDS_MAX + 2) * JOBS_MAX * sizeof *runs);
	dying_begin();
	options.worker_init = dying_worker_init;
	options.worker_exit = dying_worker_exit;
	options.grace_ns = moment >= MOMENT_LEAVING ? GRACE_SHORT : GRACE_LONG;
	options.max_attempts = attempts_max;
	options.retry_on =
	    1u << FORKPOOL_CRASHED | 1u << FORKPOOL_EXITED | 1u << FORKPOOL_TIMED_OUT;
	if (support_own_process()) {
		options.retry_on |= 1u << FORKPOOL_LOST;
		options.output = FORKPOOL_OUTPUT_DISCARD;
	}
	if (moment == MOMENT_IDLE)
		dying_arm(moment, way); /* before there is a job that could die too */
	handed = handed_open();
	options.descriptors = (const int[]){ handed, -1 };
	struct forkpool *pool = support_open(&options);
	ck_assert_int_eq(close(handed), 0);
	return pool;
}

START_TEST(dies_and_the_others_do_not_notice)
{
	struct forkpool *pool = cell_begin(cells[_i]);
	uint32_t next = 0;
	unsigned odd = 0;

	if (moment == MOMENT_IDLE)
		support_await(ways[way].from_outside ? &dying->struck : &dying->reached, 1);
	else
		dying_arm(moment, way);
	do {
		ck_assert_msg(next < ROUNDS_MAX * jobs(), "%s: the moment does not come",
		    cell_name);
		odd += round_run(pool, next);
		next += jobs();
	} while (atomic_load(&dying->armed) != MOMENT_NONE);
	support_await(&dying->reached, 1);
	ck_assert_msg(odd == (unsigned)has_victim(), "%s: %u jobs hurt", cell_name, odd);
	if (ways[way].from_outside)
		support_await(&dying->struck, 1);
	await_deaths(pool,
	    worker_dies() && (way != WAY_STOP || (has_victim() && !support_own_process())));
	ck_assert_uint_eq(round_run(pool, next), 0);
	ck_assert_int_eq(forkpool_close(pool), 0);
	dying_end();
}
END_TEST

START_TEST(dies_while_the_pool_closes)
{
	struct forkpool *pool = cell_begin(cells[_i]);
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

	for (int m = MOMENT_IDLE, count = 0, first; m < MOMENTS; m++) {
		TCase *tc = support_case(moment_names[m], 30);
		first = count;
		for (int number = m * 2 * WAYS; number < (m + 1) * 2 * WAYS; number++) {
			cell_set(number);
			if (cell_exists())
				cells[count++] = number;
		}
		if (m < MOMENT_LEAVING)
			tcase_add_loop_test(tc, dies_and_the_others_do_not_notice, first, count);
		else
			tcase_add_loop_test(tc, dies_while_the_pool_closes, first, count);
		suite_add_tcase(suite, tc);
	}
	return support_run(suite);
}

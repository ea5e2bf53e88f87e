/* SPDX-License-Identifier: BSD-2-Clause */
/* Jobs that go over one limit, or not, and what their results must say. */
#include "config.h"
#include "tests/support/trial.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct order
order_of(const void *args, size_t args_len)
{
	struct order order;

	if (args_len != sizeof order)
		abort();
	memcpy(&order, args, sizeof order);
	return order;
}

int
order_end(enum then then, int error)
{
	volatile int *nowhere = NULL;

	switch (then) {
	case THEN_RETURN:
		return error;
	case THEN_RETURN_OTHER:
		return EIO;
	case THEN_CRASH:
		*nowhere = 1;
		return 0;
	case THEN_ABORT:
		abort();
	case THEN_EXIT:
		exit(1);
	case THEN__EXIT:
		_exit(1);
	case THEN_EXIT_WELL:
		exit(0);
	case THEN__EXIT_WELL:
		_exit(0);
	case THEN_KILL:
		(void)raise(SIGKILL);
		return 0;
	case THEN_DENIED:
		(void)socket(AF_INET, SOCK_STREAM, 0);
		return 0;
	case THEN_COPE:
	default:
		return 0;
	}
}

int
trial_forks(int64_t children)
{
	for (int64_t i = 0; i < children; i++) {
		pid_t pid = fork();
		if (pid == -1)
			return -1;
		if (pid == 0)
			(void)support_thread_waits(NULL);
	}
	return 0;
}

static struct order
order_make(const struct attack_scene *scene, const struct trial *trial)
{
	return (struct order){ .known = scene->known, .then = trial->then,
		.amount = trial->amount };
}

static const struct forkpool_result *
try_once(struct attack_scene *scene, const struct trial *trial)
{
	struct order order = order_make(scene, trial);
	struct forkpool_job job = { .fn = trial->fn, .args = &order, .args_len = sizeof order,
	    .timeout_ns = 60000 * TRIAL_MS };

	ck_assert_int_eq(forkpool_submit(scene->pool, &job, NULL), 1);
	return support_wait(scene->pool);
}

static void
run_trial(struct attack_scene *scene, const void *arg)
{
	static const struct trial plain = { "plain", support_job_nothing, .outcome = FORKPOOL_OK };
	/* On a busy machine the worker may be late to end the job, but not each time. */
	enum { ROUNDS = 3, ROUNDS_AT_MOST = 10 };
	const int64_t over_most = 100 * TRIAL_MS;
	const struct trial *trial = arg;
	const int ends = trial->limit != FORKPOOL_LIMIT_NONE;
	int64_t over = trial->limits.cpu_ns > 0 && ends ? INT64_MAX : 0;

	for (int round = 0; round < ROUNDS || (over > over_most && round < ROUNDS_AT_MOST);
	     round++) {
		const struct forkpool_result *result = try_once(scene, trial);
		const char *limit = forkpool_limit_name(result->limit);
		ck_assert_msg(result->outcome == trial->outcome && result->limit == trial->limit,
		    "%s: %s (limit %s, error %d, signal %d, exit code %d, %lld ms cpu, %lld KiB): "
		    "%s",
		    trial->name, forkpool_outcome_name(result->outcome),
		    limit, result->error, result->signal, result->exit_code,
		    (long long)(result->cpu_ns / TRIAL_MS),
		    (long long)result->max_rss / 1024, result->message);
		if (over > 0) {
			ck_assert_int_ge(result->cpu_ns, trial->limits.cpu_ns - 20 * TRIAL_MS);
			int64_t by = result->cpu_ns - trial->limits.cpu_ns;
			by = by > 0 ? by : 1;
			over = by < over ? by : over;
		}
		ck_assert_msg(trial->says == NULL || strstr(result->message, trial->says) != NULL,
		    "%s: %s", trial->name, result->message);
		if (trial->outcome == FORKPOOL_OVER_LIMIT)
			ck_assert_ptr_null(result->value);
		for (int i = 0; i < 3; i++) {
			result = try_once(scene, &plain);
			ck_assert_msg(result->outcome == FORKPOOL_OK, "after %s: %s: %s",
			    trial->name, forkpool_outcome_name(result->outcome), result->message);
		}
	}
	ck_assert_msg(over <= over_most, "%s: %lld ms over its limit at best", trial->name,
	    (long long)(over / TRIAL_MS));
}

void
trial_table(const struct trial *table, int i)
{
	const struct trial *trial = &table[i / ATTACK_MODES];
	enum attack_mode mode = (enum attack_mode)(i % ATTACK_MODES);
	struct forkpool_options options = support_options(2);
	struct forkpool_sandbox sandbox = { 0 };
	const char *writable[] = { attack_directory(), NULL };

	if (trial->not_for & 1u << mode)
		return;
	/*
	 * A sanitizer uses far more memory than any limit, and handles the signals of a full stack
	 * or an abort.
	 */
	if (SUPPORT_SANITIZED &&
	    (trial->limits.memory > 0 || trial->limits.stack > 0 || trial->then == THEN_ABORT))
		return;
	sandbox.writable = writable;
	options.limits = trial->limits;
	options.output = FORKPOOL_OUTPUT_CAPTURE;
	if (trial->writes && (mode == ATTACK_SANDBOX || mode == ATTACK_SANDBOX_USER))
		options.sandbox = &sandbox;
	attack_in(mode, &options, run_trial, trial);
}

/* The limit is on each job: all of them together may use more, though they share workers. */
static void
many_below(struct attack_scene *scene, const void *arg)
{
	enum { JOBS = 16 };
	const struct trial *trial = arg;
	struct order order = order_make(scene, trial);

	for (int i = 0; i < JOBS; i++)
		(void)support_submit(scene->pool, trial->fn, &order, sizeof order);
	for (int i = 0; i < JOBS; i++) {
		const struct forkpool_result *result = support_wait(scene->pool);
		ck_assert_msg(result->outcome == FORKPOOL_OK, "%s, many times: %s: %s", trial->name,
		    forkpool_outcome_name(result->outcome), result->message);
	}
}

void
trial_many(const struct trial *table, int i)
{
	struct forkpool_options options = support_options(2);
	const struct trial *trial = &table[i / ATTACK_MODES];

	options.limits = trial->limits;
	if (!SUPPORT_SANITIZED)
		attack_in((enum attack_mode)(i % ATTACK_MODES), &options, many_below, trial);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jobs in, results out: submit, next, wait and run, the queue's limit, order, and the fields of
 * results.
 */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#define JOBS 200u

static const uint32_t zero;

/* What the test and its jobs share. */
static struct board {
	struct support_gate gate; /* of support_job_waits() */
	_Atomic uint32_t ran[JOBS];
} *board;

static void
board_begin(void)
{
	board = support_shared(sizeof *board);
	support_gate_use(&board->gate);
}

static int
count_run(struct forkpool_context *context, const void *args, size_t args_len)
{
	uint32_t n;

	if (args_len != sizeof n)
		return EBADMSG;
	memcpy(&n, args, sizeof n);
	support_post(&board->ran[n]);
	return forkpool_reply(context, &n, sizeof n);
}

/* Job 0 waits at the gate, the others do not. */
static int
first_waits(struct forkpool_context *context, const void *args, size_t args_len)
{
	uint32_t n;

	memcpy(&n, args, sizeof n);
	if (n == 0)
		(void)support_job_waits(context, args, args_len);
	return count_run(context, args, args_len);
}

/* A job succeeds. */
static void
assert_usable(struct forkpool *pool)
{
	uint32_t n = 1;
	uint64_t seq = support_submit(pool, count_run, &n, sizeof n);
	const struct forkpool_result *result = support_wait(pool);

	ck_assert_uint_eq(result->seq, seq);
	ck_assert_int_eq(result->outcome, FORKPOOL_OK);
	ck_assert_uint_eq(forkpool_pending(pool), 0);
}

START_TEST(result_has_seq_id_and_user_of_its_job)
{
	struct forkpool *pool = support_open(NULL);
	uint64_t seqs[20], before = 0;
	char seen[20] = { 0 };

	for (uint32_t i = 0; i < 20; i++) {
		char id[16] = { 'j', (char)('a' + i) };
		struct forkpool_job job = { .fn = count_run, .args = &i, .args_len = sizeof i,
			.id = i % 3 == 0 ? NULL : id, .user = &seen[i] };
		ck_assert_int_eq(forkpool_submit(pool, &job, &seqs[i]), 1);
		ck_assert_uint_gt(seqs[i], before);
		before = seqs[i];
		memset(id, 'x', sizeof id);
	}
	for (int i = 0; i < 20; i++) {
		const struct forkpool_result *result = support_wait(pool);
		uint32_t n;
		ck_assert_int_eq(result->outcome, FORKPOOL_OK);
		ck_assert_uint_eq(result->value_len, sizeof n);
		memcpy(&n, result->value, sizeof n);
		char id[16] = { 'j', (char)('a' + n) };
		ck_assert_uint_eq(result->seq, seqs[n]);
		ck_assert_str_eq(result->id, n % 3 == 0 ? "" : id);
		ck_assert_ptr_eq(result->user, &seen[n]);
		ck_assert_uint_eq(result->attempts, 1);
		ck_assert_int_gt(result->pid, 0);
		ck_assert_int_eq(result->error, 0);
		ck_assert_int_eq(result->signal, 0);
		ck_assert_int_eq(result->exit_code, -1);
		ck_assert_str_eq(result->message, "");
		ck_assert_int_eq(result->limit, FORKPOOL_LIMIT_NONE);
		ck_assert_ptr_null(forkpool_backtrace(pool, result));
		ck_assert_int_ge(result->queued_ns, 0);
		ck_assert_int_ge(result->run_ns, 0);
		if (support_own_process()) {
			ck_assert_int_ge(result->cpu_ns, 0);
			ck_assert_int_gt(result->max_rss, 0);
		} else {
			ck_assert_int_eq(result->cpu_ns, -1);
			ck_assert_int_eq(result->max_rss, -1);
		}
		seen[n]++;
	}
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(seen[i], 1);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

struct about {
	uint64_t seq;
	unsigned attempt, worker;
	char id[256];
};

static int
tell_about(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct about about = { .seq = forkpool_job_seq(context),
		.attempt = forkpool_attempt(context),
		.worker = forkpool_worker_index(context) };

	(void)args;
	(void)args_len;
	strcpy(about.id, forkpool_job_id(context));
	if (forkpool_worker_state(context) != NULL)
		return EBADMSG;
	return forkpool_reply(context, &about, sizeof about);
}

START_TEST(job_sees_its_seq_id_attempt_and_worker)
{
	struct forkpool *pool = support_open(NULL);
	char longest[256];

	memset(longest, 'i', 255);
	longest[255] = '\0';
	const char *const ids[] = { NULL, "", "one", longest };
	for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
		struct forkpool_job job = { .fn = tell_about, .id = ids[i] };
		struct about about;
		ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
		const struct forkpool_result *result = support_wait(pool);
		ck_assert_uint_eq(result->value_len, sizeof about);
		memcpy(&about, result->value, sizeof about);
		ck_assert_uint_eq(about.seq, result->seq);
		ck_assert_uint_eq(about.attempt, 1);
		ck_assert_uint_eq(about.worker, result->worker);
		ck_assert_str_eq(about.id, ids[i] != NULL ? ids[i] : "");
		ck_assert_str_eq(result->id, about.id);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static int
fail_as_told(struct forkpool_context *context, const void *args, size_t args_len)
{
	int how;

	(void)args_len;
	memcpy(&how, args, sizeof how);
	(void)forkpool_reply(context, "partial", 7);
	if (how == 0)
		return forkpool_fail(context, EPROTO, "line %d\nis odd", 7);
	if (how == 1)
		return ENOENT;
	return how == 2 ? forkpool_fail(context, EIO, NULL) : -3;
}

START_TEST(function_that_returns_an_error_fails_with_it)
{
	static const int errors[] = { EPROTO, ENOENT, EIO, -3 };
	struct forkpool *pool = support_open(NULL);

	for (int how = 0; how < 4; how++) {
		(void)support_submit(pool, fail_as_told, &how, sizeof how);
		const struct forkpool_result *result = support_wait(pool);
		ck_assert_int_eq(result->outcome, FORKPOOL_FAILED);
		ck_assert_int_eq(result->error, errors[how]);
		ck_assert_ptr_null(result->value);
		ck_assert_uint_eq(result->value_len, 0);
		ck_assert_ptr_nonnull(result->message);
		if (how == 0)
			ck_assert_str_eq(result->message, "line 7 is odd");
		if (how == 1)
			ck_assert_str_eq(result->message, strerror(ENOENT));
	}
	assert_usable(pool);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(next_answers_0_while_a_job_runs)
{
	struct forkpool *pool = support_open(NULL);
	const struct forkpool_result *result;

	(void)support_submit(pool, first_waits, &zero, sizeof zero);
	while (atomic_load(&board->gate.started) == 0) {
		result = (const void *)1;
		ck_assert_int_eq(forkpool_next(pool, &result), 0);
		ck_assert_ptr_null(result);
	}
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(forkpool_next(pool, &result), 0);
	ck_assert_int_eq(forkpool_wait(pool, &result, 0), 0);
	ck_assert_int_eq(forkpool_wait(pool, &result, 1), 0);
	support_post(&board->gate.go);
	int r;
	while ((r = forkpool_next(pool, &result)) == 0)
		continue;
	ck_assert_int_eq(r, 1);
	ck_assert_int_eq(result->outcome, FORKPOOL_OK);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(wait_answers_0_at_once_where_nothing_is_pending)
{
	struct forkpool *pool = support_open(NULL);
	const struct forkpool_result *result;

	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(forkpool_wait(pool, &result, -1), 0);
		ck_assert_ptr_null(result);
		ck_assert_int_eq(forkpool_next(pool, &result), 0);
		assert_usable(pool);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* _i: the queue's limit. */
START_TEST(submit_answers_0_at_the_limit)
{
	struct forkpool_options options = support_options(1);
	struct forkpool_job job = { .fn = first_waits, .args = &zero, .args_len = sizeof zero };
	const struct forkpool_result *result;
	uint64_t seq;

	options.queue_limit = (size_t)_i;
	struct forkpool *pool = support_open(&options);
	for (int i = 0; i < _i; i++)
		ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
	seq = 77;
	ck_assert_int_eq(forkpool_submit(pool, &job, &seq), 0);
	ck_assert_uint_eq(seq, 77);
	ck_assert_uint_eq(forkpool_pending(pool), (size_t)_i);
	support_post(&board->gate.go);
	/* A job counts until its result is taken: then there is room for one job. */
	(void)support_wait(pool);
	ck_assert_uint_eq(forkpool_pending(pool), (size_t)_i - 1);
	ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
	ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 0);
	for (int i = 0; i < _i; i++)
		ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
	ck_assert_int_eq(forkpool_wait(pool, &result, -1), 0);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* A stream of numbered jobs, and what is to happen on the way. */
struct stream {
	uint32_t next, jobs;
	int      fails_at;     /* job at which the generator answers -1; -1 none */
	uint32_t delivered;
	uint32_t stops_at;     /* delivery at which the consumer stops; 0 none */
	uint64_t last_seq;
	int      ordered;
	forkpool_fn *fn;
	uint32_t args;         /* of each job: the pool copies it before it asks for the next */
};

static int
generate(struct forkpool_job *job, void *arg)
{
	struct stream *s = arg;

	ck_assert_ptr_null(job->fn);
	if (s->fails_at == (int)s->next) {
		errno = EXDEV;
		return -1;
	}
	if (s->next == s->jobs)
		return 0;
	s->args = s->next++;
	job->fn = s->fn;
	job->args = &s->args;
	job->args_len = sizeof s->args;
	job->user = (void *)(uintptr_t)s->args;
	return 1;
}

static int
consume(const struct forkpool_result *result, void *arg)
{
	struct stream *s = arg;
	uint32_t n;

	ck_assert_int_eq(result->outcome, FORKPOOL_OK);
	ck_assert_uint_eq(result->value_len, sizeof n);
	memcpy(&n, result->value, sizeof n);
	ck_assert_uint_eq((uintptr_t)result->user, n);
	if (s->ordered)
		ck_assert_uint_gt(result->seq, s->last_seq);
	s->last_seq = result->seq;
	return ++s->delivered == s->stops_at ? 42 : 0;
}

/* _i: limit 1, 2 or the default, each in order and not. */
START_TEST(run_delivers_each_job_once)
{
	struct forkpool_options options = support_options(2);
	struct stream s = { .jobs = JOBS, .fails_at = -1, .ordered = _i & 1, .fn = count_run };
	struct forkpool_job first = { 0 };

	options.queue_limit = (size_t)_i / 2;
	options.ordered = _i & 1;
	struct forkpool *pool = support_open(&options);
	/* A job that was submitted before belongs to the run too. */
	ck_assert_int_eq(generate(&first, &s), 1);
	ck_assert_int_eq(forkpool_submit(pool, &first, NULL), 1);
	ck_assert_int_eq(forkpool_run(pool, generate, &s, consume, &s), 0);
	ck_assert_uint_eq(s.delivered, JOBS);
	ck_assert_uint_eq(forkpool_pending(pool), 0);
	for (uint32_t i = 0; i < JOBS; i++)
		ck_assert_uint_eq(atomic_load(&board->ran[i]), 1);
	/* Without a job, without a consumer. */
	ck_assert_int_eq(forkpool_run(pool, generate, &s, consume, &s), 0);
	s.next = JOBS / 2;
	ck_assert_int_eq(forkpool_run(pool, generate, &s, NULL, NULL), 0);
	ck_assert_uint_eq(s.delivered, JOBS);
	for (uint32_t i = 0; i < JOBS; i++)
		ck_assert_uint_eq(atomic_load(&board->ran[i]), i < JOBS / 2 ? 1 : 2);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* _i: where the generator fails. */
START_TEST(generator_error_ends_the_run_after_the_accepted_jobs)
{
	struct forkpool_options options = support_options(2);
	struct stream s = { .jobs = JOBS, .fails_at = _i, .ordered = 1, .fn = count_run };

	options.queue_limit = 3;
	options.ordered = 1;
	struct forkpool *pool = support_open(&options);
	errno = 0;
	ck_assert_int_eq(forkpool_run(pool, generate, &s, consume, &s), -1);
	ck_assert_int_eq(errno, EXDEV);
	ck_assert_uint_eq(s.delivered, (uint32_t)_i);
	for (uint32_t i = 0; i < JOBS; i++)
		ck_assert_uint_eq(atomic_load(&board->ran[i]), i < (uint32_t)_i);
	assert_usable(pool);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static int
generate_bad_job(struct forkpool_job *job, void *arg)
{
	int r = generate(job, arg);

	job->flags = ((struct stream *)arg)->next == 5 ? 1u << 31 : 0;
	return r;
}

START_TEST(generator_that_fills_in_a_wrong_job_ends_the_run)
{
	struct stream s = { .jobs = JOBS, .fails_at = -1, .fn = count_run };
	struct forkpool *pool = support_open(NULL);

	ck_assert_int_eq(forkpool_run(pool, generate_bad_job, &s, consume, &s), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_uint_eq(s.delivered, 4);
	assert_usable(pool);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* _i: at which result the consumer stops. */
START_TEST(consumer_that_stops_ends_the_run)
{
	struct forkpool_options options = support_options(2);
	/* Job 0 would wait for ever: it is cancelled while it runs. */
	struct stream s = { .jobs = JOBS, .fails_at = -1, .stops_at = (uint32_t)_i,
		.fn = first_waits };

	options.queue_limit = 20;
	struct forkpool *pool = support_open(&options);
	ck_assert_int_eq(forkpool_run(pool, generate, &s, consume, &s), 1);
	ck_assert_uint_eq(s.delivered, (uint32_t)_i);
	ck_assert_uint_eq(forkpool_pending(pool), 0);
	ck_assert_uint_eq(atomic_load(&board->ran[0]), 0);
	for (uint32_t i = 1; i < JOBS; i++)
		ck_assert_uint_le(atomic_load(&board->ran[i]), 1);
	assert_usable(pool);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(unordered_result_overtakes_a_job_that_waits)
{
	struct forkpool *pool = support_open(NULL);
	uint64_t first = 0;

	for (uint32_t i = 0; i < 20; i++) {
		uint64_t seq = support_submit(pool, first_waits, &i, sizeof i);
		if (i == 0)
			first = seq;
	}
	for (int i = 1; i < 20; i++)
		ck_assert_uint_ne(support_wait(pool)->seq, first);
	support_post(&board->gate.go);
	ck_assert_uint_eq(support_wait(pool)->seq, first);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(ordered_results_wait_for_the_first_job)
{
	struct forkpool_options options = support_options(2);
	const struct forkpool_result *result;
	uint64_t seqs[20];

	options.ordered = 1;
	struct forkpool *pool = support_open(&options);
	for (uint32_t i = 0; i < 20; i++)
		seqs[i] = support_submit(pool, first_waits, &i, sizeof i);
	while (atomic_load(&board->ran[19]) == 0)
		ck_assert_int_eq(forkpool_wait(pool, &result, 1), 0);
	support_post(&board->gate.go);
	for (int i = 0; i < 20; i++)
		ck_assert_uint_eq(support_wait(pool)->seq, seqs[i]);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("jobs");
	TCase *tc = support_case("jobs", 30);

	tcase_add_checked_fixture(tc, board_begin, NULL);
	tcase_add_test(tc, result_has_seq_id_and_user_of_its_job);
	tcase_add_test(tc, job_sees_its_seq_id_attempt_and_worker);
	tcase_add_test(tc, function_that_returns_an_error_fails_with_it);
	tcase_add_test(tc, next_answers_0_while_a_job_runs);
	tcase_add_test(tc, wait_answers_0_at_once_where_nothing_is_pending);
	tcase_add_loop_test(tc, submit_answers_0_at_the_limit, 1, 3);
	tcase_add_loop_test(tc, run_delivers_each_job_once, 0, 6);
	tcase_add_loop_test(tc, generator_error_ends_the_run_after_the_accepted_jobs, 0, 6);
	tcase_add_test(tc, generator_that_fills_in_a_wrong_job_ends_the_run);
	tcase_add_loop_test(tc, consumer_that_stops_ends_the_run, 1, 30);
	tcase_add_test(tc, unordered_result_overtakes_a_job_that_waits);
	tcase_add_test(tc, ordered_results_wait_for_the_first_job);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

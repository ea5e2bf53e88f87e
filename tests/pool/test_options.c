/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arguments of the library's functions: wrong ones, older and newer structures, and when to retry.
 */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The options are refused with that error and a sentence that names what is wrong. */
static void
assert_refused(const struct forkpool_options *options, int error, const char *names)
{
	char text[256] = "";
	int fds = support_open_fds();

	errno = 0;
	ck_assert_ptr_null(forkpool_open(options, text, sizeof text));
	ck_assert_msg(errno == error, "%s: %s", names, strerror(errno));
	ck_assert_msg(strstr(text, names) != NULL, "\"%s\" does not name %s", text, names);
	errno = 0;
	ck_assert_ptr_null(forkpool_open(options, NULL, 0));
	ck_assert_int_eq(errno, error);
	char small[8] = "1234567";
	ck_assert_ptr_null(forkpool_open(options, small, 4));
	ck_assert_str_eq(small + 4, "567");
	ck_assert_uint_lt(strlen(small), 4);
	ck_assert_ptr_null(forkpool_open(options, small, 0));
	ck_assert_int_eq(support_open_fds(), fds);
}

#define REFUSED(member, value, error) do { \
	struct forkpool_options refused = support_options(1); \
	refused.member = (value); \
	assert_refused(&refused, (error), #member); \
} while (0)

START_TEST(option_that_makes_no_sense_is_refused_with_a_sentence)
{
	REFUSED(workers, 4097, EINVAL);
	REFUSED(queue_limit, ((size_t)1 << 24) + 1, EINVAL);
	REFUSED(grace_ns, -1, EINVAL);
	REFUSED(max_value_len, SIZE_MAX, EINVAL);
	REFUSED(retry_on, 1u << FORKPOOL_OK, EINVAL);
	REFUSED(retry_on, 1u << (FORKPOOL_LOST + 1), EINVAL);
	REFUSED(isolation, (enum forkpool_isolation)3, EINVAL);
	REFUSED(output, (enum forkpool_output)3, EINVAL);
	if (support_own_process()) {
		static const char *const nameless[] = { "FORKPOOL_A", "=1", NULL };
		static const char *const empty[] = { "", NULL };
		REFUSED(environment, nameless, EINVAL);
		REFUSED(environment, empty, EINVAL);
	} else {
		static const char *const none[] = { NULL };
		REFUSED(environment, none, EINVAL);
		REFUSED(executes, 1, EINVAL);
		REFUSED(limits.cpu_ns, 1, EINVAL);
		REFUSED(limits.processes, 1, EINVAL);
	}
	if (!support_sandboxed()) {
		static const struct forkpool_sandbox opened_up = { .network = 1 };
		static const struct forkpool_sandbox lenient = { .best_effort = 1 };
		REFUSED(sandbox, &opened_up, EINVAL);
		REFUSED(sandbox, &lenient, EINVAL);
	}
	REFUSED(limits.output, 1, EINVAL); /* without capture */
	REFUSED(limits.stack, 1, EINVAL);
	REFUSED(limits.open_files, 1, EINVAL);
	static const size_t at[] = { offsetof(struct forkpool_limits, memory),
		offsetof(struct forkpool_limits, cpu_ns),
		offsetof(struct forkpool_limits, file_size),
		offsetof(struct forkpool_limits, open_files),
		offsetof(struct forkpool_limits, processes),
		offsetof(struct forkpool_limits, stack), offsetof(struct forkpool_limits, output) };
	for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
		struct forkpool_options options = support_options(1);
		int64_t negative = -1;
		memcpy((char *)&options.limits + at[i], &negative, sizeof negative);
		assert_refused(&options, EINVAL, "limit");
	}
}
END_TEST

#define FAILS(call, error) do { \
	errno = 0; \
	ck_assert_int_eq((call), -1); \
	ck_assert_int_eq(errno, (error)); \
} while (0)

static void
assert_all_fail(struct forkpool *pool, int error)
{
	const char *not_refused = support_not_refused(pool, error);

	ck_assert_msg(not_refused == NULL, "forkpool_%s() does not fail with %s", not_refused,
	    strerror(error));
}

START_TEST(call_without_a_pool_fails_with_einval)
{
	assert_all_fail(NULL, EINVAL);
	ck_assert_int_eq(forkpool_close(NULL), 0);
}
END_TEST

START_TEST(call_in_a_forked_child_fails_with_echild)
{
	struct forkpool *pool = support_open(NULL);
	pid_t pid = fork();

	if (pid == 0) {
		assert_all_fail(pool, ECHILD);
		FAILS(forkpool_close(pool), ECHILD);
		_exit(0);
	}
	int status;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	(void)support_submit(pool, support_job_nothing, NULL, 0);
	ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(wrong_argument_fails_and_changes_nothing)
{
	struct forkpool *pool = support_open(NULL);
	struct forkpool_stats after;
	struct forkpool_worker_info info;
	struct pollfd fd;
	char id[257];
	uint64_t seq = 77;

	memset(id, 'i', 256);
	id[256] = '\0';
	struct forkpool_job wrong[6];
	for (int i = 0; i < 6; i++)
		wrong[i] = (struct forkpool_job){ .fn = support_job_nothing };
	wrong[0].fn = NULL;
	wrong[1].args_len = 1;
	wrong[2].id = id;
	wrong[3].flags = 2;
	static const char *const paths[] = { "/usr", NULL };
	wrong[4].readable = paths; /* the pool's sandbox has no job_paths, nor has it one */
	wrong[5].writable = paths;
	FAILS(forkpool_submit(pool, NULL, &seq), EINVAL);
	for (int i = 0; i < 6; i++)
		FAILS(forkpool_submit(pool, &wrong[i], &seq), EINVAL);
	ck_assert_uint_eq(seq, 77);
	FAILS(forkpool_next(pool, NULL), EINVAL);
	FAILS(forkpool_wait(pool, NULL, -1), EINVAL);
	FAILS(forkpool_run(pool, NULL, NULL, NULL, NULL), EINVAL);
	FAILS(forkpool_cancel(pool, (enum forkpool_cancel)3), EINVAL);
	FAILS(forkpool_cancel_job(pool, 1, (enum forkpool_cancel)3), EINVAL);
	FAILS(forkpool_dispatch(pool, NULL, 1), EINVAL);
	FAILS(forkpool_resize(pool, 0), EINVAL);
	FAILS(forkpool_resize(pool, 4097), EINVAL);
	FAILS(forkpool_get_stats(pool, NULL), EINVAL);
	FAILS(forkpool_get_stats_sized(pool, &after, 0), EINVAL);
	FAILS(forkpool_worker_info(pool, 0, NULL), EINVAL);
	FAILS(forkpool_worker_info_sized(pool, 0, &info, 0), EINVAL);
	FAILS(forkpool_worker_info(pool, 2, &info), EINVAL);
	FAILS(forkpool_worker_info(pool, UINT_MAX, &info), EINVAL);
	ck_assert_uint_gt(forkpool_pollfds(pool, NULL, 100), 0);
	ck_assert_uint_gt(forkpool_pollfds(pool, &fd, 1), 1);
	ck_assert_int_eq(forkpool_get_stats(pool, &after), 0);
	ck_assert_uint_eq(after.submitted + after.delivered + after.queued + after.running, 0);
	ck_assert_uint_eq(forkpool_pending(pool), 0);
	/* A result that the caller holds survives a call that fails. */
	wrong[2].id = id + 1;
	ck_assert_int_eq(forkpool_submit(pool, &wrong[2], &seq), 1);
	ck_assert_uint_eq(seq, 1);
	const struct forkpool_result *result = support_wait(pool);
	FAILS(forkpool_next(pool, NULL), EINVAL);
	ck_assert_str_eq(result->id, id + 1);
	ck_assert_str_eq(forkpool_outcome_name(FORKPOOL_OK), "ok");
	for (int i = FORKPOOL_OK; i <= FORKPOOL_LOST + 1; i++)
		ck_assert_str_ne(forkpool_outcome_name((enum forkpool_outcome)i), "");
	ck_assert_ptr_nonnull(forkpool_outcome_name((enum forkpool_outcome)-1));
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static _Atomic uint32_t *runs; /* shared with the jobs */

/* How each attempt ends before the last: 'c' crash, 'e' exit, 'f' fail. */
struct misdeed {
	char     how;
	unsigned until;
};

static int
misbehave(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct misdeed misdeed;

	(void)args_len;
	memcpy(&misdeed, args, sizeof misdeed);
	support_post(runs);
	if (forkpool_attempt(context) != atomic_load(runs))
		return EPROTO;
	if (forkpool_attempt(context) == misdeed.until)
		return 0;
	if (misdeed.how == 'c')
		(void)raise(SIGKILL);
	if (misdeed.how == 'e')
		_exit(3);
	return EIO;
}

START_TEST(run_is_tried_again_as_often_and_for_what_the_options_say)
{
	static const struct {
		struct misdeed misdeed;
		unsigned pool_attempts, job_attempts, retry_on, attempts;
		enum forkpool_outcome outcome;
	} rows[] = {
		{ { 'c', 0 }, 0, 0, 0, 1, FORKPOOL_CRASHED },
		{ { 'c', 0 }, 0, 4, 0, 4, FORKPOOL_CRASHED },
		{ { 'c', 0 }, 3, 0, 0, 3, FORKPOOL_CRASHED },
		{ { 'c', 0 }, 3, 1, 0, 1, FORKPOOL_CRASHED },
		{ { 'c', 2 }, 3, 0, 0, 2, FORKPOOL_OK },
		{ { 'c', 3 }, 3, 0, 0, 3, FORKPOOL_OK },
		{ { 'e', 0 }, 3, 0, 0, 1, FORKPOOL_EXITED },
		{ { 'f', 0 }, 3, 0, 0, 1, FORKPOOL_FAILED },
		{ { 'e', 0 }, 3, 0, 1u << FORKPOOL_EXITED, 3, FORKPOOL_EXITED },
		{ { 'c', 0 }, 3, 0, 1u << FORKPOOL_EXITED, 1, FORKPOOL_CRASHED },
		{ { 'f', 0 }, 3, 0, 1u << FORKPOOL_FAILED, 3, FORKPOOL_FAILED },
		{ { 'f', 2 }, 0, 2, 1u << FORKPOOL_FAILED, 2, FORKPOOL_OK },
	};
	struct forkpool_stats stats;

	runs = support_shared(sizeof *runs);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct forkpool_options options = support_options(1);
		struct forkpool_job job = { .fn = misbehave, .args = &rows[i].misdeed,
			.args_len = sizeof rows[i].misdeed, .max_attempts = rows[i].job_attempts };
		options.max_attempts = rows[i].pool_attempts;
		options.retry_on = rows[i].retry_on;
		atomic_store(runs, 0);
		struct forkpool *pool = support_open(&options);
		ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
		const struct forkpool_result *result = support_wait(pool);
		ck_assert_int_eq(result->outcome, rows[i].outcome);
		ck_assert_uint_eq(result->attempts, rows[i].attempts);
		ck_assert_uint_eq(atomic_load(runs), rows[i].attempts);
		ck_assert_int_eq(result->signal, result->outcome == FORKPOOL_CRASHED ? SIGKILL : 0);
		ck_assert_int_eq(result->exit_code, result->outcome == FORKPOOL_EXITED ? 3 : -1);
		ck_assert_int_eq(forkpool_get_stats(pool, &stats), 0);
		ck_assert_uint_eq(stats.retries, rows[i].attempts - 1);
		ck_assert_int_eq(forkpool_close(pool), 0);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("options");
	TCase *tc = support_case("options", 30);

	tcase_add_test(tc, option_that_makes_no_sense_is_refused_with_a_sentence);
	tcase_add_test(tc, call_without_a_pool_fails_with_einval);
	tcase_add_test(tc, call_in_a_forked_child_fails_with_echild);
	tcase_add_test(tc, wrong_argument_fails_and_changes_nothing);
	tcase_add_test(tc, run_is_tried_again_as_often_and_for_what_the_options_say);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

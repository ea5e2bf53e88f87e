/* SPDX-License-Identifier: BSD-2-Clause */
/* Structures in the size of an older and of a newer header, and the version. */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static struct forkpool *
open_sized(const struct forkpool_options *options, size_t size, char *sentence)
{
	return forkpool_open_sized(options, size, sizeof(struct forkpool_sandbox), sentence, 300);
}

static void
assert_opens(const struct forkpool_options *options, size_t size)
{
	char sentence[300] = "";
	struct forkpool *pool = open_sized(options, size, sentence);

	ck_assert_msg(pool != NULL, "%zu bytes: %s", size, sentence);
	ck_assert_int_eq(forkpool_close(pool), 0);
}

static void
assert_refused_sized(const struct forkpool_options *options, size_t size, int error,
    const char *word)
{
	char sentence[300] = "";

	ck_assert_ptr_null(open_sized(options, size, sentence));
	ck_assert_int_eq(errno, error);
	ck_assert_msg(strstr(sentence, word) != NULL, "\"%s\" does not say %s", sentence, word);
}

START_TEST(options_of_an_older_or_newer_size_are_understood)
{
	struct { struct forkpool_options options; unsigned char later[64]; } newer;

	memset(&newer, 0, sizeof newer);
	newer.options.workers = 1;
	newer.options.isolation = support_level();
	assert_opens(&newer.options, sizeof newer);
	newer.later[63] = 1;
	assert_refused_sized(&newer.options, sizeof newer, E2BIG, "options");
	assert_opens(&newer.options, sizeof newer.options);
	/* Members past the end of an older structure are not looked at. */
	newer.options.grace_ns = -1;
	newer.options.isolation = (enum forkpool_isolation)77;
	assert_opens(&newer.options, offsetof(struct forkpool_options, timeout_ns));
	newer.options.isolation = support_level();
	newer.options.grace_ns = 0;
	newer.options.descriptors = (const int[]){ 0, -1 };
	assert_opens(&newer.options, offsetof(struct forkpool_options, descriptors));
	assert_refused_sized(&newer.options, sizeof newer.options, EINVAL, "descriptors");
	assert_refused_sized(&newer.options, 0, EINVAL, "size");
	assert_refused_sized(&newer.options, 1, EINVAL, "size");
	assert_refused_sized(&newer.options, SIZE_MAX, EINVAL, "size");
	newer.options.descriptors = NULL;
	newer.options.limits.reserved[4] = 1;
	assert_refused_sized(&newer.options, sizeof newer.options, E2BIG, "limit");
	/* No options at all: the defaults, whatever size they would have. */
	struct forkpool *pool = forkpool_open_sized(NULL, 0, 0, NULL, 0);
	ck_assert_ptr_nonnull(pool);
	(void)support_submit(pool, support_job_nothing, NULL, 0);
	ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static void
assert_sandbox(const struct forkpool_sandbox *sandbox, size_t size, int error, const char *word)
{
	struct forkpool_options options = support_options(1);
	char sentence[300] = "";

	options.sandbox = sandbox;
	struct forkpool *pool = forkpool_open_sized(&options, sizeof options, size, sentence,
	    sizeof sentence);
	if (error == 0) {
		ck_assert_msg(pool != NULL, "%zu bytes: %s", size, sentence);
		(void)support_submit(pool, support_job_nothing, NULL, 0);
		ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
		ck_assert_int_eq(forkpool_close(pool), 0);
		return;
	}
	ck_assert_ptr_null(pool);
	ck_assert_int_eq(errno, error);
	ck_assert_msg(strstr(sentence, word) != NULL, "\"%s\" does not say %s", sentence, word);
}

/* The structure of the sandbox has a size of its own.  All zeroes are for the level JOB, too. */
START_TEST(sandbox_of_an_older_or_newer_size_is_understood)
{
	struct { struct forkpool_sandbox sandbox; unsigned char later[64]; } newer;
	const size_t older = offsetof(struct forkpool_sandbox, scratch);

	memset(&newer, 0, sizeof newer);
	assert_sandbox(&newer.sandbox, sizeof newer, 0, NULL);
	newer.later[63] = 1;
	assert_sandbox(&newer.sandbox, sizeof newer, E2BIG, "sandbox");
	assert_sandbox(&newer.sandbox, sizeof newer.sandbox, 0, NULL);
	/* Members past the end of an older structure are not looked at, */
	newer.sandbox.scratch = -1;
	newer.sandbox.threads = newer.sandbox.job_paths = -1;
	assert_sandbox(&newer.sandbox, older, 0, NULL);
	assert_sandbox(&newer.sandbox, sizeof newer.sandbox, EINVAL, "sandbox");
	/* those before it are. */
	newer.sandbox.network = -1;
	assert_sandbox(&newer.sandbox, older, EINVAL, "sandbox");
	assert_sandbox(&newer.sandbox, 0, EINVAL, "struct forkpool_sandbox");
	assert_sandbox(&newer.sandbox, 1, EINVAL, "struct forkpool_sandbox");
	assert_sandbox(&newer.sandbox, SIZE_MAX, EINVAL, "struct forkpool_sandbox");
}
END_TEST

/* A job as a newer header has it, of which the library knows the first part. */
union newer_job {
	struct forkpool_job job;
	unsigned char bytes[sizeof(struct forkpool_job) + 64];
};

START_TEST(job_of_an_older_or_newer_size_is_taken)
{
	struct forkpool *pool = support_open(NULL);
	union newer_job newer = { .bytes = { 0 } };
	uint64_t seq = 77;

	newer.job.fn = support_job_nothing;
	ck_assert_int_eq(forkpool_submit_sized(pool, &newer.job, sizeof newer, &seq), 1);
	ck_assert_uint_eq(seq, 1);
	ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
	newer.bytes[sizeof newer - 1] = 1;
	ck_assert_int_eq(forkpool_submit_sized(pool, &newer.job, sizeof newer, &seq), -1);
	ck_assert_int_eq(errno, E2BIG);
	/* The older one's members end before these. */
	newer.job.flags = 1u << 31;
	newer.job.max_attempts = 2;
	const size_t older = offsetof(struct forkpool_job, flags);
	ck_assert_int_eq(forkpool_submit_sized(pool, &newer.job, older, &seq), 1);
	ck_assert_uint_eq(seq, 2);
	ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
	ck_assert_int_eq(forkpool_submit_sized(pool, &newer.job, 0, &seq), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_uint_eq(forkpool_pending(pool), 0);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* What a program with a newer header knows of its generator. */
struct newer_source {
	unsigned left;
	unsigned sets_new;    /* at this job it sets what the library does not know; 0: at none */
	unsigned was_dirty;   /* jobs that did not come zeroed to their end */
};

static int
generate_newer(struct forkpool_job *job, void *arg)
{
	union newer_job *newer = (union newer_job *)job;
	struct newer_source *source = arg;

	for (size_t i = 0; i < sizeof *newer; i++)
		source->was_dirty += newer->bytes[i] != 0;
	if (source->left == 0)
		return 0;
	job->fn = support_job_nothing;
	newer->bytes[sizeof *newer - 1] = source->left == source->sets_new;
	source->left--;
	return 1;
}

START_TEST(generator_of_a_newer_header_has_room)
{
	struct forkpool *pool = support_open(NULL);
	struct newer_source source = { .left = 5 };

	ck_assert_int_eq(forkpool_run_sized(pool, generate_newer, &source, NULL, NULL,
	    sizeof(union newer_job)), 0);
	ck_assert_uint_eq(source.left + source.was_dirty, 0);
	source = (struct newer_source){ .left = 5, .sets_new = 2 };
	ck_assert_int_eq(forkpool_run_sized(pool, generate_newer, &source, NULL, NULL,
	    sizeof(union newer_job)), -1);
	ck_assert_int_eq(errno, E2BIG);
	ck_assert_int_eq(forkpool_run_sized(pool, generate_newer, &source, NULL, NULL, 100000), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(numbers_of_an_older_or_newer_size_are_filled_in)
{
	struct forkpool *pool = support_open(NULL);
	struct { struct forkpool_stats stats; unsigned char later[16]; } stats;
	struct { struct forkpool_worker_info info; unsigned char later[16]; } info;

	(void)support_submit(pool, support_job_nothing, NULL, 0);
	(void)support_wait(pool);
	memset(&stats, 0xff, sizeof stats);
	const size_t older = offsetof(struct forkpool_stats, delivered);
	ck_assert_int_eq(forkpool_get_stats_sized(pool, &stats.stats, older), 0);
	ck_assert_uint_eq(stats.stats.submitted, 1);
	ck_assert_uint_eq(stats.stats.delivered, UINT64_MAX);
	ck_assert_int_eq(forkpool_get_stats_sized(pool, &stats.stats, sizeof stats), 0);
	ck_assert_uint_eq(stats.stats.delivered, 1);
	ck_assert_uint_eq(stats.stats.by_outcome[FORKPOOL_OK], 1);
	ck_assert_uint_eq(stats.later[0] | stats.later[15], 0);
	/* An older header with fewer outcomes gets as many as it has room for. */
	memset(&stats, 0xff, sizeof stats);
	const size_t three = offsetof(struct forkpool_stats, by_outcome) + 3 * sizeof(uint64_t);
	ck_assert_int_eq(forkpool_get_stats_sized(pool, &stats.stats, three), 0);
	ck_assert_uint_eq(stats.stats.by_outcome[2], 0);
	ck_assert_uint_eq(stats.stats.by_outcome[3], UINT64_MAX);
	memset(&info, 0xff, sizeof info);
	const size_t pid = offsetof(struct forkpool_worker_info, busy);
	ck_assert_int_eq(forkpool_worker_info_sized(pool, 0, &info.info, pid), 0);
	ck_assert_int_gt(info.info.pid, 0);
	ck_assert_int_eq(info.info.busy, -1);
	ck_assert_int_eq(forkpool_worker_info_sized(pool, 0, &info.info, sizeof info), 0);
	ck_assert_int_eq(info.info.busy, 0);
	ck_assert_uint_eq(info.later[0] | info.later[15], 0);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(version_is_one)
{
	char version[40];

	(void)snprintf(version, sizeof version, "%d.%d.%d", FORKPOOL_VERSION_MAJOR,
	    FORKPOOL_VERSION_MINOR, FORKPOOL_VERSION_PATCH);
	ck_assert_str_eq(version, FORKPOOL_VERSION);
	ck_assert_str_eq(PACKAGE_VERSION, FORKPOOL_VERSION);
	ck_assert_str_eq(forkpool_version(), FORKPOOL_VERSION);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sized");
	TCase *tc = support_case("sized", 30);

	tcase_add_test(tc, options_of_an_older_or_newer_size_are_understood);
	if (support_own_process())
		tcase_add_test(tc, sandbox_of_an_older_or_newer_size_is_understood);
	tcase_add_test(tc, job_of_an_older_or_newer_size_is_taken);
	tcase_add_test(tc, generator_of_a_newer_header_has_room);
	tcase_add_test(tc, numbers_of_an_older_or_newer_size_are_filled_in);
	tcase_add_test(tc, version_is_one);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

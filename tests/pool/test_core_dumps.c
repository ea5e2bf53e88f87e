/* SPDX-License-Identifier: BSD-2-Clause */
/* Core files of jobs: none, or as the caller's limit has it, and where they are. */
#include "config.h"
#include "tests/support/support.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define CORE_LIMIT 8192 /* enough for a file, which is cut there */

static char directory[] = "/tmp/forkpool-cores.XXXXXX";

static int
tells_limit(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct rlimit limit;

	(void)args, (void)args_len;
	if (getrlimit(RLIMIT_CORE, &limit) == -1)
		return errno;
	return forkpool_reply(context, &limit.rlim_cur, sizeof limit.rlim_cur);
}

/* The value is empty if this process cannot be dumped. */
static int
is_dumpable(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)args, (void)args_len;
	return prctl(PR_GET_DUMPABLE) == 0 ? 0 : forkpool_reply(context, "yes", 3);
}

static int
crashes(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context, (void)args, (void)args_len;
	(void)raise(SIGSEGV);
	return 0;
}

static int
crashes_with_words(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)forkpool_fail(context, EIO, "its own words");
	return crashes(context, args, args_len);
}

static void
limit_set(void)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_CORE, &limit), 0);
	if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < CORE_LIMIT)
		return;
	limit.rlim_cur = CORE_LIMIT;
	ck_assert_int_eq(setrlimit(RLIMIT_CORE, &limit), 0);
}

static rlim_t
limit_of_jobs(struct forkpool *pool)
{
	rlim_t limit;

	(void)support_submit(pool, tells_limit, NULL, 0);
	const struct forkpool_result *result = support_wait(pool);
	ck_assert_msg(result->outcome == FORKPOOL_OK && result->value_len == sizeof limit, "%s",
	    result->message);
	memcpy(&limit, result->value, sizeof limit);
	return limit;
}

START_TEST(none_without_the_option)
{
	struct forkpool_options options = support_options(1);

	limit_set();
	options.limits.file_size = 0;
	struct forkpool *pool = support_open(&options);
	if (!support_sandboxed()) /* where the question is denied */
		ck_assert_uint_le(limit_of_jobs(pool), 1);
	(void)support_submit(pool, crashes, NULL, 0);
	const struct forkpool_result *result = support_wait(pool);
	ck_assert_int_eq(result->outcome, FORKPOOL_CRASHED);
	ck_assert_int_eq(result->core_dumped, 0);
	ck_assert_ptr_null(strstr(result->message, ", core "));
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(as_the_callers_limit_has_it)
{
	struct forkpool_options options = support_options(1);
	char sentence[200] = "";
	struct rlimit limit;

	options.core_dumps = 1;
	if (support_sandboxed()) {
		ck_assert_ptr_null(forkpool_open(&options, sentence, sizeof sentence));
		ck_assert_int_eq(errno, EINVAL);
		ck_assert_msg(strstr(sentence, "core_dumps") != NULL, "%s", sentence);
		return;
	}
	limit_set();
	ck_assert_int_eq(getrlimit(RLIMIT_CORE, &limit), 0);
	struct forkpool *pool = support_open(&options);
	ck_assert_uint_eq(limit_of_jobs(pool), limit.rlim_cur);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* Core files have what the caller keeps from being dumped. */
START_TEST(none_of_a_caller_that_is_not_to_be_dumped)
{
	struct forkpool_options options = support_options(1);

	if (support_sandboxed())
		return;
	limit_set();
	options.core_dumps = 1;
	ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 0), 0);
	struct forkpool *pool = support_open(&options);
	ck_assert_uint_le(limit_of_jobs(pool), 1);
	ck_assert_uint_eq(support_outcome(pool, is_dumpable, FORKPOOL_OK)->value_len, 0);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* Whether the system writes cores into files below the current directory. */
static int
cores_are_here(void)
{
	char pattern[256] = "";
	struct rlimit limit;
	FILE *file = fopen("/proc/sys/kernel/core_pattern", "re");

	if (file == NULL)
		return 0;
	(void)!fgets(pattern, sizeof pattern, file);
	(void)fclose(file);
	return strncmp(pattern, "core", 4) == 0 && strchr(pattern, '/') == NULL &&
	    strstr(pattern, "%t") == NULL && getrlimit(RLIMIT_CORE, &limit) == 0 &&
	    limit.rlim_cur >= CORE_LIMIT;
}

/* Those of the current directory; how many. */
static int
files_remove(void)
{
	DIR *dir = opendir(".");
	struct dirent *entry;
	int removed = 0;

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL)
		removed += unlink(entry->d_name) == 0;
	(void)closedir(dir);
	return removed;
}

START_TEST(message_says_where_it_is)
{
	struct forkpool_options options = support_options(1);
	char message[600];

	limit_set();
	if (support_sandboxed() || SUPPORT_SANITIZED || !cores_are_here())
		return;
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(chdir(directory), 0);
	options.core_dumps = 1;
	struct forkpool *pool = support_open(&options);
	(void)support_submit(pool, crashes, NULL, 0);
	const struct forkpool_result *result = support_wait(pool);
	ck_assert_int_eq(result->outcome, FORKPOOL_CRASHED);
	ck_assert_int_eq(result->core_dumped, 1);
	char *at = strstr(result->message, ", core dumped to ");
	ck_assert_msg(at != NULL, "%s", result->message);
	ck_assert_int_eq(unlink(at + strlen(", core dumped to ")), 0);
	if (support_own_process()) {
		/* Before what the job itself has said. */
		(void)support_submit(pool, crashes_with_words, NULL, 0);
		result = support_wait(pool);
		(void)strlcpy(message, result->message, sizeof message);
		at = strstr(message, ", core dumped to ");
		char *words = strstr(message, ": its own words");
		ck_assert_msg(at != NULL && words != NULL && at < words, "%s", message);
		*words = '\0';
		ck_assert_int_eq(unlink(at + strlen(", core dumped to ")), 0);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(rmdir(directory), 0);
}
END_TEST

static int
quits_with_words(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)forkpool_fail(context, EIO, "%.*s", (int)args_len, (const char *)args);
	return raise(SIGQUIT); /* no backtrace, so no place */
}

/* There is room for the core beside whatever the job has said, and for no more than that. */
START_TEST(long_messages)
{
	static char words[256], deep[300];
	struct forkpool_options options = support_options(1);

	limit_set();
	if (!support_own_process() || support_sandboxed() || SUPPORT_SANITIZED || !cores_are_here())
		return;
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(chdir(directory), 0);
	/* A name that would not fit, where there were no end to it. */
	memset(deep, 'd', 150);
	ck_assert_int_eq(mkdir(deep, 0700), 0);
	ck_assert_int_eq(chdir(deep), 0);
	ck_assert_int_eq(mkdir(deep, 0700), 0);
	ck_assert_int_eq(chdir(deep), 0);
	memset(words, 'w', sizeof words);
	options.core_dumps = 1;
	struct forkpool *pool = support_open(&options);
	for (size_t len = 180; len < 256; len += len < 200 ? 4 : 1) {
		(void)support_submit(pool, quits_with_words, words, len);
		const struct forkpool_result *result = support_wait(pool);
		ck_assert_int_eq(result->signal, SIGQUIT);
		ck_assert_int_eq(result->core_dumped, 1);
		ck_assert_uint_le(strlen(result->message), 255);
		ck_assert_msg(strstr(result->message, "w, core dumped") != NULL, "%zu: %s", len,
		    result->message);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
	ck_assert_int_gt(files_remove(), 0);
	ck_assert_int_eq(chdir(".."), 0);
	ck_assert_int_eq(rmdir(deep), 0);
	ck_assert_int_eq(chdir(".."), 0);
	ck_assert_int_eq(rmdir(deep), 0);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(rmdir(directory), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("core_dumps");
	TCase *tc = support_case("core_dumps", 20);

	tcase_add_test(tc, none_without_the_option);
	tcase_add_test(tc, as_the_callers_limit_has_it);
	tcase_add_test(tc, none_of_a_caller_that_is_not_to_be_dumped);
	tcase_add_test(tc, message_says_where_it_is);
	tcase_add_test(tc, long_messages);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

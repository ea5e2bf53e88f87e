/* SPDX-License-Identifier: BSD-2-Clause */
/* What a result does not tell as the place of its death: that of a child, the pool's frames. */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/debug_info.h"

/* Not known to the compiler. */
static volatile uintptr_t eight = 8;

/* 0: a child of this process has crashed. */
static int
child_crashes(void)
{
	int status;
	pid_t child = fork();

	if (child == -1)
		return errno;
	if (child == 0) {
		*(volatile int *)eight = 1;
		_exit(0);
	}
	if (waitpid(child, &status, 0) == -1)
		return errno;
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV ? 0 : EPROTO;
}

static int
has_a_child_that_crashes(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context, (void)args, (void)args_len;
	return child_crashes();
}

static int
exits_after_a_child(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context, (void)args, (void)args_len;
	_exit(child_crashes() == 0 ? 3 : 4);
}

static int
is_killed(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context, (void)args, (void)args_len;
	return raise(SIGKILL);
}

static int
is_killed_after_a_child(struct forkpool_context *context, const void *args, size_t args_len)
{
	int error = child_crashes();

	return error != 0 ? error : is_killed(context, args, args_len);
}

/* As of a plug-in that the caller has loaded since: the workers have nothing there. */
START_TEST(a_function_that_workers_do_not_have)
{
	struct forkpool_options options = support_options(1);
	struct forkpool *pool = support_open(&options);
	forkpool_fn *fn;

	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(page, MAP_FAILED);
	memcpy(&fn, &page, sizeof fn);
	const struct forkpool_result *result = support_outcome(pool, fn, FORKPOOL_CRASHED);
	ck_assert_msg(strstr(result->message, "called from") == NULL, "%s", result->message);
	const char *text = forkpool_backtrace(pool, result);
	if (debug_info_frames())
		ck_assert_msg(text != NULL && strchr(text, '\n') == strrchr(text, '\n'), "%s",
		    text);
	ck_assert_int_eq(munmap(page, 4096), 0);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* What a job forks has inherited the handlers, and is not the job. */
START_TEST(a_child_of_the_job)
{
	struct forkpool_options options = support_options(1);
	struct forkpool *pool;

	if (support_sandboxed())
		return; /* it has no children */
	pool = support_open(&options);
	(void)support_outcome(pool, has_a_child_that_crashes, FORKPOOL_OK);
	static const struct {
		forkpool_fn *fn;
		enum forkpool_outcome outcome;
	} ends[] = {
		/* First a job in the worker whose earlier one had such a child. */
		{ is_killed, FORKPOOL_CRASHED },
		{ is_killed_after_a_child, FORKPOOL_CRASHED },
		{ exits_after_a_child, FORKPOOL_EXITED },
	};
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		const struct forkpool_result *result =
		    support_outcome(pool, ends[i].fn, ends[i].outcome);
		ck_assert_msg(strstr(result->message, " at ") == NULL &&
		    strstr(result->message, " in ") == NULL, "%s", result->message);
		ck_assert_ptr_null(forkpool_backtrace(pool, result));
		if (ends[i].outcome == FORKPOOL_EXITED)
			ck_assert_int_eq(result->exit_code, 3);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("backtrace_others");
	TCase *tc = support_case("backtrace_others", 30);

	tcase_add_test(tc, a_function_that_workers_do_not_have);
	tcase_add_test(tc, a_child_of_the_job);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

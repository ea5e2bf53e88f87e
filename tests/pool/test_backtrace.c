/* SPDX-License-Identifier: BSD-2-Clause */
/* A result that died says where: the job's own frames, with function, file and line. */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/ipc/shared.h"
#include "tests/support/debug_info.h"

/* A frame that is there: not inlined, and, by what follows the call, not left before. */
#define FRAME static __attribute__((noinline)) int
#define LINE_BEFORE (__LINE__ - 3)

/* Not known to the compiler. */
static volatile uintptr_t eight = 8;
static int (*volatile nothing)(int);

FRAME
innermost(int n)
{
	*(volatile int *)eight = n;
	return n + 1;
}
enum { INNERMOST = LINE_BEFORE };

FRAME
middle(int n)
{
	int r = innermost(n);
	return r * n + 1;
}
enum { MIDDLE = LINE_BEFORE };

FRAME
outermost(int n)
{
	int r = middle(n);
	return r * n + 1;
}
enum { OUTERMOST = LINE_BEFORE };

static int
dies_deep(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)args;
	int r = outermost((int)args_len);
	return r + 1;
}
enum { DIES_DEEP = LINE_BEFORE };

static int
calls_nothing(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)args;
	int r = nothing((int)args_len);
	return r + 1;
}
enum { CALLS_NOTHING = LINE_BEFORE };

static int
compares(const void *a, const void *b)
{
	(void)b;
	return innermost(*(const int *)a) + 1;
}
enum { COMPARES = __LINE__ - 2 };

static int
dies_in_a_callback(struct forkpool_context *context, const void *args, size_t args_len)
{
	int numbers[2] = { 2, (int)args_len };

	(void)context;
	(void)args;
	qsort(numbers, 2, sizeof numbers[0], compares);
	return numbers[0];
}
enum { DIES_IN_A_CALLBACK = LINE_BEFORE };

static int
aborts(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)args;
	if (args_len == 0)
		abort();
	return 1;
}
enum { ABORTS = LINE_BEFORE };

FRAME
fills_the_stack(volatile char *before)
{
	volatile char own[1000];

	own[0] = *before;
	if (eight == 0)
		return 0; /* that it has an end, a compiler wants to see */
	int r = fills_the_stack(own);
	return r + own[0];
}

static int
overflows(struct forkpool_context *context, const void *args, size_t args_len)
{
	volatile char first = (char)args_len;

	(void)context;
	(void)args;
	return fills_the_stack(&first) + 1;
}

FRAME
opens_a_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	return fd + 1;
}
enum { OPENS_A_SOCKET = LINE_BEFORE };

static int
is_denied(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)args;
	int r = opens_a_socket();
	return r + (int)args_len;
}
enum { IS_DENIED = LINE_BEFORE };

static int
dies_with_words(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)forkpool_fail(context, EIO, "its own words");
	return dies_deep(context, args, args_len);
}

/*
 * These two faults have an address too: that of the instruction.  A sanitizer is not to be first.
 */
__attribute__((no_sanitize("undefined"))) static int
divides(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)args;
	int r = (int)eight / (int)(eight - 8 + args_len); /* one of 1 is no division */
	return r + 1;
}
enum { DIVIDES = LINE_BEFORE };

static int
traps(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)args;
	if (args_len == 0)
		__builtin_trap();
	return 1;
}
enum { TRAPS = LINE_BEFORE };

/* A frame of this program. */
struct wanted {
	const char *function; /* NULL: those of a library, any number of them, or none */
	int line;
};

/* Whether this line of a backtrace is that frame of this program. */
static int
is_frame(const char *line, const struct wanted *wanted)
{
	char beginning[200];

	if (debug_info_lines())
		(void)snprintf(beginning, sizeof beginning, "%s at %s:%d in ", wanted->function,
		    __FILE__, wanted->line);
	else if (debug_info_names())
		(void)snprintf(beginning, sizeof beginning, "%s+0x", wanted->function);
	else
		(void)snprintf(beginning, sizeof beginning, "%s", "");
	return strncmp(line, beginning, strlen(beginning)) == 0 &&
	    strstr(line, "test_backtrace") != NULL;
}

/* The backtrace is these frames, and no others. */
static void
check_frames(const char *text, const struct wanted *wanted, size_t n)
{
	char *copy, *rest, *line;
	size_t i = 0;

	if (!debug_info_frames())
		return; /* the place of the fault at most */
	ck_assert_ptr_nonnull(text);
	ck_assert_ptr_nonnull(copy = rest = strdup(text));
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
		while (i < n && wanted[i].function == NULL && is_frame(line, &wanted[i + 1]))
			i++;
		ck_assert_msg(i < n, "a frame too many:\n%s", text);
		if (wanted[i].function == NULL)
			continue;
		ck_assert_msg(is_frame(line, &wanted[i]), "frame %s:\n%s", wanted[i].function,
		    text);
		i++;
	}
	ck_assert_msg(i == n, "a frame too few:\n%s", text);
	free(copy);
}

/* The message is these three parts; the middle one, only where it can be known. */
static void
check_message(const char *message, const char *how, const char *place, const char *rest)
{
	char whole[600];

	(void)snprintf(whole, sizeof whole, "%s%s%s", how, debug_info_lines() ? place : "", rest);
	if (debug_info_frames() && !debug_info_lines())
		/* Another name or an address is there. */
		ck_assert_int_eq(strncmp(message, how, strlen(how)), 0);
	else if (debug_info_frames())
		ck_assert_str_eq(message, whole);
}

#define SEGV "killed by signal 11 (Segmentation fault)"

static const char *
at(const char *function, int line)
{
	static char text[100];

	(void)snprintf(text, sizeof text, " in %s() at test_backtrace.c:%d", function, line);
	return text;
}

START_TEST(three_static_functions_deep)
{
	static const struct wanted frames[] = {
		{ "innermost", INNERMOST }, { "middle", MIDDLE }, { "outermost", OUTERMOST },
		{ "dies_deep", DIES_DEEP },
	};
	struct forkpool_options options = support_options(1);
	struct forkpool *pool = support_open(&options);

	for (int i = 0; i < 3; i++) {
		const struct forkpool_result *result =
		    support_outcome(pool, dies_deep, FORKPOOL_CRASHED);
		int fds = support_open_fds();
		check_message(result->message, SEGV, at("innermost", INNERMOST), "");
		check_frames(forkpool_backtrace(pool, result), frames, 4);
		/* A second look finds the same, and costs no descriptor. */
		check_frames(forkpool_backtrace(pool, result), frames, 4);
		ck_assert_int_eq(support_open_fds(), fds);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(a_null_pointer_that_is_called)
{
	static const struct wanted caller = { "calls_nothing", CALLS_NOTHING };
	struct forkpool_options options = support_options(1);
	struct forkpool *pool = support_open(&options);
	const struct forkpool_result *result =
	    support_outcome(pool, calls_nothing, FORKPOOL_CRASHED);
	const char *text = forkpool_backtrace(pool, result);
	char place[200];

	(void)snprintf(place, sizeof place, " at 0x0, called from%s",
	    strchr(at("calls_nothing", CALLS_NOTHING) + 1, ' '));
#if defined(__x86_64__) || defined(__aarch64__)
	check_message(result->message, SEGV, place, "");
	if (debug_info_frames()) {
		ck_assert_msg(text != NULL && strncmp(text, "0x0\n", 4) == 0, "%s", text);
		check_frames(text + 4, &caller, 1);
	}
#else
	(void)text;
	(void)caller;
#endif
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(a_callback_of_a_library)
{
	static const struct wanted frames[] = {
		{ "innermost", INNERMOST }, { "compares", COMPARES }, { NULL, 0 },
		{ "dies_in_a_callback", DIES_IN_A_CALLBACK },
	};
	struct forkpool_options options = support_options(1);
	struct forkpool *pool = support_open(&options);
	const struct forkpool_result *result =
	    support_outcome(pool, dies_in_a_callback, FORKPOOL_CRASHED);

	check_frames(forkpool_backtrace(pool, result), frames, 4);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(abort_names_its_caller)
{
	static const struct wanted frames[] = { { NULL, 0 }, { "aborts", ABORTS } };
	struct forkpool_options options = support_options(1);
	struct forkpool *pool = support_open(&options);
	const struct forkpool_result *result = support_outcome(pool, aborts, FORKPOOL_CRASHED);
	char place[200];

	check_frames(forkpool_backtrace(pool, result), frames, 2);
	(void)snprintf(place, sizeof place, "aborts() at test_backtrace.c:%d", ABORTS);
	if (debug_info_frames() && debug_info_lines())
		ck_assert_msg(strstr(result->message, place) != NULL, "%s", result->message);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(a_full_stack_has_so_many_frames_and_no_more)
{
	struct forkpool_options options = support_options(1);
	struct forkpool *pool;
	unsigned lines = 0;

	options.limits.stack = 1 << 20;
	pool = support_open(&options);
	const struct forkpool_result *result =
	    support_outcome(pool, overflows, FORKPOOL_OVER_LIMIT);
	const char *text = forkpool_backtrace(pool, result);
	if (debug_info_frames()) {
		ck_assert_ptr_nonnull(text);
		for (const char *c = text; *c != '\0'; c++)
			lines += *c == '\n';
		ck_assert_uint_eq(lines, SHARED_CRASH_FRAMES);
		if (debug_info_names())
			ck_assert_ptr_nonnull(strstr(result->message, " in fills_the_stack()"));
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* They are none of calls that led nowhere, whose caller is looked for on the stack. */
START_TEST(other_faults_in_the_function_itself)
{
	static const struct {
		forkpool_fn *fn;
		struct wanted frame;
	} faults[] = {
#if defined(__x86_64__) || defined(__i386__)
		{ divides, { "divides", DIVIDES } },
#endif
		{ traps, { "traps", TRAPS } },
	};
	struct forkpool_options options = support_options(1);
	struct forkpool *pool = support_open(&options);

	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
		const struct forkpool_result *result =
		    support_outcome(pool, faults[i].fn, FORKPOOL_CRASHED);
		check_frames(forkpool_backtrace(pool, result), &faults[i].frame, 1);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(a_denied_call)
{
	static const struct wanted frames[] = {
		{ NULL, 0 }, { "opens_a_socket", OPENS_A_SOCKET }, { "is_denied", IS_DENIED },
	};
	struct forkpool_options options = support_options(1);
	struct forkpool *pool;

	if (!support_sandboxed() || SUPPORT_SANITIZED)
		return;
	pool = support_open(&options);
	const struct forkpool_result *result = support_outcome(pool, is_denied, FORKPOOL_DENIED);
	ck_assert_int_eq(strncmp(result->message, "denied: socket", 14), 0);
	check_frames(forkpool_backtrace(pool, result), frames, 3);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* The place stands behind what ended the run, and before what the job had to say. */
START_TEST(a_message_of_the_jobs_own)
{
	struct forkpool_options options = support_options(1);
	struct forkpool *pool = support_open(&options);
	const struct forkpool_result *result =
	    support_outcome(pool, dies_with_words, FORKPOOL_CRASHED);

	check_message(result->message, SEGV, at("innermost", INNERMOST),
	    support_own_process() ? ": its own words" : "");
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(of_the_last_result_and_of_no_other)
{
	struct forkpool_options options = support_options(1);
	struct forkpool *pool = support_open(&options), *other = support_open(&options);
	const struct forkpool_result *result = support_outcome(pool, dies_deep, FORKPOOL_CRASHED);
	struct forkpool_result copy = *result;

	ck_assert_ptr_null(forkpool_backtrace(other, result));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_ptr_null(forkpool_backtrace(pool, &copy));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_ptr_null(forkpool_backtrace(pool, NULL));
	ck_assert_int_eq(errno, EINVAL);
	if (debug_info_frames())
		ck_assert_ptr_nonnull(forkpool_backtrace(pool, result));
	const struct forkpool_result *none;
	ck_assert_int_eq(forkpool_next(pool, &none), 0);
	ck_assert_ptr_null(forkpool_backtrace(pool, result));
	ck_assert_int_eq(errno, EINVAL);
	result = support_outcome(pool, support_job_nothing, FORKPOOL_OK);
	ck_assert_ptr_null(forkpool_backtrace(pool, result));
	ck_assert_int_eq(errno, 0);
	ck_assert_int_eq(forkpool_close(other), 0);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("backtrace");
	TCase *tc = support_case("backtrace", 30);

	tcase_add_test(tc, three_static_functions_deep);
	tcase_add_test(tc, a_null_pointer_that_is_called);
	tcase_add_test(tc, a_callback_of_a_library);
	tcase_add_test(tc, abort_names_its_caller);
	tcase_add_test(tc, a_full_stack_has_so_many_frames_and_no_more);
	tcase_add_test(tc, other_faults_in_the_function_itself);
	tcase_add_test(tc, a_denied_call);
	tcase_add_test(tc, a_message_of_the_jobs_own);
	tcase_add_test(tc, of_the_last_result_and_of_no_other);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

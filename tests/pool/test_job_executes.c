/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jobs that become programs by execve(2): the program's end is the job's, and its worker stays as
 * it was.
 */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define MS INT64_C(1000000)

/* sh -c with the args. */
static int
runs_shell(struct forkpool_context *context, const void *args, size_t args_len)
{
	char *argv[] = { (char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c",
		(char *)(uintptr_t)args, NULL };

	(void)args_len;
	(void)execv("/bin/sh", argv);
	return forkpool_fail(context, errno, "sh: %s", strerror(errno));
}

static int
runs_nothing(struct forkpool_context *context, const void *args, size_t args_len)
{
	char *argv[] = { (char *)(uintptr_t)"nothing", NULL };

	(void)args;
	(void)args_len;
	(void)execv("/nonexistent/program", argv);
	return forkpool_fail(context, errno, "cannot run: %s", strerror(errno));
}

/* This program again, as one that maps a file, reads it, and ends (below). */
static int
runs_reader(struct forkpool_context *context, const void *args, size_t args_len)
{
	char *argv[] = { (char *)(uintptr_t) "reader", (char *)(uintptr_t)args, NULL };

	(void)args_len;
	(void)execv("/proc/self/exe", argv);
	return forkpool_fail(context, errno, "/proc/self/exe: %s", strerror(errno));
}

static struct forkpool *
open_executing(unsigned workers, enum forkpool_isolation level, struct forkpool_options *options)
{
	struct forkpool_options own = support_options(workers);
	static const char *const readable[] = { "/usr", "/bin", "/lib", "/lib64", "/etc",
		"/dev/null", NULL };
	static const struct forkpool_sandbox sandbox = { .exec = 1, .readable = readable };

	if (options == NULL)
		options = &own;
	options->isolation = level;
	options->executes = 1;
	options->output = FORKPOOL_OUTPUT_CAPTURE;
	if (level == FORKPOOL_ISOLATE_SANDBOX)
		options->sandbox = &sandbox;
	return support_open(options);
}

static const struct forkpool_result *
shell(struct forkpool *pool, const char *text)
{
	(void)support_submit(pool, runs_shell, text, strlen(text) + 1);
	return support_wait(pool);
}

static enum forkpool_isolation
level_of(int i)
{
	return i == 0 ? FORKPOOL_ISOLATE_JOB : FORKPOOL_ISOLATE_SANDBOX;
}

START_TEST(the_programs_end_is_the_jobs)
{
	struct forkpool *pool = open_executing(1, level_of(_i), NULL);
	const struct forkpool_result *r;

	for (int round = 0; round < 50; round++) {
		r = shell(pool, "exit 0");
		ck_assert_int_eq(r->outcome, FORKPOOL_EXITED);
		ck_assert_int_eq(r->exit_code, 0);
		r = shell(pool, "exit 7");
		ck_assert_int_eq(r->outcome, FORKPOOL_EXITED);
		ck_assert_int_eq(r->exit_code, 7);
		r = shell(pool, "kill -KILL $$");
		ck_assert_int_eq(r->outcome, FORKPOOL_CRASHED);
		ck_assert_int_eq(r->signal, SIGKILL);
		r = shell(pool, "echo out; echo err >&2");
		ck_assert_uint_eq(r->output_len, strlen("out\nerr\n"));
		(void)support_submit(pool, runs_nothing, NULL, 0);
		r = support_wait(pool);
		ck_assert_int_eq(r->outcome, FORKPOOL_FAILED);
		ck_assert_int_eq(r->error,
		    level_of(_i) == FORKPOOL_ISOLATE_JOB ? ENOENT : r->error);
		ck_assert_str_ne(r->message, "");
	}
	struct forkpool_stats stats;
	ck_assert_int_eq(forkpool_get_stats(pool, &stats), 0);
	ck_assert_uint_eq(stats.workers_died, 0);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/*
 * Arguments that do not fit into a packet are mapped, and the job's process shares the worker's
 * memory.
 */
START_TEST(large_arguments)
{
	struct forkpool *pool = open_executing(2, level_of(_i), NULL);
	static char text[100000];

	memset(text, ' ', sizeof text);
	(void)snprintf(text + sizeof text - 8, 8, "exit 3");
	for (int round = 0; round < 100; round++)
		(void)support_submit(pool, runs_shell, text, sizeof text);
	for (int round = 0; round < 100; round++)
		ck_assert_int_eq(support_wait(pool)->exit_code, 3);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(deadlines_and_limits_hold)
{
	struct forkpool_options options = support_options(2);
	const struct forkpool_result *r;

	options.grace_ns = 50 * MS;
	options.limits.cpu_ns = 300 * MS;
	struct forkpool *pool = open_executing(2, level_of(_i), &options);
	r = shell(pool, "while :; do :; done");
	ck_assert_int_eq(r->outcome, FORKPOOL_OVER_LIMIT);
	ck_assert_int_eq(r->limit, FORKPOOL_LIMIT_CPU);
	const char *stubborn = "trap '' TERM; while :; do sleep 60; done";
	struct forkpool_job job = { .fn = runs_shell, .args = stubborn,
		.args_len = strlen(stubborn) + 1, .timeout_ns = 200 * MS };
	ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
	r = support_wait(pool);
	ck_assert_int_eq(r->outcome, FORKPOOL_TIMED_OUT);
	r = shell(pool, "sleep 60 & sleep 60 & exit 4");
	ck_assert_int_eq(r->exit_code, 4);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* The pages of a file that a program maps and reads are not its memory, however it ends; what it
   allocates is. */
#define MAPPED ((size_t)100 << 20)

static char mapped_path[] = "/tmp/test_job_executes.XXXXXX";

static int
reader_main(const char *order)
{
	int fd = open(order + 1, O_RDONLY);

	if (order[0] == 'h') { /* a hog: up to its limit, where it stays for a moment */
		while (malloc((size_t)1 << 16) != NULL)
			continue;
		(void)nanosleep(&(struct timespec){ .tv_nsec = 100 * MS }, NULL);
		return 1;
	}
	const volatile unsigned char *at = mmap(NULL, MAPPED, PROT_READ, MAP_SHARED, fd, 0);
	if (fd == -1 || at == MAP_FAILED)
		return 99;
	for (size_t i = 0; i < MAPPED; i += 4096)
		(void)at[i];
	if (order[0] == 'a')
		abort();
	return order[0] - '0';
}

START_TEST(mapped_files_are_not_its_memory)
{
	static const struct {
		char how;
		enum forkpool_outcome outcome;
		int exit_code;
	} rows[] = {
		{ '0', FORKPOOL_EXITED, 0 }, { '1', FORKPOOL_EXITED, 1 },
		{ 'a', FORKPOOL_CRASHED, -1 }, { 'h', FORKPOOL_OVER_LIMIT, 1 },
	};
	struct forkpool_options options = support_options(1);
	char order[sizeof mapped_path + 1];

	if (SUPPORT_SANITIZED)
		return;
	int fd = mkstemp(mapped_path);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(ftruncate(fd, (off_t)MAPPED), 0);
	options.limits.memory = 64 << 20;
	struct forkpool *pool = open_executing(1, FORKPOOL_ISOLATE_JOB, &options);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		(void)snprintf(order, sizeof order, "%c%s", rows[i].how, mapped_path);
		(void)support_submit(pool, runs_reader, order, sizeof order);
		const struct forkpool_result *r = support_wait(pool);
		ck_assert_msg(r->outcome == rows[i].outcome && r->exit_code == rows[i].exit_code,
		    "%c: %s, exit code %d: %s", rows[i].how, forkpool_outcome_name(r->outcome),
		    r->exit_code, r->message);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
	(void)close(fd);
	(void)unlink(mapped_path);
}
END_TEST

/* At JOB a program gets the privileges that its file has; a sandbox gives none. */
START_TEST(new_privileges)
{
	struct forkpool *pool = open_executing(1, level_of(_i), NULL);
	const struct forkpool_result *r;

	if (level_of(_i) == FORKPOOL_ISOLATE_JOB) {
		r = shell(pool, "grep -q '^NoNewPrivs:.*0' /proc/self/status");
		ck_assert_int_eq(r->outcome, FORKPOOL_EXITED);
		ck_assert_int_eq(r->exit_code, 0);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/*
 * The job's process shares the worker's memory, but not its limits, signals, descriptors and
 * directory.
 */
START_TEST(the_worker_stays_what_it_was)
{
	struct forkpool *pool = open_executing(1, level_of(_i), NULL);
	char before[4096];
	const char *look = "ulimit -a; trap; pwd; umask; ls /dev/fd/ 2>/dev/null | wc -l";
	const struct forkpool_result *r = shell(pool, look);

	ck_assert_int_eq(r->exit_code, 0);
	(void)snprintf(before, sizeof before, "%s", r->output);
	for (int i = 0; i < 20; i++)
		(void)shell(pool,
		    "ulimit -n 20; ulimit -s 100; trap '' TERM; cd /; umask 077; exit 0");
	r = shell(pool, look);
	ck_assert_str_eq(r->output, before);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static int
dies_before(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	return args_len == sizeof(int) ? raise(*(const int *)args) : EBADMSG;
}

/* Such a process may have had the memory of its worker: nothing of its end stays there. */
START_TEST(deaths_before_the_program)
{
	static const int signals[] = { SIGSEGV, SIGABRT, SIGFPE, SIGSEGV };
	struct forkpool_options options = support_options(1);

	options.isolation = FORKPOOL_ISOLATE_JOB;
	options.executes = 1;
	struct forkpool *pool = support_open(&options);
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		(void)support_submit(pool, dies_before, &signals[i], sizeof signals[i]);
		const struct forkpool_result *result = support_wait(pool);
		ck_assert_int_eq(result->outcome, FORKPOOL_CRASHED);
		ck_assert_int_eq(result->signal, signals[i]);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[0], "reader") == 0)
		return reader_main(argv[1]);
	Suite *suite = suite_create("jobs that execute programs");
	TCase *tc = support_case("executes", 60);
	char error[256];
	struct forkpool_options options = { .workers = 1, .isolation = FORKPOOL_ISOLATE_SANDBOX };
	struct forkpool *pool =
	    SUPPORT_SANITIZED ? NULL : forkpool_open(&options, error, sizeof error);
	int levels = pool != NULL ? 2 : 1;

	(void)forkpool_close(pool);
	tcase_add_loop_test(tc, the_programs_end_is_the_jobs, 0, levels);
	tcase_add_loop_test(tc, large_arguments, 0, levels);
	tcase_add_loop_test(tc, deadlines_and_limits_hold, 0, levels);
	tcase_add_test(tc, mapped_files_are_not_its_memory);
	tcase_add_loop_test(tc, new_privileges, 0, levels);
	tcase_add_loop_test(tc, the_worker_stays_what_it_was, 0, levels);
	tcase_add_test(tc, deaths_before_the_program);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

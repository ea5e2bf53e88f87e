/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scarce resources, and many pools or workers: a clear error, or the pool works; nothing piles up.
 */
#include "config.h"
#include "tests/support/lives.h"
#include "tests/support/support.h"
#include "tests/support/users.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* mallinfo2(): glibc 2.33. */
#ifdef __GLIBC__
#if __GLIBC_PREREQ(2, 33)
#include <malloc.h>
#define HEAP_TELLS 1
#endif
#endif

static void
descriptors_limit(rlim_t soft)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = soft;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* ----------------------------------------------------------------------------------- processes */

static void
may_fork(pid_t pid, int may)
{
	static rlim_t normal;
	struct rlimit limit;

	ck_assert_int_eq(prlimit(pid, RLIMIT_NPROC, NULL, &limit), 0);
	if (!may)
		normal = limit.rlim_cur;
	limit.rlim_cur = may ? normal : 0;
	ck_assert_int_eq(prlimit(pid, RLIMIT_NPROC, &limit, NULL), 0);
}

static pid_t
worker_pid(struct forkpool *pool, unsigned worker)
{
	struct forkpool_worker_info info;

	ck_assert_int_eq(forkpool_worker_info(pool, worker, &info), 0);
	ck_assert_int_gt(info.pid, 0);
	return info.pid;
}

/* End a worker, whatever the level. */
static void
worker_ends(struct forkpool *pool, unsigned worker)
{
	struct forkpool_stats stats;
	uint64_t died;

	if (!support_own_process()) {
		lives_crash(pool);
		return;
	}
	ck_assert_int_eq(forkpool_get_stats(pool, &stats), 0);
	died = stats.workers_died;
	ck_assert_int_eq(kill(worker_pid(pool, worker), SIGKILL), 0);
	while (stats.workers_died == died) {
		ck_assert_int_ne(forkpool_dispatch(pool, NULL, 0), -1);
		ck_assert_int_eq(forkpool_get_stats(pool, &stats), 0);
	}
}

START_TEST(no_process_at_open)
{
	pid_t pid = fork();

	if (pid == 0) {
		char error[256] = "";
		int fds = support_open_fds();
		struct forkpool_options options = support_options(2);
		user_become(USER_OTHER); /* RLIMIT_NPROC does not bind root */
		struct rlimit none = { .rlim_cur = 0, .rlim_max = 0 };
		ck_assert_int_eq(setrlimit(RLIMIT_NPROC, &none), 0);
		ck_assert_ptr_null(forkpool_open(&options, error, sizeof error));
		ck_assert_int_eq(errno, EAGAIN);
		ck_assert_msg(strstr(error, "fork") != NULL, "%s", error);
		ck_assert_int_eq(support_open_fds(), fds);
		_exit(0);
	}
	lives_child(pid);
}
END_TEST

START_TEST(no_process_for_a_while)
{
	pid_t pid = fork();

	if (pid == 0) {
		user_become(USER_OTHER); /* RLIMIT_NPROC does not bind root */
		struct forkpool *pool = support_open(NULL);
		pid_t supervisor = support_supervisor(pool);
		may_fork(supervisor, 0);
		worker_ends(pool, 0);
		lives_double(pool, 20); /* by the other worker */
		worker_ends(pool, 1);
		for (int i = 0; i < 20; i++)
			(void)support_submit(pool, lives_twice, &i, sizeof i);
		ck_assert_uint_eq(forkpool_pending(pool), 20);
		may_fork(supervisor, 1);
		for (int i = 0; i < 20; i++)
			ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
		ck_assert_int_eq(forkpool_close(pool), 0);
		_exit(0);
	}
	lives_child(pid);
}
END_TEST

START_TEST(no_process_any_more)
{
	pid_t pid = fork();

	if (pid == 0) {
		user_become(USER_OTHER); /* RLIMIT_NPROC does not bind root */
		struct forkpool *pool = support_open(NULL);
		may_fork(support_supervisor(pool), 0);
		worker_ends(pool, 0);
		worker_ends(pool, 1);
		for (int i = 0; i < 20; i++)
			(void)support_submit(pool, lives_twice, &i, sizeof i);
		for (int i = 0; i < 20; i++) {
			const struct forkpool_result *result = support_wait(pool);
			ck_assert_int_eq(result->outcome, FORKPOOL_LOST);
			ck_assert_msg(strstr(result->message, strerror(EAGAIN)) != NULL, "%s",
			    result->message);
			ck_assert_uint_eq(result->attempts, 0);
		}
		ck_assert_int_eq(forkpool_close(pool), 0);
		_exit(0);
	}
	lives_child(pid);
}
END_TEST

/* The worker itself goes on, and says of each job that it got no process. */
START_TEST(no_process_for_a_job)
{
	pid_t pid = fork();

	if (pid == 0) {
		user_become(USER_OTHER); /* RLIMIT_NPROC does not bind root */
		struct forkpool_options options = support_options(1);
		struct forkpool *pool = support_open(&options);
		lives_double(pool, 20);
		pid_t worker = worker_pid(pool, 0);
		may_fork(worker, 0);
		for (int i = 0; i < 20; i++)
			(void)support_submit(pool, lives_twice, &i, sizeof i);
		for (int i = 0; i < 20; i++) {
			const struct forkpool_result *result = support_wait(pool);
			ck_assert_int_eq(result->outcome, FORKPOOL_SETUP_FAILED);
			ck_assert_int_eq(result->error, EAGAIN);
			ck_assert_msg(strstr(result->message, strerror(EAGAIN)) != NULL, "%s",
			    result->message);
			ck_assert_uint_eq(result->attempts, 1);
			ck_assert_int_eq(result->signal, 0);
			ck_assert_int_eq(result->exit_code, -1);
		}
		may_fork(worker, 1);
		lives_double(pool, 20);
		ck_assert_int_eq(worker_pid(pool, 0), worker);
		ck_assert_int_eq(forkpool_close(pool), 0);
		_exit(0);
	}
	lives_child(pid);
}
END_TEST

/* --------------------------------------------------------------------------- descriptors, files */

/* From far too few descriptors to enough: an error that says so, then a pool that works. */
START_TEST(few_descriptors)
{
	enum { WORKERS = 6, ROOM = 48 };
	struct forkpool_options options = support_options(WORKERS);
	char error[256];
	int fds = support_open_fds(), opened = 0, refused = 0;
	const rlim_t step = support_own_process() ? 3 : 1;

	options.output = _i & 2 ? FORKPOOL_OUTPUT_CAPTURE : FORKPOOL_OUTPUT_INHERIT;
	/* From the lowest limit on: this process may have descriptors above the limit. */
	for (rlim_t limit = 3; limit < (rlim_t)fds + ROOM; limit += step) {
		pid_t pid = fork();
		if (pid == 0) {
			struct rlimit files = { .rlim_cur = limit, .rlim_max = limit };
			if (_i & 1) /* the hard limit too: the supervisor cannot raise its own */
				ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &files), 0);
			else
				descriptors_limit(limit);
			struct forkpool *pool = forkpool_open(&options, error, sizeof error);
			if (pool == NULL && errno != EMFILE)
				(void)fprintf(stderr, "%s (%d)\n", error, errno);
			if (pool == NULL) {
				const char *why = strstr(error, strerror(EMFILE));
				_exit(errno == EMFILE && why != NULL ? 1 : 2);
			}
			lives_double(pool, 4 * WORKERS);
			lives_crash(pool);
			lives_double(pool, 4 * WORKERS);
			_exit(forkpool_close(pool) == 0 ? 0 : 3);
		}
		int status;
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) <= 1,
		    "with %d descriptors: status %#x", (int)limit, (unsigned)status);
		opened += WEXITSTATUS(status) == 0;
		refused += WEXITSTATUS(status) == 1;
	}
	ck_assert_int_gt(opened, 0);
	ck_assert_int_gt(refused * (int)step, WORKERS);
}
END_TEST

static int
replies_much(struct forkpool_context *context, const void *args, size_t args_len)
{
	static char block[100000];

	(void)args;
	memset(block, 'm', sizeof block);
	if (forkpool_reply(context, "head", 4) != 0)
		return EBADMSG;
	if (forkpool_reply(context, block, sizeof block) != 0) {
		/* The value is what it was, and a small one goes in a packet. */
		return args_len == 0 ? errno : errno == EFBIG ? 0 : EBADMSG;
	}
	return 0;
}

START_TEST(small_files_only)
{
	static char large[100000];
	pid_t pid = fork();

	if (pid == 0) {
		/*
		 * Less than the arguments and the value have, but enough for libcheck's own file.
		 */
		struct rlimit limit = { .rlim_cur = 65536,
			.rlim_max = _i == 0 ? RLIM_INFINITY : 65536 };
		ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
		struct forkpool *pool = support_open(NULL);
		struct forkpool_job job = { .fn = lives_twice, .args = large,
			.args_len = sizeof large };
		lives_double(pool, 20);
		/* The job is refused; SIGXFSZ does not end the caller. */
		ck_assert_int_eq(forkpool_submit(pool, &job, NULL), -1);
		ck_assert_int_eq(errno, EFBIG);
		(void)support_submit(pool, replies_much, NULL, 0);
		const struct forkpool_result *result = support_wait(pool);
		ck_assert_int_eq(result->outcome, _i == 0 ? FORKPOOL_OK : FORKPOOL_FAILED);
		ck_assert_int_eq(result->error, _i == 0 ? 0 : EFBIG);
		ck_assert_uint_eq(result->value_len, _i == 0 ? 100004 : 0);
		(void)support_submit(pool, replies_much, "", 1);
		result = support_wait(pool);
		ck_assert_int_eq(result->outcome, FORKPOOL_OK);
		ck_assert_uint_eq(result->value_len, _i == 0 ? 100004 : 4);
		ck_assert_int_eq(memcmp(result->value, "head", 4), 0);
		lives_crash(pool);
		lives_double(pool, 20);
		ck_assert_int_eq(forkpool_close(pool), 0);
		_exit(0);
	}
	lives_child(pid);
}
END_TEST

/* ---------------------------------------------------------------------------------------- many */

START_TEST(ten_pools_at_once)
{
	struct forkpool *pool[10];

	for (int i = 0; i < 10; i++)
		pool[i] = support_open(NULL);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 10; i++)
			for (int n = 0; n < 20; n++)
				(void)support_submit(pool[i], n == 7 ? lives_aborts : lives_twice,
				    &i, sizeof i);
		for (int i = 9; i >= 0; i--)
			for (int n = 0, value; n < 20; n++) {
				const struct forkpool_result *result = support_wait(pool[i]);
				if (result->outcome == FORKPOOL_CRASHED)
					continue;
				ck_assert_int_eq(result->outcome, FORKPOOL_OK);
				memcpy(&value, result->value, sizeof value);
				ck_assert_int_eq(value, 2 * i);
			}
	}
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(forkpool_close(pool[i * 7 % 10]), 0);
}
END_TEST

static long
resident_pages(void)
{
	long total = 0, resident = 0;
	FILE *statm = fopen("/proc/self/statm", "re");

	ck_assert_ptr_nonnull(statm);
	ck_assert_int_eq(fscanf(statm, "%ld %ld", &total, &resident), 2);
	(void)fclose(statm);
	return resident;
}

#define TUNABLES "GLIBC_TUNABLES"
#define NO_CACHE "glibc.malloc.tcache_count=0"

/*
 * Bytes that malloc() has given out and that nobody has freed; 0 where it does not say, or counts
 * what a thread keeps for its next malloc() too.
 */
static size_t
heap_used(void)
{
#ifdef HEAP_TELLS
	const char *tunables = getenv(TUNABLES);

	if (tunables == NULL || strcmp(tunables, NO_CACHE) != 0)
		return 0;
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
#else
	return 0;
#endif
}

START_TEST(pools_one_after_another)
{
	const int pools = SUPPORT_SANITIZED ? 60 : support_own_process() ? 120 : 300;
	/* libseccomp's use of memory takes some pools to settle. */
	const int settled = support_sandboxed() ? pools * 2 / 3 : pools / 10;
	int fds = support_open_fds();
	long pages = 0;
	size_t heap = 0;

	for (int i = 0; i < pools; i++) {
		struct forkpool *pool = support_open(NULL);
		lives_double(pool, 4);
		ck_assert_int_eq(forkpool_close(pool), 0);
		if (i % settled == 0)
			ck_assert_int_eq(support_open_fds(), fds);
		if (i == settled) {
			pages = resident_pages();
			heap = heap_used();
		}
	}
	/* A leak of a hundred bytes a pool would show.  A sanitizer keeps freed memory a while. */
	if (!SUPPORT_SANITIZED) {
		ck_assert_int_le(resident_pages() - pages, 24);
		ck_assert_uint_le(heap_used(), heap + 1024);
	}
}
END_TEST

static pthread_barrier_t *barrier;

static int
meets_all_others(struct forkpool_context *context, const void *args, size_t args_len)
{
	unsigned worker = forkpool_worker_index(context);

	(void)args;
	(void)args_len;
	(void)pthread_barrier_wait(barrier);
	return forkpool_reply(context, &worker, sizeof worker);
}

START_TEST(a_thousand_workers)
{
	enum { MOST = 1024, SPARE = 64 };
	static unsigned char seen[MOST];
	const unsigned workers = SUPPORT_SANITIZED ? 64 : support_times(MOST);
	struct forkpool_options options = support_options(workers);
	options.queue_limit = 5000;
	pthread_barrierattr_t shared;
	struct rlimit files;
	char error[256];

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &files), 0);
	if (files.rlim_max < workers + SPARE) {
		(void)fprintf(stderr, "skipped: RLIMIT_NOFILE is %llu, %u are needed\n",
		    (unsigned long long)files.rlim_max, workers + SPARE);
		return;
	}
	if (files.rlim_cur < workers + SPARE)
		descriptors_limit(workers + SPARE);
	barrier = support_shared(sizeof *barrier);
	ck_assert_int_eq(pthread_barrierattr_init(&shared), 0);
	ck_assert_int_eq(pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED), 0);
	ck_assert_int_eq(pthread_barrier_init(barrier, &shared, workers), 0);
	struct forkpool *pool = forkpool_open(&options, error, sizeof error);
	if (pool == NULL && errno == EAGAIN) {
		(void)fprintf(stderr, "skipped: %s\n", error);
		return;
	}
	ck_assert_msg(pool != NULL, "%s", error);
	/* No job returns before each worker runs one. */
	for (unsigned i = 0; i < workers; i++)
		(void)support_submit(pool, meets_all_others, NULL, 0);
	for (unsigned i = 0, worker; i < workers; i++) {
		const struct forkpool_result *result = support_wait(pool);
		ck_assert_int_eq(result->outcome, FORKPOOL_OK);
		memcpy(&worker, result->value, sizeof worker);
		ck_assert_uint_lt(worker, workers);
		ck_assert_uint_eq(seen[worker]++, 0);
	}
	lives_double(pool, (int)support_times(5000));
	lives_crash(pool);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

int
main(int argc, char **argv)
{
	(void)argc;
	/* For heap_used(); the C library reads it when a program starts. */
	if (getenv(TUNABLES) == NULL && setenv(TUNABLES, NO_CACHE, 1) == 0)
		(void)execv("/proc/self/exe", argv);
	Suite *suite = suite_create("resources");
	TCase *scarce = support_case("scarce", 120);
	TCase *many = support_case("many", 120);

	tcase_add_test(scarce, no_process_at_open);
	tcase_add_test(scarce, no_process_for_a_while);
	tcase_add_test(scarce, no_process_any_more);
	if (support_own_process())
		tcase_add_test(scarce, no_process_for_a_job);
	tcase_add_loop_test(scarce, few_descriptors, 0, 4);
	tcase_add_loop_test(scarce, small_files_only, 0, 2);
	tcase_add_test(many, ten_pools_at_once);
	tcase_add_test(many, pools_one_after_another);
	tcase_add_test(many, a_thousand_workers);
	suite_add_tcase(suite, scarce);
	suite_add_tcase(suite, many);
	return support_run(suite);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* A pool in a process that has threads and children of its own, and that reaps all its children. */
#include "config.h"
#include "tests/support/lives.h"
#include "tests/support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static _Atomic int thread_stops;
static _Atomic uint32_t rounds[3];

static void *
waits_for_anyone(void *arg)
{
	while (!atomic_load(&thread_stops))
		if (waitpid(-1, NULL, 0) == -1)
			(void)nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
	return arg;
}

static void
reaps_anyone(int signo)
{
	int saved = errno;

	(void)signo;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		continue;
	errno = saved;
}

START_TEST(somebody_else_reaps_the_supervisor)
{
	struct sigaction action;
	pthread_t thread;

	memset(&action, 0, sizeof action);
	sigemptyset(&action.sa_mask);
	action.sa_handler = reaps_anyone;
	action.sa_flags = SA_RESTART;
	if (_i == 0)
		ck_assert_int_eq(pthread_create(&thread, NULL, waits_for_anyone, NULL), 0);
	else
		ck_assert_int_eq(sigaction(SIGCHLD, &action, NULL), 0);
	for (int i = 0; i < 5; i++)
		lives_whole(NULL);
	lives_supervisor_begin();
	struct forkpool *pool = support_open(NULL);
	(void)support_submit(pool, lives_kills_supervisor, NULL, 0);
	ck_assert_int_eq(lives_wait(pool)->outcome, FORKPOOL_LOST);
	lives_double(pool, 20);
	ck_assert_int_eq(forkpool_close(pool), 0);
	if (_i == 0) {
		atomic_store(&thread_stops, 1);
		ck_assert_int_eq(pthread_join(thread, NULL), 0);
	}
}
END_TEST

/*
 * The C library's fork() takes the locks of its allocator and of its streams, so that they are free
 * in the child.  A sanitizer's allocator has locks that fork() does not know of (gcc's, and clang's
 * before 18): where another thread holds one of them during the fork, the child waits for ever when
 * it allocates.  There only printing is tested.
 */
static FILE *own;

static void *
allocates_and_prints(void *arg)
{
	_Atomic uint32_t *round = arg;

	for (size_t size = 1; !atomic_load(&thread_stops); size = size * 5 % 65537 + 1) {
		char *block = SUPPORT_SANITIZED ? NULL : malloc(size);
		if (block != NULL)
			block[0] = 'x';
		(void)fprintf(own, "%zu\n", size);
		(void)printf("%zu %c\n", size, block != NULL ? block[0] : ' ');
		free(block);
		support_post(round);
	}
	return NULL;
}

static int
allocates(struct forkpool_context *context, const void *args, size_t args_len)
{
	char *block = malloc(100000);

	(void)args;
	(void)args_len;
	if (block == NULL || printf("one\n") < 0 || fflush(stdout) != 0)
		return ENOMEM;
	memset(block, 'b', 100000);
	int r = forkpool_reply(context, block, 100000);
	free(block);
	return r == -1 ? errno : 0;
}

START_TEST(opened_while_threads_allocate_and_print)
{
	pthread_t thread[3];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	own = fopen("/dev/null", "we");
	ck_assert_ptr_nonnull(own);
	ck_assert_int_eq(dup2(null, STDOUT_FILENO), STDOUT_FILENO);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, allocates_and_prints, &rounds[i]),
		    0);
	for (int i = 0; i < 3; i++)
		support_await(&rounds[i], 2); /* by now each stream has its buffer */
	for (int i = 0; i < 10; i++) {
		struct forkpool *pool = support_open(NULL);
		for (int j = 0; j < 8; j++)
			(void)support_submit(pool, allocates, NULL, 0);
		for (int j = 0; j < 8; j++)
			ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
		lives_crash(pool);
		ck_assert_int_eq(forkpool_close(pool), 0);
	}
	atomic_store(&thread_stops, 1);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
	(void)fclose(own);
	(void)close(null);
}
END_TEST

static void *
opens(void *arg)
{
	*(struct forkpool **)arg = support_open(NULL);
	return NULL;
}

START_TEST(opened_by_a_thread_that_ends)
{
	struct forkpool *pool = NULL;
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, opens, &pool), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	lives_double(pool, 20);
	lives_crash(pool);
	lives_double(pool, 20);
	struct forkpool_stats stats;
	ck_assert_int_eq(forkpool_get_stats(pool, &stats), 0);
	ck_assert_uint_eq(stats.workers_died, !support_own_process());
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static int
all_refuse(struct forkpool *pool)
{
	const char *not_refused = support_not_refused(pool, ECHILD);

	if (not_refused != NULL)
		(void)fprintf(stderr, "# forkpool_%s() is not refused\n", not_refused);
	errno = 0;
	return not_refused == NULL && forkpool_close(pool) == -1 && errno == ECHILD;
}

START_TEST(own_children_stay_apart)
{
	int hold[2];

	ck_assert_int_eq(pipe(hold), 0);
	pid_t before = fork();
	if (before == 0)
		_exit(0);
	struct forkpool *pool = support_open(NULL);
	(void)support_submit(pool, lives_aborts, NULL, 0);
	pid_t after = fork();
	if (after == 0) {
		char byte;
		int refused = all_refuse(pool);
		/* The child outlives the pool, with copies of all descriptors of the caller. */
		(void)close(hold[1]);
		ssize_t n = read(hold[0], &byte, 1);
		_exit(refused && n == 0 ? 0 : 1);
	}
	ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_CRASHED);
	lives_double(pool, 20);
	ck_assert_int_eq(forkpool_close(pool), 0);
	(void)close(hold[0]);
	(void)close(hold[1]);
	lives_child(after);
	lives_child(before);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("company");
	TCase *tc = support_case("threads and children", 60);

	tcase_add_loop_test(tc, somebody_else_reaps_the_supervisor, 0, 2);
	tcase_add_test(tc, opened_while_threads_allocate_and_print);
	tcase_add_test(tc, opened_by_a_thread_that_ends);
	tcase_add_test(tc, own_children_stay_apart);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

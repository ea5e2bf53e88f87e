/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptors that the caller passes to workers and jobs: they have these and no others, whichever
 * process dies and whatever the caller does with its own.
 */
#include "config.h"
#include "tests/support/lives.h"
#include "tests/support/passed.h"
#include "tests/support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* Adjacent numbers, single ones, one twice, and one past what most processes ever have. */
static const int numbers[] = { 700, 112, 110, 111, 140, 142, 144, 145, 112, 300 };
static const int decoys[] = { 109, 113, 141, 143, 146, 299, 301, 699, 701 };
#define NUMBERS ((int)(sizeof numbers / sizeof numbers[0]))
#define DECOYS ((int)(sizeof decoys / sizeof decoys[0]))

/* Make the files, and the list as the caller gives it. */
static void
scene_set(struct passed *e, int list[PASSED_MAX])
{
	memset(e, 0, sizeof *e);
	for (int i = 0; i < NUMBERS; i++) {
		list[i] = e->number[i] = numbers[i];
		e->cloexec[i] = numbers[i] % 2 == 0;
		if (fcntl(numbers[i], F_GETFD) == -1) /* not the second time */
			passed_make(numbers[i], numbers[i], e->cloexec[i]);
	}
	for (int i = 0; i < DECOYS; i++) {
		e->closed[i] = decoys[i];
		passed_make(decoys[i], decoys[i], i % 2);
	}
	e->count = NUMBERS;
	e->closed_count = DECOYS;
	e->only = support_own_process();
	list[NUMBERS] = -1;
}

static void
scene_clear(void)
{
	for (int i = 0; i < NUMBERS; i++)
		(void)close(numbers[i]);
	for (int i = 0; i < DECOYS; i++)
		(void)close(decoys[i]);
}

/*
 * _i: the caller 0 keeps its own descriptors, 1 closes them, 2 opens other files at their numbers.
 */
START_TEST(all_processes_have_them_whatever_becomes_of_the_callers)
{
	struct forkpool_options options = support_options(2);
	struct passed e;
	int list[PASSED_MAX];

	scene_set(&e, list);
	options.descriptors = list;
	struct forkpool *pool = support_open(&options);
	memset(list, 0, sizeof list); /* the pool has a copy */
	for (int i = 0; i < NUMBERS && _i > 0; i++)
		(void)close(numbers[i]);
	for (int i = 0; i < NUMBERS && _i == 2; i++)
		if (fcntl(numbers[i], F_GETFD) == -1)
			passed_make(numbers[i], -2, 0);
	passed_assert_lasting(pool, &e);
	ck_assert_int_eq(forkpool_close(pool), 0);
	for (int i = 0; i < NUMBERS; i++) {
		if (_i == 1) {
			ck_assert(!support_fd_is_open(numbers[i]));
			continue;
		}
		ck_assert(passed_holds(numbers[i], _i == 2 ? -2 : numbers[i]));
		ck_assert_int_eq(fcntl(numbers[i], F_GETFD),
		    _i == 0 && e.cloexec[i] ? FD_CLOEXEC : 0);
	}
	scene_clear();
}
END_TEST

/*
 * The passed descriptors have the lowest numbers there are, and the caller closes its own: the
 * pool's own descriptors could get these numbers.  _i: a set of the descriptors 0 to 2 that the
 * caller does not have.
 */
START_TEST(the_pools_own_never_take_their_numbers)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct forkpool_options options = support_options(2);
		struct passed e = { .count = 12, .only = support_own_process() };
		int list[13];
		for (int i = 0; i < 12; i++) {
			int fd = memfd_create("forkpool-test", 0);
			ck_assert_int_eq(write(fd, &fd, sizeof fd), sizeof fd);
			list[11 - i] = e.number[i] = fd;
		}
		list[12] = -1;
		for (int fd = 0; fd < 3; fd++)
			if (_i >> fd & 1)
				(void)close(fd);
		options.output = FORKPOOL_OUTPUT_CAPTURE;
		options.descriptors = list;
		struct forkpool *pool = support_open(&options);
		passed_assert(pool, &e);
		for (int i = 0; i < 12; i++)
			(void)close(e.number[i]);
		passed_assert_lasting(pool, &e);
		ck_assert_int_eq(forkpool_close(pool), 0);
		for (int i = 0; i < 12; i++)
			ck_assert_int_eq(fcntl(e.number[i], F_GETFD), -1);
		for (int fd = 0; fd < 3; fd++)
			ck_assert_int_eq(fcntl(fd, F_GETFD) == -1, _i >> fd & 1);
		_exit(0);
	}
	lives_child(pid);
}
END_TEST

/* ---------------------------------------------------------------------------- what is refused */

static void
assert_refused(const int *list, int error, const char *names)
{
	struct forkpool_options options = support_options(1);
	char text[256] = "";
	int fds = support_open_fds();

	options.descriptors = list;
	errno = 0;
	ck_assert_ptr_null(forkpool_open(&options, text, sizeof text));
	ck_assert_msg(errno == error, "%s: %s", text, strerror(errno));
	ck_assert_msg(strstr(text, "descriptors: ") == text && strstr(text, names) != NULL,
	    "\"%s\" does not name %s", text, names);
	ck_assert_ptr_null(forkpool_open(&options, NULL, 0));
	ck_assert_int_eq(errno, error);
	ck_assert_int_eq(support_open_fds(), fds);
}

START_TEST(a_list_that_makes_no_sense_is_refused_with_a_sentence)
{
	static int many[8194];
	int open_one = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int free_one = fcntl(open_one, F_DUPFD, 3); /* the lowest free number */
	char name[16];

	(void)close(free_one);
	(void)snprintf(name, sizeof name, " %d ", free_one);
	for (int fd = 0; fd < 3; fd++)
		assert_refused((int[]){ open_one, fd, -1 }, EINVAL, "not above 2");
	assert_refused((int[]){ -2, -1 }, EINVAL, "-2");
	assert_refused((int[]){ free_one, -1 }, EBADF, name);
	/* The library itself may have that number a moment later, which must not count. */
	assert_refused((int[]){ open_one, free_one, -1 }, EBADF, name);
	assert_refused((int[]){ free_one, open_one, -1 }, EBADF, name);
	for (int i = 0; i < 8194; i++)
		many[i] = open_one;
	many[8193] = -1;
	assert_refused(many, EINVAL, "8192");
	(void)close(open_one);
}
END_TEST

START_TEST(as_many_as_may_be_named_and_none)
{
	static int many[8193];
	struct forkpool_options options = support_options(1);

	passed_make(150, 150, 0);
	for (int i = 0; i < 8192; i++)
		many[i] = 150;
	many[8192] = -1;
	for (int n = 0; n < 2; n++) {
		struct passed e = { .count = 1 - n, .number = { 150 },
			.closed_count = n, .closed = { 150 } };
		e.only = support_own_process();
		options.descriptors = n == 0 ? many : &many[8192];
		struct forkpool *pool = support_open(&options);
		passed_assert(pool, &e);
		ck_assert_int_eq(forkpool_close(pool), 0);
	}
	(void)close(150);
}
END_TEST

/* --------------------------------------------------------------------------------------- limits */

static int
counts_open(struct forkpool_context *context, const void *args, size_t args_len)
{
	int count = 0, highest;

	if (args_len != sizeof highest)
		return EINVAL;
	memcpy(&highest, args, sizeof highest);
	for (int fd = 3; fd <= highest; fd++)
		count += support_fd_is_open(fd);
	return forkpool_reply(context, &count, sizeof count);
}

START_TEST(very_many_with_a_gap_between_each)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct rlimit limit;
		struct forkpool_options options = support_options(2);
		static int list[8193];
		int n = 0, highest = 0;
		ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
		/* The pool needs a duplicate of each, and descriptors of its own. */
		limit.rlim_cur = limit.rlim_max < 20000 ? limit.rlim_max : 20000;
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
		int most = (int)(limit.rlim_cur / 4) < 2000 ? (int)(limit.rlim_cur / 4) : 2000;
		for (int fd = 100; n < most; fd += 2) {
			ck_assert_int_eq(dup2(STDERR_FILENO, fd), fd);
			list[n++] = highest = fd;
		}
		list[n] = -1;
		options.descriptors = list;
		struct forkpool *pool = support_open(&options);
		/* Numbers past the limit that workers have are passed on as well. */
		for (int round = 0; round < 2; round++) {
			(void)support_submit(pool, counts_open, &highest, sizeof highest);
			const struct forkpool_result *result = support_wait(pool);
			ck_assert_int_eq(result->outcome, FORKPOOL_OK);
			int count = *(const int *)result->value;
			if (support_own_process())
				ck_assert_int_eq(count, n);
			else
				ck_assert_int_ge(count, n); /* and the worker's own are open */
			lives_crash(pool);
			lives_kill_supervisor(pool);
		}
		ck_assert_int_eq(forkpool_close(pool), 0);
		/* More than this process may hold twice. */
		limit.rlim_cur = (rlim_t)support_open_fds() + 20;
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
		char text[256] = "";
		int fds = support_open_fds();
		ck_assert_ptr_null(forkpool_open(&options, text, sizeof text));
		ck_assert_int_eq(errno, EMFILE);
		ck_assert_msg(strstr(text, "descriptors: ") == text, "%s", text);
		ck_assert_int_eq(support_open_fds(), fds);
		_exit(0);
	}
	lives_child(pid);
}
END_TEST

/* _i: 1 the hard limit is below the number too, so that not even a supervisor can have it. */
START_TEST(a_number_past_the_limit)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct rlimit limit;
		struct forkpool_options options = support_options(1);
		struct passed e = { .count = 1, .number = { 900 }, .only = support_own_process() };
		const int list[] = { 900, -1 };
		char text[256] = "";
		passed_make(900, 900, 0);
		ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
		limit.rlim_cur = 200;
		if (_i)
			limit.rlim_max = 200;
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
		options.descriptors = list;
		options.limits.open_files = 32;
		struct forkpool *pool = forkpool_open(&options, text, sizeof text);
		if (_i) {
			ck_assert_ptr_null(pool);
			ck_assert_int_eq(errno, EBADF);
			ck_assert_msg(strstr(text, "descriptors: ") == text, "%s", text);
			_exit(0);
		}
		ck_assert_msg(pool != NULL, "%s", text);
		passed_assert_lasting(pool, &e);
		ck_assert_int_eq(forkpool_close(pool), 0);
		_exit(0);
	}
	lives_child(pid);
}
END_TEST

/* --------------------------------------------------------------------- what jobs do with them */

struct ends { int to, from, file; };

/* Send back the word that was sent, and append it to the file. */
static int
echoes(struct forkpool_context *context, const void *args, size_t args_len)
{
	const struct ends *ends = args;
	char word[4];

	if (args_len != sizeof *ends || read(ends->from, word, sizeof word) != sizeof word ||
	    write(ends->to, word, sizeof word) != sizeof word)
		return errno != 0 ? errno : EIO;
	if (lseek(ends->file, 0, SEEK_END) == -1 ||
	    write(ends->file, word, sizeof word) != sizeof word)
		return errno;
	return forkpool_reply(context, word, sizeof word);
}

START_TEST(jobs_read_and_write_by_them)
{
	struct forkpool_options options = support_options(2);
	int to[2], from[2];
	char word[4];

	ck_assert_int_eq(pipe(to), 0);
	ck_assert_int_eq(pipe(from), 0);
	struct ends ends = { .to = to[1], .from = from[0] };
	ends.file = memfd_create("forkpool-test", MFD_CLOEXEC);
	options.descriptors = (const int[]){ ends.file, ends.to, ends.from, -1 };
	struct forkpool *pool = support_open(&options);
	ck_assert_int_eq(close(to[1]), 0);
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(write(from[1], "word", 4), 4);
		(void)support_submit(pool, echoes, &ends, sizeof ends);
		const struct forkpool_result *result = support_wait(pool);
		ck_assert_msg(result->outcome == FORKPOOL_OK, "%s: %s",
		    forkpool_outcome_name(result->outcome), result->message);
		ck_assert_int_eq(read(to[0], word, sizeof word), 4);
	}
	/* The jobs and the caller share the file, position and all. */
	ck_assert_int_eq(lseek(ends.file, 0, SEEK_CUR), 20);
	/* The pipe ends when the pool closes, and not before. */
	ck_assert_int_eq(fcntl(to[0], F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(read(to[0], word, sizeof word), -1);
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_int_eq(forkpool_close(pool), 0);
	ck_assert_int_eq(read(to[0], word, sizeof word), 0);
	(void)close(to[0]);
	(void)close(from[0]);
	(void)close(from[1]);
	(void)close(ends.file);
}
END_TEST

static int
closes_and_replaces(struct forkpool_context *context, const void *args, size_t args_len)
{
	const struct passed *e = args;

	(void)context;
	if (args_len != sizeof *e)
		return EINVAL;
	for (int i = 0; i < e->count; i++)
		if (dup2(STDIN_FILENO, e->number[i]) == -1 ||
		    (i % 2 == 0 && close(e->number[i]) == -1))
			return errno;
	return 0;
}

START_TEST(a_job_closes_its_own)
{
	struct forkpool_options options = support_options(1);
	struct passed e;
	int list[PASSED_MAX];

	scene_set(&e, list);
	options.descriptors = list;
	struct forkpool *pool = support_open(&options);
	(void)support_submit(pool, closes_and_replaces, &e, sizeof e);
	ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
	if (!support_own_process()) {
		/* The job closed its worker's descriptors: only the next worker has them again. */
		(void)support_submit(pool, passed_job_finds, &e, sizeof e);
		ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_FAILED);
		lives_crash(pool);
	}
	passed_assert(pool, &e);
	ck_assert_int_eq(forkpool_close(pool), 0);
	for (int i = 0; i < NUMBERS; i++)
		ck_assert(passed_holds(numbers[i], numbers[i]));
	scene_clear();
}
END_TEST

static int init_saw;

static int
init_looks(void *arg, void **state)
{
	*state = &init_saw;
	init_saw = passed_holds(*(const int *)arg, *(const int *)arg);
	return 0;
}

static int
tells_what_init_saw(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)args;
	(void)args_len;
	const void *saw = forkpool_worker_state(context);
	return forkpool_reply(context, saw, sizeof init_saw);
}

START_TEST(worker_init_has_them)
{
	struct forkpool_options options = support_options(1);
	int number = 133;

	passed_make(number, number, 1);
	options.descriptors = (const int[]){ number, -1 };
	options.worker_init = init_looks;
	options.worker_arg = &number;
	struct forkpool *pool = support_open(&options);
	(void)support_submit(pool, tells_what_init_saw, NULL, 0);
	const struct forkpool_result *result = support_wait(pool);
	ck_assert_int_eq(result->outcome, FORKPOOL_OK);
	ck_assert_int_eq(*(const int *)result->value, 1);
	ck_assert_int_eq(forkpool_close(pool), 0);
	(void)close(number);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("descriptors");
	TCase *tc = support_case("descriptors", 60);

	tcase_add_loop_test(tc, all_processes_have_them_whatever_becomes_of_the_callers, 0, 3);
	tcase_add_loop_test(tc, the_pools_own_never_take_their_numbers, 0, 8);
	tcase_add_test(tc, a_list_that_makes_no_sense_is_refused_with_a_sentence);
	tcase_add_test(tc, as_many_as_may_be_named_and_none);
	tcase_add_test(tc, very_many_with_a_gap_between_each);
	tcase_add_loop_test(tc, a_number_past_the_limit, 0, 2);
	tcase_add_test(tc, jobs_read_and_write_by_them);
	tcase_add_test(tc, a_job_closes_its_own);
	tcase_add_test(tc, worker_init_has_them);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

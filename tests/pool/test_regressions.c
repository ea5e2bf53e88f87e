/* SPDX-License-Identifier: BSD-2-Clause */
/* Bugs that once were there, each with the job that showed it. */
#include "config.h"
#include "tests/support/lives.h"
#include "tests/support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/ipc/wire_result.h"

static int
first_byte(struct forkpool_context *context, const void *args, size_t args_len)
{
	return args_len > 0 && forkpool_reply(context, args, 1) == 0 ? 0 : EINVAL;
}

/* With large arguments, so that both pools use their arenas. */
static int
opens_a_pool(struct forkpool_context *context, const void *args, size_t args_len)
{
	static char large[100000];
	struct forkpool_options options = support_options(2);
	struct forkpool_job job = { .fn = first_byte, .args = large, .args_len = sizeof large };
	const struct forkpool_result *result;
	char error[200], byte = 0;
	int wrong = 0;

	(void)args;
	(void)args_len;
	memset(large, 7, sizeof large);
	struct forkpool *pool = forkpool_open(&options, error, sizeof error);
	if (pool == NULL)
		return forkpool_fail(context, errno, "%s", error);
	for (int i = 0; i < 4; i++)
		wrong += forkpool_submit(pool, &job, NULL) != 1;
	while (forkpool_wait(pool, &result, -1) == 1)
		wrong +=
		    result->outcome != FORKPOOL_OK || (byte = *(const char *)result->value) != 7;
	wrong += forkpool_close(pool) != 0;
	if (wrong > 0)
		return forkpool_fail(context, EPROTO, "%d wrong", wrong);
	return forkpool_reply(context, &byte, 1);
}

/* _i: 0 in the first worker process, 1 in the one that replaces it. */
START_TEST(pool_opened_in_a_job_works)
{
	static char large[100000];
	struct forkpool_options options = support_options(1);
	struct forkpool *pool = support_open(&options);

	memset(large, 3, sizeof large);
	(void)support_submit(pool, first_byte, large, sizeof large);
	ck_assert_int_eq(*(const char *)support_wait(pool)->value, 3);
	if (_i == 1)
		lives_crash(pool);
	(void)support_submit(pool, opens_a_pool, NULL, 0);
	const struct forkpool_result *result = support_wait(pool);
	if (support_sandboxed()) {
		ck_assert_msg(result->outcome == FORKPOOL_DENIED ||
			result->outcome == FORKPOOL_FAILED,
		    "%s: %s", forkpool_outcome_name(result->outcome), result->message);
	} else {
		ck_assert_msg(result->outcome == FORKPOOL_OK, "%s: %s",
		    forkpool_outcome_name(result->outcome), result->message);
		ck_assert_int_eq(*(const char *)result->value, 7);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

#ifndef FORKPOOL_SANITIZE
#define FORKPOOL_SANITIZE ""
#endif

#define MUCH ((size_t)9 << 20)

static int
prints_much(struct forkpool_context *context, const void *args, size_t args_len)
{
	static char part[1 << 16];
	_Atomic uint32_t *ended;

	(void)context;
	memcpy(&ended, args, args_len);
	memset(part, 'x', sizeof part);
	for (size_t done = 0; done < MUCH; done += sizeof part)
		if (write(STDOUT_FILENO, part, sizeof part) != (ssize_t)sizeof part)
			return EIO;
	support_post(ended);
	return 0;
}

/*
 * There is no room for the captured output of the third job until the caller takes other results.
 */
START_TEST(run_that_waits_for_room_keeps_its_outcome)
{
	struct forkpool_options options = support_options(1);
	_Atomic uint32_t *ended = support_shared(sizeof *ended);

	options.output = FORKPOOL_OUTPUT_CAPTURE;
	options.timeout_ns = INT64_C(4000000000);
	options.grace_ns = 1000000;
	struct forkpool *pool = support_open(&options);
	for (int i = 0; i < 6; i++)
		(void)support_submit(pool, prints_much, &ended, sizeof ended);
	(void)forkpool_pollfds(pool, NULL, 0);
	support_await(ended, 3);
	(void)poll(NULL, 0, 4500); /* past deadline and grace, outside the library */
	for (int i = 0; i < 6; i++) {
		const struct forkpool_result *result = support_wait(pool);
		ck_assert_msg(result->outcome == FORKPOOL_OK, "job %d: %s: %s", i,
		    forkpool_outcome_name(result->outcome), result->message);
		ck_assert_uint_eq(result->attempts, 1);
		ck_assert_uint_eq(result->output_len, MUCH);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static int
much_of(struct forkpool_context *context, const void *args, size_t args_len)
{
	static char large[200000];

	if (args_len != 1)
		return EINVAL;
	memset(large, *(const char *)args, sizeof large);
	return forkpool_reply(context, large, sizeof large);
}

/* Replace the descriptor of the file with that name by another file. */
static int
replaces_descriptors(struct forkpool_context *context, const void *args, size_t args_len)
{
	char path[64], target[128], name[32];
	int replaced = 0;

	(void)context;
	memcpy(name, args, args_len);
	name[args_len] = '\0';
	for (int fd = 3; fd < 1024; fd++) {
		(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		ssize_t n = readlink(path, target, sizeof target - 1);
		if (n <= 0)
			continue;
		target[n] = '\0';
		if (strstr(target, name) == NULL)
			continue;
		int own = open("/dev/zero", O_RDWR);
		replaced += dup2(own, fd) == fd;
		(void)close(own);
	}
	return replaced == 1 ? 0 : ENOENT;
}

START_TEST(job_that_replaces_a_descriptor_harms_no_other)
{
	static const char *const names[] = { "forkpool-values", "forkpool-args" };
	static char large[100000];
	struct forkpool_options options = support_options(1);
	struct forkpool *pool = support_open(&options);

	memset(large, 5, sizeof large);
	(void)support_submit(pool, much_of, "A", 1);
	ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
	(void)support_submit(pool, replaces_descriptors, names[_i], strlen(names[_i]));
	const struct forkpool_result *result = support_wait(pool);
	/* A job's own process has no such descriptor. */
	ck_assert_msg(result->outcome == (support_own_process() ? FORKPOOL_FAILED : FORKPOOL_OK),
	    "%s: %s", forkpool_outcome_name(result->outcome), result->message);
	ck_assert_int_eq(result->error, support_own_process() ? ENOENT : 0);
	(void)support_submit(pool, much_of, "B", 1);
	result = support_wait(pool);
	ck_assert_int_eq(result->outcome, FORKPOOL_OK);
	ck_assert_int_eq(*(const char *)result->value, 'B');
	ck_assert_uint_eq(result->attempts, 1);
	(void)support_submit(pool, first_byte, large, sizeof large);
	result = support_wait(pool);
	ck_assert_int_eq(result->outcome, FORKPOOL_OK);
	ck_assert_int_eq(*(const char *)result->value, 5);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static int
leaves_an_orphan(struct forkpool_context *context, const void *args, size_t args_len)
{
	pid_t pid = fork();

	(void)context;
	(void)args;
	(void)args_len;
	if (pid == 0)
		_exit(fork() == -1); /* the grandchild ends at once too, and nobody waits for it */
	return pid > 0 && waitpid(pid, NULL, 0) == pid ? 0 : errno;
}

static int
counts_children(struct forkpool_context *context, const void *args, size_t args_len)
{
	int n = waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD;

	(void)args;
	(void)args_len;
	return forkpool_reply(context, &n, sizeof n);
}

START_TEST(orphans_of_jobs_do_not_pile_up_in_the_worker)
{
	struct forkpool_options options = support_options(1);
	struct forkpool *pool = support_open(&options);
	int n;

	for (int i = 0; i < 10; i++) {
		(void)support_submit(pool, leaves_an_orphan, NULL, 0);
		ck_assert_int_eq(support_wait(pool)->outcome,
		    support_sandboxed() ? FORKPOOL_DENIED : FORKPOOL_OK);
	}
	(void)support_submit(pool, counts_children, NULL, 0);
	memcpy(&n, support_wait(pool)->value, sizeof n);
	ck_assert_int_eq(n, 0);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(workers_are_counted_once_whoever_was_the_supervisor)
{
	struct forkpool_options options = support_options(1);
	struct forkpool_stats stats;

	lives_supervisor_begin();
	struct forkpool *pool = support_open(&options);
	(void)support_submit(pool, lives_kills_supervisor, NULL, 0);
	ck_assert_int_eq(lives_wait(pool)->outcome, FORKPOOL_LOST);
	(void)support_submit(pool, first_byte, "x", 1);
	ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
	ck_assert_int_eq(forkpool_get_stats(pool, &stats), 0);
	ck_assert_uint_eq(stats.workers_started, 2);
	ck_assert_uint_eq(stats.workers_died, 1);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static struct {
	struct support_gate gate; /* of support_job_waits() */
	_Atomic uint32_t done;
	_Atomic int32_t  pid; /* of the next worker */
} *junk;

/* Write a part of a packet into each pipe that can be written to, then kill the worker. */
static int
leaves_junk(struct forkpool_context *context, const void *args, size_t args_len)
{
	static const char part[100];
	struct stat about;

	(void)support_job_waits(context, args, args_len);
	for (int fd = 3; fd < 1024; fd++)
		if (fstat(fd, &about) == 0 && S_ISFIFO(about.st_mode) &&
		    (fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY &&
		    write(fd, part, sizeof part) != (ssize_t)sizeof part)
			return errno;
	return raise(SIGKILL);
}

static int
comes_after_it(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)args;
	(void)args_len;
	atomic_store(&junk->pid, (int32_t)getpid());
	support_post(&junk->done);
	return 0;
}

/*
 * With padded packets the junk puts the next worker's packets out of step, before anybody reads
 * them.
 */
START_TEST(junk_of_a_dead_worker_hides_no_result)
{
	struct forkpool_options options = support_options(1);

	junk = support_shared(sizeof *junk);
	support_gate_use(&junk->gate);
	options.max_attempts = 1;
	struct forkpool *pool = support_open(&options);
	(void)support_submit(pool, leaves_junk, NULL, 0);
	while (atomic_load(&junk->gate.started) == 0)
		ck_assert_int_ne(forkpool_dispatch(pool, NULL, 0), -1);
	uint64_t after = support_submit(pool, comes_after_it, NULL, 0);
	ck_assert_int_ne(forkpool_dispatch(pool, NULL, 0), -1);
	support_post(&junk->gate.go);
	support_await(&junk->done, 1);
	/* The worker has written its result when it sleeps, waiting for another job. */
	pid_t next = (pid_t)atomic_load(&junk->pid);
	for (int ms = 0; ms < SUPPORT_HANGS_MS && support_state(next) == 'R'; ms++)
		(void)poll(NULL, 0, 1);
	for (int i = 0; i < 2; i++) {
		const struct forkpool_result *result = support_wait(pool);
		if (result->seq == after)
			ck_assert_msg(result->outcome == FORKPOOL_OK ||
				result->outcome == FORKPOOL_LOST,
			    "%s: %s", forkpool_outcome_name(result->outcome), result->message);
		else
			ck_assert_msg(result->outcome == FORKPOOL_CRASHED, "%s: %s",
			    forkpool_outcome_name(result->outcome), result->message);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

#define OWN_LEN ((size_t)WIRE_VALUE_MAX * 4) /* a large value */

/* Begin a value, have a child try to add to it, and end it. */
static int
reply_beside_a_child(struct forkpool_context *context, const void *args, size_t args_len)
{
	unsigned char data[OWN_LEN], others[OWN_LEN];
	int status;

	(void)args;
	(void)args_len;
	memset(data, 'v', sizeof data);
	memset(others, 'x', sizeof others);
	int r = forkpool_reply(context, data, OWN_LEN / 2);
	pid_t child = r == 0 ? fork() : -1;
	if (child == 0) {
		int refused = forkpool_reply(context, others, OWN_LEN) != 0 && errno == ECHILD;
		_exit(refused ? 0 : 1);
	}
	if (child == -1 || waitpid(child, &status, 0) != child)
		r = errno;
	else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		r = EPROTO;
	else if (forkpool_reply(context, data, OWN_LEN / 2) != 0)
		r = errno;
	return r;
}

START_TEST(child_of_a_job_cannot_add_to_its_value)
{
	struct forkpool *pool = support_open(NULL);
	unsigned char wanted[OWN_LEN];

	memset(wanted, 'v', sizeof wanted);
	for (int i = 0; i < 10; i++) {
		(void)support_submit(pool, reply_beside_a_child, NULL, 0);
		const struct forkpool_result *result = support_wait(pool);
		if (support_sandboxed()) {
			ck_assert_int_ne(result->outcome, FORKPOOL_OK); /* it cannot fork */
			continue;
		}
		ck_assert_msg(result->outcome == FORKPOOL_OK, "%s", result->message);
		ck_assert_uint_eq(result->value_len, OWN_LEN);
		ck_assert_int_eq(memcmp(result->value, wanted, OWN_LEN), 0);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("corners");
	TCase *tc = support_case("corners", 30);

	tcase_add_loop_test(tc, pool_opened_in_a_job_works, 0, 2);
	tcase_add_test(tc, run_that_waits_for_room_keeps_its_outcome);
	tcase_add_loop_test(tc, job_that_replaces_a_descriptor_harms_no_other, 0, 2);
	tcase_add_test(tc, orphans_of_jobs_do_not_pile_up_in_the_worker);
	tcase_add_test(tc, workers_are_counted_once_whoever_was_the_supervisor);
	tcase_add_test(tc, junk_of_a_dead_worker_hides_no_result);
	tcase_add_test(tc, child_of_a_job_cannot_add_to_its_value);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

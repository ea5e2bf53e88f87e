/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * .job_exit: it is called after a job's function has returned, whatever that was, and in no other
 * case; it is a part of the run, and changes nothing of what the function came to.
 */
#include "config.h"
#include "tests/support/attack.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define MS  INT64_C(1000000)
#define MIB ((size_t)1 << 20)

/* What the function does, or job_exit(). */
enum deed {
	NOTHING,
	REPLIES_MUCH,
	RETURNS_EIO,
	EXITS,
	EXITS_WELL,
	CRASHES,
	HANGS,
	IS_DENIED,
	BURNS,
	FILLS_MEMORY,
	FILLS_MEMORY_AND_ABORTS,
	EMPTIES_MEMORY,
	SETS_ENOMEM,
	CLEARS_ERRNO,
	PRINTS,
	FORKS,
};

struct order { enum deed function, at_exit; };

/* The worker's argument, in memory that all processes share. */
struct board {
	_Atomic uint32_t inits, exits, misled;
};

static struct board *board;
static char state; /* its address is the state */

/* Of the job's process. */
static enum deed at_exit;
static void     *memory;

static void
memory_fill(void)
{
	void **piece;

	while ((piece = malloc(MIB)) != NULL) {
		memset(piece, 1, MIB);
		*piece = memory;
		memory = piece;
	}
}

static void
memory_empty(void)
{
	while (memory != NULL) {
		void *next = *(void **)memory;
		free(memory);
		memory = next;
	}
}

/* Fork a child that goes on as its parent does, and see it end. */
static void
child_make(void)
{
	pid_t pid = fork();

	if (pid == -1)
		abort();
	if (pid > 0 && waitpid(pid, NULL, 0) != pid)
		abort();
	if (pid > 0 && at_exit == FORKS)
		_exit(0); /* the child alone returns from job_exit() */
}

static int
do_deed(enum deed deed, const char *who)
{
	switch (deed) {
	case EXITS:
		exit(3);
	case EXITS_WELL:
		_exit(0);
	case CRASHES:
		abort();
	case HANGS:
		for (volatile unsigned n = 1; n != 0; n |= 1)
			n++;
		break;
	case IS_DENIED:
		(void)socket(AF_INET, SOCK_STREAM, 0);
		break;
	case BURNS:
		attack_burn(20000 * MS);
		break;
	case FILLS_MEMORY:
	case FILLS_MEMORY_AND_ABORTS:
		memory_fill();
		if (deed == FILLS_MEMORY_AND_ABORTS)
			abort();
		errno = 0;
		return EIO;
	case EMPTIES_MEMORY:
		memory_empty();
		break;
	case SETS_ENOMEM:
		errno = ENOMEM;
		return EIO;
	case PRINTS:
		(void)printf("%s prints\n", who);
		break;
	case FORKS:
		child_make();
		break;
	case CLEARS_ERRNO:
	case RETURNS_EIO:
		errno = 0;
		return EIO;
	case REPLIES_MUCH:
	case NOTHING:
	default:
		break;
	}
	return 0;
}

static int
function(struct forkpool_context *context, const void *args, size_t args_len)
{
	static unsigned char much[MIB];
	struct order order;

	if (args_len != sizeof order)
		return EBADMSG;
	memcpy(&order, args, sizeof order);
	at_exit = order.at_exit;
	if (forkpool_reply(context, "reply", 5) != 0 ||
	    (order.function == REPLIES_MUCH && forkpool_reply(context, much, sizeof much) != 0))
		return EMSGSIZE;
	int error = do_deed(order.function, "function");
	if (error == 0)
		return 0;
	int saved = errno;
	(void)forkpool_fail(context, error, "own words");
	errno = saved;
	return error;
}

static int
own_init(void *arg, void **own)
{
	(void)arg;
	support_post(&board->inits);
	*own = &state;
	return 0;
}

static void
own_job_exit(void *arg, void *own)
{
	support_post(&board->exits);
	if (arg != board || own != &state)
		support_post(&board->misled);
	(void)do_deed(at_exit, "job_exit");
}

static struct forkpool *
open_with(struct forkpool_options *options)
{
	board = support_shared(sizeof *board);
	options->worker_init = own_init;
	options->worker_arg = board;
	options->job_exit = own_job_exit;
	options->output = FORKPOOL_OUTPUT_CAPTURE;
	return support_open(options);
}

/* Run one; job_exit() must be called as often as said.  On a busy machine the deadline may come
   before the function has returned: then it is run again, with a later one. */
static const struct forkpool_result *
run(struct forkpool *pool, struct order order, int64_t timeout_ns, unsigned flags, uint32_t calls)
{
	struct forkpool_job job = { .fn = function, .args = &order, .args_len = sizeof order,
		.timeout_ns = timeout_ns, .flags = flags };
	const struct forkpool_result *r;
	uint32_t before, called;

	do {
		before = atomic_load(&board->exits);
		ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
		r = support_wait(pool);
		called = atomic_load(&board->exits) - before;
		job.timeout_ns *= 2;
	} while (called < calls && r->outcome == FORKPOOL_TIMED_OUT &&
	    job.timeout_ns < SUPPORT_HANGS_MS * MS / 2);
	ck_assert_msg(called == calls, "function %d, job_exit %d: called %u times, not %u; %s: %s",
	    (int)order.function, (int)order.at_exit, called, calls,
	    forkpool_outcome_name(r->outcome), r->message);
	ck_assert_uint_eq(atomic_load(&board->misled), 0);
	return r;
}

struct row {
	struct order order;
	uint32_t     calls;
	enum forkpool_outcome outcome;
	enum forkpool_limit   limit;
	int          number;      /* error of FAILED and OVER_LIMIT, signal, exit code */
	const char  *says;        /* the message has this */
	int64_t      timeout_ns;
	unsigned     flags;
};

static void
rows_run(struct forkpool *pool, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct row *row = &rows[i];
		const struct forkpool_result *r =
		    run(pool, row->order, row->timeout_ns, row->flags, row->calls);
		ck_assert_msg(r->outcome == row->outcome && r->limit == row->limit,
		    "row %zu: %s, %s: %s", i, forkpool_outcome_name(r->outcome),
		    forkpool_limit_name(r->limit), r->message);
		ck_assert_msg((r->outcome == FORKPOOL_OK) == (r->value != NULL), "row %zu", i);
		if (row->outcome == FORKPOOL_FAILED || row->outcome == FORKPOOL_OVER_LIMIT)
			ck_assert_int_eq(r->error, row->number);
		if (row->outcome == FORKPOOL_CRASHED)
			ck_assert_int_eq(r->signal, row->number);
		if (row->outcome == FORKPOOL_EXITED)
			ck_assert_int_eq(r->exit_code, row->number);
		ck_assert_msg(row->says == NULL || strstr(r->message, row->says) != NULL,
		    "row %zu: %s", i, r->message);
	}
}
#define ROWS(rows) (rows), sizeof (rows) / sizeof (rows)[0]

START_TEST(called_after_a_return_and_not_otherwise)
{
	static const struct row rows[] = {
		{ { NOTHING, NOTHING }, 1, .outcome = FORKPOOL_OK, .says = "" },
		{ { RETURNS_EIO, NOTHING }, 1, .outcome = FORKPOOL_FAILED, .number = EIO,
		    .says = "own words" },
		{ { EXITS, NOTHING }, 0, .outcome = FORKPOOL_EXITED, .number = 3 },
		{ { EXITS_WELL, NOTHING }, 0, .outcome = FORKPOOL_EXITED },
		{ { CRASHES, NOTHING }, 0, .outcome = FORKPOOL_CRASHED, .number = SIGABRT },
		{ { HANGS, NOTHING }, 0, .outcome = FORKPOOL_TIMED_OUT, .timeout_ns = 100 * MS },
	};
	static const struct row denied[] = {
		{ { IS_DENIED, NOTHING }, 0, .outcome = FORKPOOL_DENIED },
		{ { NOTHING, IS_DENIED }, 1, .outcome = FORKPOOL_DENIED },
	};
	struct forkpool_options options = support_options(1);

	options.grace_ns = 100 * MS;
	struct forkpool *pool = open_with(&options);
	rows_run(pool, ROWS(rows));
	if (support_sandboxed())
		rows_run(pool, ROWS(denied));
	const struct forkpool_result *r =
	    run(pool, (struct order){ NOTHING, NOTHING }, 0, 0, 1);
	ck_assert_uint_eq(r->value_len, 5);
	r = run(pool, (struct order){ REPLIES_MUCH, NOTHING }, 0, 0, 1);
	ck_assert_uint_eq(r->value_len, 5 + MIB);
	ck_assert_mem_eq(r->value, "reply\0", 6);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* forkpool_open() tries the isolation out with jobs of its own, in a worker without a state. */
START_TEST(not_called_when_the_isolation_is_tried_out)
{
	struct forkpool_options options = support_options(2);

	ck_assert_int_eq(forkpool_close(open_with(&options)), 0);
	ck_assert_uint_eq(atomic_load(&board->exits), 0);
}
END_TEST

START_TEST(what_it_dies_of_the_job_has_died_of)
{
	static const struct row rows[] = {
		{ { NOTHING, CRASHES }, 1, .outcome = FORKPOOL_CRASHED, .number = SIGABRT },
		{ { RETURNS_EIO, CRASHES }, 1, .outcome = FORKPOOL_CRASHED, .number = SIGABRT,
		    .says = "own words" },
		{ { REPLIES_MUCH, CRASHES }, 1, .outcome = FORKPOOL_CRASHED, .number = SIGABRT },
		{ { NOTHING, EXITS }, 1, .outcome = FORKPOOL_EXITED, .number = 3 },
		{ { NOTHING, EXITS_WELL }, 1, .outcome = FORKPOOL_EXITED },
		{ { RETURNS_EIO, EXITS }, 1, .outcome = FORKPOOL_EXITED, .number = 3 },
		{ { NOTHING, HANGS }, 1, .outcome = FORKPOOL_TIMED_OUT, .timeout_ns = 200 * MS },
		{ { RETURNS_EIO, HANGS }, 1, .outcome = FORKPOOL_TIMED_OUT,
		    .timeout_ns = 200 * MS },
		{ { NOTHING, HANGS }, 1, .outcome = FORKPOOL_TIMED_OUT, .timeout_ns = 200 * MS,
		    .flags = FORKPOOL_COOPERATIVE },
		{ { NOTHING, NOTHING }, 1, .outcome = FORKPOOL_OK, .says = "" },
	};
	struct forkpool_options options = support_options(1);

	options.grace_ns = 100 * MS;
	struct forkpool *pool = open_with(&options);
	rows_run(pool, ROWS(rows));
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(a_run_that_died_there_is_tried_again)
{
	struct forkpool_options options = support_options(1);

	options.max_attempts = 3;
	struct forkpool *pool = open_with(&options);
	ck_assert_uint_eq(run(pool, (struct order){ NOTHING, CRASHES }, 0, 0, 3)->attempts, 3);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static void
rows_run_within(struct forkpool_limits limits, const struct row *rows, size_t n)
{
	struct forkpool_options options = support_options(1);

	options.limits = limits;
	struct forkpool *pool = open_with(&options);
	rows_run(pool, rows, n);
	ck_assert_int_eq(forkpool_close(pool), 0);
}

START_TEST(within_the_limit_of_time)
{
	static const struct row rows[] = {
		{ { NOTHING, BURNS }, 1, .outcome = FORKPOOL_OVER_LIMIT,
		    .limit = FORKPOOL_LIMIT_CPU },
		{ { BURNS, NOTHING }, 0, .outcome = FORKPOOL_OVER_LIMIT,
		    .limit = FORKPOOL_LIMIT_CPU },
	};

	rows_run_within((struct forkpool_limits){ .cpu_ns = 300 * MS }, ROWS(rows));
}
END_TEST

/* Without a limit of time: where memory is slow to come, filling it takes its time. */
START_TEST(within_the_limit_of_memory)
{
	/* What the function came to is told, not what job_exit() has taken or given back since. */
	static const struct row rows[] = {
		{ { NOTHING, FILLS_MEMORY_AND_ABORTS }, 1, .outcome = FORKPOOL_OVER_LIMIT,
		    .limit = FORKPOOL_LIMIT_MEMORY },
		{ { NOTHING, FILLS_MEMORY }, 1, .outcome = FORKPOOL_OK },
		{ { FILLS_MEMORY, NOTHING }, 1, .outcome = FORKPOOL_OVER_LIMIT,
		    .limit = FORKPOOL_LIMIT_MEMORY, .number = EIO,
		    .says = "own words" },
		{ { FILLS_MEMORY, EMPTIES_MEMORY }, 1, .outcome = FORKPOOL_OVER_LIMIT,
		    .limit = FORKPOOL_LIMIT_MEMORY,
		    .number = EIO },
		{ { RETURNS_EIO, FILLS_MEMORY }, 1, .outcome = FORKPOOL_FAILED, .number = EIO },
		{ { SETS_ENOMEM, CLEARS_ERRNO }, 1, .outcome = FORKPOOL_OVER_LIMIT,
		    .limit = FORKPOOL_LIMIT_MEMORY,
		    .number = EIO },
		{ { CLEARS_ERRNO, SETS_ENOMEM }, 1, .outcome = FORKPOOL_FAILED, .number = EIO },
	};

	rows_run_within((struct forkpool_limits){ .memory = 64 << 20 }, ROWS(rows));
}
END_TEST

START_TEST(what_it_prints_comes_after_what_the_function_printed)
{
	struct forkpool_options options = support_options(1);
	struct forkpool *pool = open_with(&options);

	const struct forkpool_result *r = run(pool, (struct order){ PRINTS, PRINTS }, 0, 0, 1);
	ck_assert_int_eq(r->outcome, FORKPOOL_OK);
	ck_assert_str_eq(r->output, "function prints\njob_exit prints\n");
	/* The function's is out before job_exit() is called. */
	r = run(pool, (struct order){ PRINTS, CRASHES }, 0, 0, 1);
	ck_assert_int_eq(r->outcome, FORKPOOL_CRASHED);
	ck_assert_str_eq(r->output, "function prints\n");
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

START_TEST(forked_children_are_not_the_job)
{
	static const struct row rows[] = {
		/* The child too returns from the function, and ends there. */
		{ { FORKS, NOTHING }, 1, .outcome = FORKPOOL_OK },
		/* The child alone returns from job_exit(): that is no reply of the job's. */
		{ { NOTHING, FORKS }, 1, .outcome = FORKPOOL_EXITED },
	};
	struct forkpool_options options = support_options(1);
	struct forkpool *pool = open_with(&options);

	rows_run(pool, ROWS(rows));
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static void
assert_refused(struct forkpool_options options)
{
	char error[256] = "";

	options.job_exit = own_job_exit;
	errno = 0;
	ck_assert_ptr_null(forkpool_open(&options, error, sizeof error));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_msg(strncmp(error, "job_exit: ", 10) == 0, "%s", error);
}

START_TEST(refused_where_nobody_would_call_it)
{
	struct forkpool_options options = support_options(1);

	if (!support_own_process()) {
		assert_refused(options);
		return;
	}
	options.executes = 1;
	assert_refused(options);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("job_exit");
	TCase *tc = support_case("job_exit", 60);

	tcase_add_test(tc, refused_where_nobody_would_call_it);
	if (support_own_process()) {
		tcase_add_test(tc, called_after_a_return_and_not_otherwise);
		tcase_add_test(tc, not_called_when_the_isolation_is_tried_out);
		tcase_add_test(tc, what_it_dies_of_the_job_has_died_of);
		tcase_add_test(tc, a_run_that_died_there_is_tried_again);
		if (!SUPPORT_SANITIZED) {
			tcase_add_test(tc, within_the_limit_of_time);
			tcase_add_test(tc, within_the_limit_of_memory);
		}
		tcase_add_test(tc, what_it_prints_comes_after_what_the_function_printed);
		if (!support_sandboxed())
			tcase_add_test(tc, forked_children_are_not_the_job);
	}
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The limits of jobs with processes of their own: each limit, gone over in several ways or not at
 * all, and what the result says.
 */
#include "config.h"
#include "tests/support/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MS  TRIAL_MS
#define MIB TRIAL_MIB

/* --------------------------------------------------------------------------------------- memory */

static int
allocates(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct order order = order_of(args, args_len);
	void *list = NULL;
	int error = 0;

	(void)context;
	for (int64_t got = 0; got < order.amount; got += (int64_t)MIB) {
		void **piece = malloc(MIB);
		if (piece == NULL) {
			error = errno;
			break;
		}
		memset(piece, 1, MIB);
		*piece = list;
		list = piece;
	}
	/* Of a process that says nothing counts what its worker sees: time for a look. */
	if (order.then == THEN__EXIT || order.then == THEN_KILL)
		(void)nanosleep(&(struct timespec){ .tv_nsec = 200 * MS }, NULL);
	if (order.then != THEN_COPE)
		return order_end(order.then, error != 0 ? error : EIO);
	while (list != NULL) {
		void *next = *(void **)list;
		free(list);
		list = next;
	}
	return 0;
}

static int
allocates_at_once(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct order order = order_of(args, args_len);
	volatile char *all = malloc((size_t)order.amount);

	(void)context;
	if (all == NULL)
		return order_end(order.then, errno);
	all[0] = 1;
	return 0;
}

#define MEMORY .limits = { .memory = 16 << 20 }

static const struct trial memory[] = {
	{ "malloc, and a crash", allocates, MEMORY, OVER(MEMORY), .then = THEN_CRASH,
	    .amount = 256 << 20 },
	{ "malloc, and an abort", allocates, MEMORY, OVER(MEMORY), .then = THEN_ABORT,
	    .amount = 256 << 20 },
	{ "malloc, and exit(1)", allocates, MEMORY, OVER(MEMORY), .then = THEN_EXIT,
	    .amount = 256 << 20 },
	{ "malloc, and _exit(1)", allocates, MEMORY, OVER(MEMORY), .then = THEN__EXIT,
	    .amount = 256 << 20 },
	{ "malloc, and exit(0)", allocates, MEMORY, .outcome = FORKPOOL_EXITED,
	    .then = THEN_EXIT_WELL, .amount = 256 << 20 },
	{ "malloc, and _exit(0)", allocates, MEMORY, .outcome = FORKPOOL_EXITED,
	    .then = THEN__EXIT_WELL, .amount = 256 << 20 },
	{ "malloc, and a kill", allocates, MEMORY, OVER(MEMORY), .then = THEN_KILL,
	    .amount = 256 << 20 },
	{ "malloc, and ENOMEM", allocates, MEMORY, OVER(MEMORY), .then = THEN_RETURN,
	    .amount = 256 << 20 },
	{ "malloc, and EIO", allocates, MEMORY, OVER(MEMORY), .then = THEN_RETURN_OTHER,
	    .amount = 256 << 20 },
	{ "malloc, and coping", allocates, MEMORY, .outcome = FORKPOOL_OK, .then = THEN_COPE,
	    .amount = 256 << 20 },
	{ "a terabyte, and a crash", allocates_at_once, MEMORY, OVER(MEMORY), .then = THEN_CRASH,
	    .amount = INT64_C(1) << 40 },
	{ "a terabyte, and ENOMEM", allocates_at_once, MEMORY, OVER(MEMORY), .then = THEN_RETURN,
	    .amount = INT64_C(1) << 40 },
	{ "a terabyte, and coping", allocates_at_once, MEMORY, .outcome = FORKPOOL_OK,
	    .then = THEN_COPE, .amount = INT64_C(1) << 40 },
	{ "half of it", allocates, MEMORY, .outcome = FORKPOOL_OK, .then = THEN_COPE,
	    .amount = 8 << 20 },
	{ "half of it, and a crash", allocates, MEMORY, .outcome = FORKPOOL_CRASHED,
	    .then = THEN_CRASH, .amount = 8 << 20 },
	{ "half of it, and EIO", allocates, MEMORY, .outcome = FORKPOOL_FAILED, .then = THEN_RETURN,
	    .amount = 8 << 20 },
	{ "half of it, and exit(1)", allocates, MEMORY, .outcome = FORKPOOL_EXITED,
	    .then = THEN_EXIT, .amount = 8 << 20 },
	{ "none, and an abort", allocates, MEMORY, .outcome = FORKPOOL_CRASHED, .then = THEN_ABORT,
	    .amount = 0 },
	{ "no limit", allocates, .limits = { 0 }, .outcome = FORKPOOL_OK, .then = THEN_COPE,
	    .amount = 32 << 20 },
};

/* ------------------------------------------------------------------------------- processor time */

static int
burns(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct order order = order_of(args, args_len);

	(void)context;
	if (order.then == THEN_COPE) {
		sigset_t all;
		(void)signal(SIGXCPU, SIG_IGN);
		(void)signal(SIGTERM, SIG_IGN);
		sigfillset(&all);
		(void)sigprocmask(SIG_SETMASK, &all, NULL);
	}
	attack_burn(order.amount);
	return 0;
}

/* At JOB: in children at the same time, or one after another. */
static int
has_burn(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct order order = order_of(args, args_len);

	(void)context;
	for (int i = 0; i < 4; i++) {
		pid_t pid = fork();
		if (pid == -1)
			return errno;
		if (pid == 0) {
			attack_burn(order.amount);
			_exit(0);
		}
		if (order.then == THEN_COPE)
			(void)waitpid(pid, NULL, 0);
	}
	while (wait(NULL) > 0)
		continue;
	return 0;
}

static int
sleeps(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct order order = order_of(args, args_len);

	(void)context;
	if (nanosleep(&(struct timespec){ .tv_nsec = (long)order.amount }, NULL) == -1)
		return errno;
	return 0;
}

#define CPU .limits = { .cpu_ns = 200 * MS }

static const struct trial cpu[] = {
	{ "spins", burns, CPU, OVER(CPU), .then = THEN_RETURN, .amount = 20000 * MS },
	{ "spins and ignores all signals", burns, CPU, OVER(CPU), .then = THEN_COPE,
	    .amount = 20000 * MS },
	{ "spins in children", has_burn, CPU, OVER(CPU), .then = THEN_RETURN,
	    .amount = 20000 * MS, .not_for = TRIAL_NOT_SANDBOX },
	{ "spins a little in each child", has_burn, CPU, OVER(CPU), .then = THEN_RETURN,
	    .amount = 150 * MS, .not_for = TRIAL_NOT_SANDBOX },
	{ "spins a little in one child after another", has_burn, CPU, OVER(CPU),
	    .then = THEN_COPE, .amount = 150 * MS, .not_for = TRIAL_NOT_SANDBOX },
	{ "spins a little", burns, CPU, .outcome = FORKPOOL_OK, .then = THEN_RETURN,
	    .amount = 60 * MS },
	{ "spins very little in each child", has_burn, CPU, .outcome = FORKPOOL_OK,
	    .then = THEN_RETURN, .amount = 10 * MS, .not_for = TRIAL_NOT_SANDBOX },
	{ "sleeps for long", sleeps, CPU, .outcome = FORKPOOL_OK, .then = THEN_RETURN,
	    .amount = 600 * MS },
};

/* -------------------------------------------------------------------- files, descriptors, stack */

static int
writes(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct order order = order_of(args, args_len);
	static char block[10000];
	char path[160];

	(void)context;
	if (order.then != THEN_CRASH)
		(void)signal(SIGXFSZ, SIG_IGN);
	(void)snprintf(path, sizeof path, "%s/large", order.known.directory);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd == -1)
		return errno;
	(void)unlink(path);
	for (int64_t at = 0; at < order.amount; at += (int64_t)sizeof block)
		if (write(fd, block, sizeof block) == -1)
			return order_end(order.then, errno);
	return 0;
}

static int
prints(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct order order = order_of(args, args_len);
	static char block[10000];

	(void)context;
	memset(block, 'o', sizeof block);
	for (int64_t at = 0; at < order.amount; at += (int64_t)sizeof block)
		if (write(STDOUT_FILENO, block, sizeof block) == -1)
			return errno;
	return 0;
}

static int
opens(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct order order = order_of(args, args_len);
	int64_t opened = 0;

	(void)context;
	for (int fd; opened < order.amount; opened++)
		if ((fd = dup(STDIN_FILENO)) == -1) {
			int error = errno;
			for (int i = 3; i < 100 && order.then == THEN_COPE; i++)
				(void)close(i);
			return order_end(order.then, error);
		}
	return 0;
}

static int
recurses(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct order order = order_of(args, args_len);

	(void)context;
	attack_recurse(order.amount);
	return 0;
}

static int
ends(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct order order = order_of(args, args_len);

	(void)context;
	return order_end(order.then, EIO);
}

#define FILES .limits = { .file_size = 100000 }, .writes = 1
#define OPEN  .limits = { .open_files = 32 }
#define STACK .limits = { .stack = 1 << 20 }
#define ALL \
	.limits = { .memory = 64 << 20, .cpu_ns = 1000 * MS, .file_size = 1 << 20, \
		    .open_files = 64, .stack = 1 << 20 }

static const struct trial others[] = {
	{ "writes, and SIGXFSZ", writes, FILES, OVER(FILE_SIZE), .then = THEN_CRASH,
	    .amount = 1 << 20 },
	{ "writes, and EFBIG", writes, FILES, OVER(FILE_SIZE), .then = THEN_RETURN,
	    .amount = 1 << 20 },
	{ "writes, and copes", writes, FILES, .outcome = FORKPOOL_OK, .then = THEN_COPE,
	    .amount = 1 << 20 },
	{ "writes less", writes, FILES, .outcome = FORKPOOL_OK, .then = THEN_RETURN,
	    .amount = 90000 },
	{ "prints more than a file may have", prints, FILES, .outcome = FORKPOOL_OK,
	    .amount = 1 << 20 },
	{ "opens, and EMFILE", opens, OPEN, OVER(OPEN_FILES), .then = THEN_RETURN,
	    .amount = 1000 },
	{ "opens, and EIO", opens, OPEN, OVER(OPEN_FILES), .then = THEN_RETURN_OTHER,
	    .amount = 1000 },
	{ "opens, and an abort", opens, OPEN, OVER(OPEN_FILES), .then = THEN_ABORT,
	    .amount = 1000 },
	{ "opens, and exit(1)", opens, OPEN, OVER(OPEN_FILES), .then = THEN_EXIT,
	    .amount = 1000 },
	{ "opens, and exit(0)", opens, OPEN, .outcome = FORKPOOL_EXITED, .then = THEN_EXIT_WELL,
	    .amount = 1000 },
	{ "opens, and copes", opens, OPEN, .outcome = FORKPOOL_OK, .then = THEN_COPE,
	    .amount = 1000 },
	{ "opens less", opens, OPEN, .outcome = FORKPOOL_OK, .then = THEN_RETURN, .amount = 28 },
	{ "recurses", recurses, STACK, OVER(STACK), .amount = 1 << 30 },
	{ "recurses less", recurses, STACK, .outcome = FORKPOOL_OK, .amount = 512 << 10 },
	{ "recurses without a limit", recurses, .limits = { 0 }, .outcome = FORKPOOL_CRASHED,
	    .amount = 1 << 30 },
	{ "crashes, with a limit of stack", ends, STACK, .outcome = FORKPOOL_CRASHED,
	    .then = THEN_CRASH },
	{ "all limits, and none met", opens,
	    ALL, .outcome = FORKPOOL_OK, .amount = 10 },
	{ "all limits, none met, and a failure", allocates,
	    ALL, .outcome = FORKPOOL_FAILED, .then = THEN_RETURN, .amount = 1 << 20 },
};

/* ------------------------------------------------------------------------------------ processes */

static int
forks(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct order order = order_of(args, args_len);

	(void)context;
	return trial_forks(order.amount) == -1 ? order_end(order.then, errno) : 0;
}

#define PROCESSES .limits = { .processes = 8 }, .not_for = TRIAL_NOT_ROOT | TRIAL_NOT_SANDBOX

static const struct trial processes[] = {
	{ "forks, and EAGAIN", forks, PROCESSES, OVER(PROCESSES), .then = THEN_RETURN,
	    .amount = 50 },
	{ "forks, and an abort", forks, PROCESSES, OVER(PROCESSES), .then = THEN_ABORT,
	    .amount = 50 },
	{ "forks, and exit(0)", forks, PROCESSES, .outcome = FORKPOOL_EXITED,
	    .then = THEN_EXIT_WELL, .amount = 50 },
	{ "forks, and copes", forks, PROCESSES, .outcome = FORKPOOL_OK, .then = THEN_COPE,
	    .amount = 50 },
	{ "forks less", forks, PROCESSES, .outcome = FORKPOOL_OK, .then = THEN_RETURN,
	    .amount = 4 },
	{ "forks none, and fails", ends, PROCESSES, .outcome = FORKPOOL_FAILED,
	    .then = THEN_RETURN_OTHER },
};

START_TEST(memory_limit)
{
	trial_table(memory, _i);
}
END_TEST

START_TEST(cpu_limit)
{
	trial_table(cpu, _i);
}
END_TEST

START_TEST(file_descriptor_and_stack_limits)
{
	trial_table(others, _i);
}
END_TEST

START_TEST(process_limit)
{
	trial_table(processes, _i);
}
END_TEST

static const struct trial below[] = {
	{ "half of the processor time", burns, CPU, .outcome = FORKPOOL_OK, .then = THEN_RETURN,
	    .amount = 100 * MS },
	{ "most of the memory", allocates, MEMORY, .outcome = FORKPOOL_OK, .then = THEN_COPE,
	    .amount = 12 << 20 },
	{ "most of the descriptors", opens, OPEN, .outcome = FORKPOOL_OK, .then = THEN_RETURN,
	    .amount = 28 },
};

START_TEST(limits_are_each_jobs_alone)
{
	trial_many(below, _i);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("limits of jobs");
	TCase *tc = support_case("limits", 60);

	ATTACK_TABLE(tc, memory_limit, memory);
	ATTACK_TABLE(tc, cpu_limit, cpu);
	ATTACK_TABLE(tc, file_descriptor_and_stack_limits, others);
	ATTACK_TABLE(tc, process_limit, processes);
	ATTACK_TABLE(tc, limits_are_each_jobs_alone, below);
	suite_add_tcase(suite, tc);
	return attack_main(suite);
}

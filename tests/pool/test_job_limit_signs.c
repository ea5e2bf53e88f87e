/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The signs of a job that went over a limit: cases that look like it and are not, and cases that
 * are and do not look like it.
 */
#include "config.h"
#include "tests/support/trial.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define MS  TRIAL_MS
#define MIB TRIAL_MIB

/* realloc() makes a call that a sandbox refuses, and then succeeds in another way. */
static int
reallocs(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct order order = order_of(args, args_len);
	volatile char *at = malloc(MIB);

	(void)context;
	if (at == NULL)
		return ENOMEM;
	at[0] = 1;
	if ((at = realloc((void *)(uintptr_t)at, 4 * MIB)) == NULL)
		return ENOMEM;
	at[4 * MIB - 1] = 1;
	return order_end(order.then, EIO);
}

/* The errno of an earlier call is not the reason why the job was stopped. */
static int
has_error(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct order order = order_of(args, args_len);

	(void)context;
	errno = (int)order.amount;
	return order_end(order.then, (int)order.amount);
}

static int
allocates_too_much(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct order order = order_of(args, args_len);

	(void)context;
	return malloc((size_t)order.amount) == NULL ? order_end(order.then, errno) : 0;
}

/* What a job says of itself stands beside the verdict, as far as there is room. */
static int
says_and_allocates(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct order order = order_of(args, args_len);
	char text[400];

	memset(text, 'y', sizeof text);
	text[sizeof text - 1] = '\0';
	memcpy(text, "on page 3 ", 10);
	(void)forkpool_fail(context, EIO, "%s", text);
	return malloc((size_t)order.amount) == NULL ? order_end(order.then, EIO) : 0;
}

static int
raises(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	return raise((int)order_of(args, args_len).amount) == 0 ? 0 : errno;
}

/* Shared memory of the caller: no limit counts it, but once it is read it counts as resident.  The
   worker, who sees nothing grow at first, does not see most of it before the job ends. */
#define LARGE (100 * MIB)
static volatile unsigned char *large;

static int
reads_what_is_there(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct order order = order_of(args, args_len);
	unsigned sum = 0;

	(void)context;
	(void)nanosleep(&(struct timespec){ .tv_nsec = 50 * MS }, NULL);
	for (size_t at = 0; at < LARGE; at += 4096)
		sum += large[at];
	return sum == 0 ? EPROTO : order_end(order.then, EBADMSG);
}

/* As many as the job may have, and not one more. */
static int
leaves_children(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct order order = order_of(args, args_len);

	(void)context;
	return trial_forks(order.amount) == -1 ? EPROTO : order_end(order.then, EIO);
}

/* Nobody waits for these children, so their processor time is added to no process's. */
static int
has_burn_and_waits_for_none(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct order order = order_of(args, args_len);

	(void)context;
	(void)signal(SIGCHLD, SIG_IGN);
	for (int i = 0; i < 100; i++) {
		pid_t pid = fork();
		if (pid == -1)
			return errno;
		if (pid == 0) {
			attack_burn(order.amount);
			_exit(0);
		}
		while (kill(pid, 0) == 0)
			(void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	return 0;
}

#define MEMORY    .limits = { .memory = 64 << 20 }
#define PROCESSES .limits = { .processes = 4 }
#define FAILED    .outcome = FORKPOOL_FAILED
#define CRASHED   .outcome = FORKPOOL_CRASHED
#define DENIED \
	.outcome = FORKPOOL_DENIED, .says = "socket", .then = THEN_DENIED, .not_for = TRIAL_NOT_JOB

static const struct trial signs[] = {
	{ "reallocs, and crashes", reallocs, MEMORY, CRASHED, .then = THEN_CRASH },
	{ "reallocs, and exit(1)", reallocs, MEMORY, .outcome = FORKPOOL_EXITED,
	    .then = THEN_EXIT },
	{ "reallocs, and fails", reallocs, MEMORY, FAILED, .then = THEN_RETURN_OTHER },
	{ "reallocs, and is stopped", reallocs, MEMORY, DENIED },
	{ "ENOMEM, and is stopped", has_error, MEMORY, DENIED, .amount = ENOMEM },
	{ "EAGAIN, and is stopped", has_error, PROCESSES, DENIED, .amount = EAGAIN },
	{ "EAGAIN where it may have no other process", has_error, PROCESSES, FAILED,
	    .then = THEN_RETURN, .amount = EAGAIN, .not_for = TRIAL_NOT_JOB },
	{ "EAGAIN there, and an abort", has_error, PROCESSES, CRASHED, .then = THEN_ABORT,
	    .amount = EAGAIN, .not_for = TRIAL_NOT_JOB },
	{ "malloc fails, and EIO", allocates_too_much, MEMORY, OVER(MEMORY),
	    .then = THEN_RETURN_OTHER, .amount = 1 << 30 },
	{ "malloc fails, and coping", allocates_too_much, MEMORY, .outcome = FORKPOOL_OK,
	    .then = THEN_COPE, .amount = 1 << 30 },
	{ "says why, malloc fails, and ENOMEM", says_and_allocates, MEMORY, OVER(MEMORY),
	    .says = "went over its memory limit: on page 3 yy", .then = THEN_RETURN,
	    .amount = 1 << 30 },
	{ "says why, malloc fails, and an abort", says_and_allocates, MEMORY, OVER(MEMORY),
	    .says = ": on page 3 yy", .then = THEN_ABORT, .amount = 1 << 30 },
	{ "says why, and an abort", says_and_allocates, .limits = { 0 }, CRASHED,
	    .says = ": on page 3 yy", .then = THEN_ABORT,
	    .amount = INT64_MAX / 2 },
	{ "says why, and exit(1)", says_and_allocates, .limits = { 0 },
	    .outcome = FORKPOOL_EXITED, .says = "status 1: on page 3 yy", .then = THEN_EXIT,
	    .amount = INT64_MAX / 2 },
	{ "says why, and is stopped", says_and_allocates, .limits = { 0 },
	    .outcome = FORKPOOL_DENIED, .says = ": on page 3 yy", .then = THEN_DENIED,
	    .amount = INT64_MAX / 2, .not_for = TRIAL_NOT_JOB },
	{ "raises SIGXCPU", raises, .limits = { .cpu_ns = 2000 * MS }, CRASHED, .amount = SIGXCPU },
	{ "raises SIGXFSZ", raises, .limits = { .file_size = 1 << 20 }, CRASHED,
	    .amount = SIGXFSZ },
	{ "raises SIGSYS", raises, MEMORY, CRASHED, .amount = SIGSYS },
	{ "reads much that is not its own, and fails", reads_what_is_there, MEMORY, FAILED,
	    .then = THEN_RETURN },
	{ "reads much that is not its own, and crashes", reads_what_is_there, MEMORY, CRASHED,
	    .then = THEN_CRASH },
	{ "reads much that is not its own, and _exit(1)", reads_what_is_there, MEMORY,
	    .outcome = FORKPOOL_EXITED, .then = THEN__EXIT },
	{ "reads much that is not its own, and a kill", reads_what_is_there, MEMORY, CRASHED,
	    .then = THEN_KILL },
	{ "has as many as it may have, and fails", leaves_children, PROCESSES, FAILED,
	    .then = THEN_RETURN, .amount = 3, .not_for = TRIAL_NOT_ROOT | TRIAL_NOT_SANDBOX },
	{ "spins in children that nobody waits for", has_burn_and_waits_for_none,
	    .limits = { .cpu_ns = 200 * MS }, OVER(CPU), .amount = 150 * MS,
	    .not_for = TRIAL_NOT_SANDBOX },
};

START_TEST(sign)
{
	large = support_shared(LARGE);
	for (size_t at = 0; at < LARGE; at += 4096)
		large[at] = 1;
	trial_table(signs, _i);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("signs of limits");
	TCase *tc = support_case("signs", 60);

	ATTACK_TABLE(tc, sign, signs);
	suite_add_tcase(suite, tc);
	return attack_main(suite);
}

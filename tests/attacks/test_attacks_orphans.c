/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A job kills its worker and leaves processes behind that write to the worker's mailbox: the next
 * worker must not start before these processes are gone.
 */
#include "config.h"
#include "tests/support/support.h"

#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/job/context.h"

#define VICTIMS 10
#define ROUNDS  3

/* A chain of detached processes; the last of them forges, until it is killed. */
static int
leaves_forgers(struct forkpool_context *context, const void *args, size_t args_len)
{
	pid_t worker = getppid();
	int depth;

	ck_assert_uint_eq(args_len, sizeof depth);
	memcpy(&depth, args, sizeof depth);
	(void)prctl(PR_SET_PDEATHSIG, 0);
	for (int i = 0; i < depth; i++) {
		pid_t pid = fork();
		if (pid < 0)
			break;
		if (pid > 0) {
			if (i == depth - 1)
				(void)kill(worker, SIGKILL);
			for (;;)
				(void)pause();
		}
		(void)setsid();
	}
	(void)alarm(60); /* should all else fail */
	for (;;) {
		memcpy(context->value, "FORGED", 6);
		((volatile struct forkpool_context *)context)->value_len = 6;
	}
}

static int
honest(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct timespec moment = { .tv_nsec = 2000000 };

	(void)args;
	(void)args_len;
	int r = forkpool_reply(context, "true!", 5);
	(void)nanosleep(&moment, NULL);
	return r;
}

START_TEST(forgers_end_before_the_next_worker)
{
	static const int depths[] = { 1, 10, 40 };
	struct forkpool_options options = support_options(1);

	options.isolation = FORKPOOL_ISOLATE_JOB;
	options.max_attempts = 1;
	struct forkpool *pool = support_open(&options);
	for (int round = 0; round < ROUNDS; round++) {
		(void)support_submit(pool, leaves_forgers, &depths[_i], sizeof depths[_i]);
		for (int i = 0; i < VICTIMS; i++)
			(void)support_submit(pool, honest, NULL, 0);
		for (int i = 0; i <= VICTIMS; i++) {
			const struct forkpool_result *result = support_wait(pool);
			if (result->outcome == FORKPOOL_LOST)
				continue; /* the attacker itself */
			ck_assert_msg(result->outcome == FORKPOOL_OK, "%s: %s",
			    forkpool_outcome_name(result->outcome), result->message);
			ck_assert_uint_eq(result->value_len, 5);
			ck_assert_mem_eq(result->value, "true!", 5);
		}
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

static struct {
	_Atomic int32_t  pid;
	struct support_gate gate; /* of support_job_waits() */
	_Atomic uint32_t met, gone;
} *words;

static int
outlives_its_pool(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)prctl(PR_SET_PDEATHSIG, 0);
	(void)alarm(60); /* should all else fail */
	atomic_store(&words->pid, (int32_t)getpid());
	(void)support_job_waits(context, args, args_len);
	(void)forkpool_reply(context, "FORGED", 6);
	return 0;
}

static int
exits_late(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)args;
	(void)args_len;
	support_post(&words->met);
	support_await(&words->gone, 1);
	_exit(0);
}

/*
 * Where the supervisor is dead nobody can find the processes that a job left before the next worker
 * starts.
 */
START_TEST(forger_of_a_lost_supervisor_finds_nobody)
{
	struct forkpool_options options = support_options(1);
	int status;

	words = support_shared(sizeof *words);
	support_gate_use(&words->gate);
	options.isolation = FORKPOOL_ISOLATE_JOB;
	struct forkpool *pool = support_open(&options);
	(void)support_submit(pool, outlives_its_pool, NULL, 0);
	while (atomic_load(&words->gate.started) == 0)
		ck_assert_int_ne(forkpool_dispatch(pool, NULL, 0), -1);
	ck_assert_int_eq(kill(support_supervisor(pool), SIGKILL), 0);
	ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_LOST);
	(void)support_submit(pool, exits_late, NULL, 0);
	while (atomic_load(&words->met) == 0)
		ck_assert_int_ne(forkpool_dispatch(pool, NULL, 0), -1);
	support_post(&words->gate.go);
	/*
	 * The forger becomes this process's child, as its worker and their supervisor are dead.
	 * That may still take a while: a dying worker closes its pipes, whereupon the pool goes on,
	 * before it loses its children.
	 */
	pid_t forger = (pid_t)atomic_load(&words->pid);
	for (int ms = 0; ms < SUPPORT_HANGS_MS && support_parent(forger) != getpid(); ms++)
		(void)poll(NULL, 0, 1);
	ck_assert_int_eq(waitpid(forger, &status, 0), forger);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	support_post(&words->gone);
	const struct forkpool_result *result = support_wait(pool);
	ck_assert_msg(result->outcome == FORKPOOL_EXITED, "%s: %.*s",
	    forkpool_outcome_name(result->outcome), (int)result->value_len,
	    result->value != NULL ? (const char *)result->value : "");
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("orphans");
	TCase *tc = support_case("orphans", 60);

	tcase_add_loop_test(tc, forgers_end_before_the_next_worker, 0, 3);
	tcase_add_test(tc, forger_of_a_lost_supervisor_finds_nobody);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

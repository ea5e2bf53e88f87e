/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes that lose their parent while their job runs: each is reaped once it has ended, so that
 * they use up no limit, and their processor time is the job's.  And the first process of a pid
 * namespace, which reaps them there: that somebody kills it is not told as the job's deed.
 */
#include "config.h"
#include "tests/support/attack.h"
#include "tests/support/users.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/os/os.h"

#define MS    INT64_C(1000000)

static const char *const readable[] = { "/usr", "/bin", "/lib", NULL };
static const struct forkpool_sandbox programs = { .exec = 1, .namespaces = 1,
	.readable = readable };
static const struct forkpool_sandbox root = { .exec = 1, .private_root = 1, .readable = readable };

/* Who reaps: with a private root the first process of a pid namespace, else the worker. */
static const struct surroundings {
	enum attack_mode mode;
	const struct forkpool_sandbox *sandbox;
} all[] = {
	{ ATTACK_JOB, NULL },
	{ ATTACK_JOB_USER, NULL },
	{ ATTACK_SANDBOX, &programs },
	{ ATTACK_SANDBOX_USER, &programs },
	{ ATTACK_SANDBOX, &root },
	{ ATTACK_SANDBOX_USER, &root },
};
#define ALL (int)(sizeof all / sizeof all[0])

/* ---------------------------------------------------------------------------------- in the jobs */

struct orders {
	unsigned orphans;
	int64_t  burn_ns;   /* processor time that each orphan uses */
};

/* The next process, or -1.  Whoever has to reap the last ones may be late on a busy machine. */
static pid_t
fork_patiently(void)
{
	for (int ms = 0; ms < SUPPORT_HANGS_MS / 10; ms++) {
		pid_t pid = fork();
		if (pid != -1 || errno != EAGAIN)
			return pid;
		(void)poll(NULL, 0, 1);
	}
	return -1;
}

/* As a shell does for "(program &)"; returns when the orphan has ended, but for being reaped. */
static int
orphan_make(int64_t burn_ns)
{
	int ends[2], status = 0;
	char byte;

	if (pipe(ends) == -1)
		return errno;
	pid_t child = fork_patiently();
	if (child == 0) {
		pid_t orphan = fork_patiently();
		if (orphan == 0)
			attack_burn(burn_ns);
		_exit(orphan == -1 ? errno : 0);
	}
	(void)close(ends[1]);
	if (child == -1)
		return errno;
	if (waitpid(child, &status, 0) != child)
		return errno;
	while (read(ends[0], &byte, 1) == -1 && errno == EINTR)
		continue;
	(void)close(ends[0]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EPROTO;
}

static int
makes_orphans(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct orders orders;

	if (args_len != sizeof orders)
		return EBADMSG;
	memcpy(&orders, args, sizeof orders);
	for (unsigned i = 0; i < orders.orphans; i++) {
		int error = orphan_make(orders.burn_ns);
		if (error != 0)
			return forkpool_fail(context, error, "orphan %u: %s", i, strerror(error));
	}
	return 0;
}

/* ---------------------------------------------------------------------------------- the orphans */

static void
with_pool(const struct surroundings *around, struct forkpool_limits limits, attack_body *body)
{
	struct forkpool_options options = support_options(2);
	int user = around->mode == ATTACK_SANDBOX_USER ? USER_OTHER : USER_ROOT;

	if (around->sandbox != NULL && user_lacks_namespaces(user, "orphans"))
		return;
	options.limits = limits;
	options.sandbox = around->sandbox;
	attack_in(around->mode, &options, body, NULL);
}

static void
short_of_room_body(struct attack_scene *scene, const void *arg)
{
	static const struct orders orders = { .orphans = 60 };

	(void)arg;
	(void)support_submit(scene->pool, makes_orphans, &orders, sizeof orders);
	const struct forkpool_result *result = support_wait(scene->pool);
	ck_assert_msg(result->outcome == FORKPOOL_OK, "%s: %s",
	    forkpool_outcome_name(result->outcome), result->message);
}

/* All that the job has at a time is far below its limit. */
START_TEST(they_use_up_no_limit)
{
	if (all[_i].mode != ATTACK_JOB) /* there is no limit for root */
		with_pool(&all[_i], (struct forkpool_limits){ .processes = 8 }, short_of_room_body);
}
END_TEST

/* Children of that process that have ended, as far as they are shown. */
static unsigned
zombies_of(pid_t pid)
{
	pid_t children[1024];
	unsigned zombies = 0;
	int fd = os_children_open_of(pid);
	ssize_t n = fd == -1 ? 0 : os_children_read(fd, children, 1024);

	if (fd != -1)
		(void)close(fd);
	for (ssize_t i = 0; i < n; i++)
		zombies += support_state(children[i]) == 'Z';
	return zombies;
}

/* The first process of that worker's pid namespace; 0: it has none. */
static pid_t
init_of(pid_t worker)
{
	pid_t children[16];
	int fd = os_children_open_of(worker);
	ssize_t n = fd == -1 ? 0 : os_children_read(fd, children, 16);
	pid_t init = 0;

	if (fd != -1)
		(void)close(fd);
	for (ssize_t i = 0; i < n; i++)
		if (support_alive_as(children[i], "forkpool:init"))
			init = children[i];
	return init;
}

static void
many_body(struct attack_scene *scene, const void *arg)
{
	static const struct orders orders = { .orphans = SUPPORT_SANITIZED ? 500 : 1000,
		.burn_ns = MS / 10 };
	const struct forkpool_result *result = NULL;
	unsigned most = 0;
	pid_t init[ATTACK_WORKERS];

	(void)arg;
	for (unsigned w = 0; w < ATTACK_WORKERS; w++)
		init[w] = init_of(scene->known.worker[w]);
	(void)support_submit(scene->pool, makes_orphans, &orders, sizeof orders);
	while (forkpool_wait(scene->pool, &result, 10) == 0)
		for (unsigned w = 0; w < ATTACK_WORKERS; w++) {
			unsigned now = zombies_of(init[w] ? init[w] : scene->known.worker[w]);
			most = now > most ? now : most;
		}
	ck_assert_ptr_nonnull(result);
	ck_assert_msg(result->outcome == FORKPOOL_OK, "%s: %s",
	    forkpool_outcome_name(result->outcome), result->message);
	ck_assert_msg(most < 200, "%u wait to be reaped", most);
	ck_assert_int_ge(result->cpu_ns, orders.orphans * orders.burn_ns);
}

START_TEST(few_wait_to_be_reaped)
{
	with_pool(&all[_i], (struct forkpool_limits){ 0 }, many_body);
}
END_TEST

static void
time_body(struct attack_scene *scene, const void *arg)
{
	/* Few: what it costs to start and end one, 10 ms on slow machines, counts as well. */
	static const struct orders little = { .orphans = 4, .burn_ns = 50 * MS };
	static const struct orders much = { .orphans = 1000, .burn_ns = 25 * MS };

	(void)arg;
	for (int round = 0; round < 2; round++) {
		/* The last job's time is not this one's. */
		(void)support_submit(scene->pool, makes_orphans, &little, sizeof little);
		const struct forkpool_result *result = support_wait(scene->pool);
		ck_assert_msg(result->outcome == FORKPOOL_OK, "%s: %s",
		    forkpool_outcome_name(result->outcome), result->message);
		ck_assert_int_ge(result->cpu_ns, little.orphans * little.burn_ns);
		ck_assert_int_lt(result->cpu_ns, 2 * little.orphans * little.burn_ns);
		(void)support_submit(scene->pool, makes_orphans, &much, sizeof much);
		result = support_wait(scene->pool);
		ck_assert_msg(result->outcome == FORKPOOL_OVER_LIMIT &&
			result->limit == FORKPOOL_LIMIT_CPU,
		    "%s: %s", forkpool_outcome_name(result->outcome), result->message);
		ck_assert_int_ge(result->cpu_ns, 580 * MS);
		ck_assert_int_lt(result->cpu_ns, 1200 * MS);
	}
}

START_TEST(their_time_is_the_jobs_and_counts_once)
{
	with_pool(&all[_i], (struct forkpool_limits){ .cpu_ns = 600 * MS }, time_body);
}
END_TEST

/* ------------------------------------------------------------------------------ init is killed */

static struct support_gate *gate;
static int exec;

static int
kills_itself(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)args;
	(void)args_len;
	return raise(SIGKILL);
}

/* Kill the first process of the worker's namespace from outside, and see it gone. */
static void
init_kill(struct forkpool *pool)
{
	struct forkpool_worker_info info;

	CHILD_CHECK(forkpool_worker_info(pool, 0, &info) == 0);
	pid_t init = init_of(info.pid);
	CHILD_CHECK(init > 0 && kill(init, SIGKILL) == 0);
	for (int ms = 0; ms < SUPPORT_HANGS_MS && support_alive(init); ms++)
		(void)poll(NULL, 0, 1);
}

static void
init_killed_body(void)
{
	const struct forkpool_sandbox sandbox = { .exec = exec, .readable = readable,
		.private_root = 1 };
	struct forkpool_options options = support_options(1);
	const struct forkpool_result *result = NULL;

	support_gate_use(gate);
	options.isolation = FORKPOOL_ISOLATE_SANDBOX;
	options.sandbox = &sandbox;
	struct forkpool *pool = support_open(&options);
	for (int round = 0; round < 2; round++) {
		atomic_store(&gate->started, 0);
		(void)support_submit(pool, support_job_waits, NULL, 0);
		while (atomic_load(&gate->started) == 0)
			CHILD_CHECK(forkpool_dispatch(pool, NULL, 0) != -1);
		init_kill(pool);
		result = support_wait(pool);
		if (result->outcome != FORKPOOL_LOST)
			(void)fprintf(stderr, "# %s: %s\n", forkpool_outcome_name(result->outcome),
			    result->message);
		CHILD_CHECK(result->outcome == FORKPOOL_LOST);
		CHILD_CHECK(strstr(result->message, "pid namespace") != NULL);
		CHILD_CHECK(result->attempts == 1);
		/* Where it is killed between two jobs no job is lost. */
		for (int i = 0; i < 2; i++) {
			(void)support_submit(pool, support_job_nothing, NULL, 0);
			result = support_wait(pool);
			CHILD_CHECK(result->outcome == FORKPOOL_OK && result->attempts == 1);
			if (i == 0)
				init_kill(pool);
		}
	}
	/* A job's own SIGKILL is its own. */
	(void)support_submit(pool, kills_itself, NULL, 0);
	result = support_wait(pool);
	CHILD_CHECK(result->outcome == FORKPOOL_CRASHED && result->signal == SIGKILL);
	CHILD_CHECK(forkpool_close(pool) == 0);
}

/* _i: the user, and from USERS on where jobs may have processes. */
START_TEST(the_death_of_init_is_not_the_jobs)
{
	int user = _i % USERS;

	if (!attack_mode_possible(user == USER_OTHER ? ATTACK_SANDBOX_USER : ATTACK_SANDBOX) ||
	    user_lacks_namespaces(user, "pid namespace"))
		return;
	gate = support_shared(sizeof *gate);
	exec = _i / USERS;
	user_run(user, init_killed_body);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("orphans of jobs");
	TCase *orphans = support_case("orphans", 120), *init = support_case("init", 60);

	tcase_add_loop_test(orphans, they_use_up_no_limit, 0, ALL);
	tcase_add_loop_test(orphans, few_wait_to_be_reaped, 0, ALL);
	tcase_add_loop_test(orphans, their_time_is_the_jobs_and_counts_once, 0, ALL);
	tcase_add_loop_test(init, the_death_of_init_is_not_the_jobs, 0, 2 * USERS);
	suite_add_tcase(suite, orphans);
	suite_add_tcase(suite, init);
	return attack_main(suite);
}

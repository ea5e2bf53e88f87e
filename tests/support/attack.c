/* SPDX-License-Identifier: BSD-2-Clause */
/* Run an attack among innocent jobs, in each mode, and check what became of all of them. */
#include "config.h"
#include "tests/support/attack.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/attack_observe.h"
#include "tests/support/lives.h"
#include "tests/support/users.h"

#define MS INT64_C(1000000)

struct attack_words *attack_words;
static char directory[96];

/* ---------------------------------------------------------------------------- the innocent jobs */

struct square {
	uint64_t n, canary_sum;
	uintptr_t canary;
};

static int
square(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct square s;
	char name[32];

	if (args_len != sizeof s)
		return EBADMSG;
	memcpy(&s, args, sizeof s);
	(void)snprintf(name, sizeof name, "square %llu", (unsigned long long)s.n);
	if (strcmp(name, forkpool_job_id(context)) != 0)
		return forkpool_fail(context, EBADMSG, "its name is not %s", name);
	/*
	 * The job's process is a copy of the worker: an attack on the worker's memory shows here.
	 */
	if (attack_sum((const unsigned char *)s.canary, ATTACK_CANARY) != s.canary_sum)
		return forkpool_fail(context, EBADMSG, "the memory of its worker was changed");
	s.n *= s.n;
	return forkpool_reply(context, &s.n, sizeof s.n);
}

static uint64_t
square_submit(struct attack_scene *scene, uint64_t n)
{
	struct square s = { .n = n, .canary_sum = scene->canary_sum,
		.canary = (uintptr_t)scene->canary };
	char name[32];
	struct forkpool_job job = { .fn = square, .args = &s, .args_len = sizeof s, .id = name };
	uint64_t seq;

	(void)snprintf(name, sizeof name, "square %llu", (unsigned long long)n);
	ck_assert_int_eq(forkpool_submit(scene->pool, &job, &seq), 1);
	return seq;
}

static void
square_check(const struct forkpool_result *result, uint64_t n, const char *when)
{
	uint64_t got = 0;

	ck_assert_msg(result->outcome == FORKPOOL_OK && result->value_len == sizeof got,
	    "a job %s the attack: %s: %s",
	    when, forkpool_outcome_name(result->outcome), result->message);
	memcpy(&got, result->value, sizeof got);
	ck_assert_uint_eq(got, n * n);
	ck_assert_uint_eq(result->attempts, 1);
	ck_assert_uint_eq(result->output_len, 0);
	ck_assert_str_eq(result->message, "");
}

static void
squares(struct attack_scene *scene, unsigned jobs, const char *when)
{
	uint64_t first = 0;

	for (unsigned i = 0; i < jobs; i++) {
		uint64_t seq = square_submit(scene, i);
		first = i == 0 ? seq : first;
	}
	for (unsigned i = 0; i < jobs; i++) {
		const struct forkpool_result *result = support_wait(scene->pool);
		square_check(result, result->seq - first, when);
	}
}

/* Runs on the other worker as long as the attack lasts. */
static int
neighbour(struct forkpool_context *context, const void *args, size_t args_len)
{
	unsigned char own[4096];
	unsigned char *heap = malloc(65536);

	if (heap == NULL || args_len != 8)
		return EBADMSG;
	memset(own, 0x5a, sizeof own);
	memset(heap, 0xa5, 65536);
	uint64_t sum = attack_sum(own, sizeof own) + attack_sum(heap, 65536);
	atomic_store(&attack_words->neighbour, (int32_t)getpid());
	support_post(&attack_words->started);
	support_await(&attack_words->over, 1);
	if (attack_sum(own, sizeof own) + attack_sum(heap, 65536) != sum)
		return forkpool_fail(context, EBADMSG, "its memory was changed");
	free(heap);
	return forkpool_reply(context, args, args_len);
}

/* -------------------------------------------------------------------------------------- the run */

static void
result_keep(struct attack_scene *scene, const struct forkpool_result *result)
{
	free(scene->value);
	free(scene->output);
	scene->result = *result;
	scene->value = malloc(result->value_len + 1);
	scene->output = malloc(result->output_len + 1);
	ck_assert(scene->value != NULL && scene->output != NULL);
	if (result->value_len > 0)
		memcpy(scene->value, result->value, result->value_len);
	memcpy(scene->output, result->output, result->output_len + 1);
	(void)snprintf(scene->message, sizeof scene->message, "%s", result->message);
	scene->result.value = result->value != NULL ? scene->value : NULL;
	scene->result.output = scene->output;
	scene->result.message = scene->message;
	scene->result.id = "";
}

unsigned
attack_ends(const struct attack *attack, enum attack_mode mode)
{
	return mode == ATTACK_JOB || mode == ATTACK_JOB_USER ? attack->job : attack->sandbox;
}

/* Whether the message of a denied job names the call.  musl blocks all signals in fork() and
   sigqueue(): nobody is left then to say which call it was. */
static int
names_call(const char *message, const char *call)
{
#ifndef __GLIBC__
	if (strcmp(message, "denied: a system call") == 0)
		return 1;
#endif
	return strstr(message, call) != NULL;
}

static void
result_judge(const struct attack_scene *scene, const struct attack *attack)
{
	const struct forkpool_result *result = &scene->result;

	ck_assert_msg(attack_ends(attack, scene->mode) & 1u << result->outcome,
	    "%s: %s (error %d, signal %d, exit code %d, limit %s): %s", attack->name,
	    forkpool_outcome_name(result->outcome), result->error, result->signal,
	    result->exit_code, forkpool_limit_name(result->limit), result->message);
	if (result->outcome == FORKPOOL_DENIED && attack->denied != NULL)
		ck_assert_msg(names_call(result->message, attack->denied),
		    "%s: denied, but not named: %s", attack->name, result->message);
	if (result->outcome == FORKPOOL_CRASHED && attack->signal != 0)
		ck_assert_msg(result->signal == attack->signal, "%s: signal %d", attack->name,
		    result->signal);
	ck_assert_msg((result->outcome == FORKPOOL_OK) == (result->value != NULL), "%s: value",
	    attack->name);
	ck_assert_uint_eq(result->attempts, 1);
	ck_assert_int_gt(result->pid, 0);
	for (unsigned i = 0; i < ATTACK_WORKERS; i++)
		ck_assert_msg(result->pid != scene->known.worker[i], "%s ran in the worker itself",
		    attack->name);
}

void
attack_run(struct attack_scene *scene, const struct attack *attack)
{
	enum { BESIDE = 8, AFTER = 8 };
	uint64_t token = UINT64_C(0x746f6b656e), seq, first = 0;
	struct attack_knowledge known = scene->known;
	struct forkpool_job odd = { .fn = attack->fn, .args = &known, .args_len = sizeof known,
		.id = attack->name, .timeout_ns = attack->timeout_ms * MS };

	squares(scene, 8, "before");
	atomic_store(&scene->words->over, 0);
	atomic_store(&scene->words->started, 0);
	uint64_t other = support_submit(scene->pool, neighbour, &token, sizeof token);
	const struct forkpool_result *none = NULL;
	ck_assert_int_eq(forkpool_wait(scene->pool, &none, 0), 0); /* sends the job */
	support_await(&scene->words->started, 1);
	known.n = attack->n;
	known.neighbour = (pid_t)atomic_load(&scene->words->neighbour);
	for (unsigned i = 0; i < BESIDE; i++) {
		uint64_t s = square_submit(scene, i);
		first = i == 0 ? s : first;
	}
	ck_assert_int_eq(forkpool_submit(scene->pool, &odd, &seq), 1);
	for (unsigned i = BESIDE; i < 2 * BESIDE; i++)
		(void)square_submit(scene, i);
	for (unsigned i = 0; i < 2 * BESIDE + 1; i++) {
		const struct forkpool_result *result = support_wait(scene->pool);
		ck_assert_uint_ne(result->seq, other); /* the neighbour still runs */
		if (result->seq == seq) {
			/* Whatever addresses it has left are looked up. */
			(void)forkpool_backtrace(scene->pool, result);
			result_keep(scene, result);
		} else {
			square_check(result, result->seq - first - (result->seq > seq), "beside");
		}
	}
	atomic_store(&scene->words->over, 1);
	const struct forkpool_result *result = support_wait(scene->pool);
	ck_assert_uint_eq(result->seq, other);
	ck_assert_msg(result->outcome == FORKPOOL_OK && result->value_len == sizeof token &&
		memcmp(result->value, &token, sizeof token) == 0,
	    "%s: the job on the other worker: %s: %s", attack->name,
	    forkpool_outcome_name(result->outcome), result->message);
	result_judge(scene, attack);

	for (unsigned round = 0, same = 0; same == 0; round++) {
		ck_assert_msg(round < 500, "%s: its worker has no more jobs", attack->name);
		for (unsigned i = 0; i < AFTER; i++) {
			uint64_t s = square_submit(scene, i);
			first = i == 0 ? s : first;
		}
		for (unsigned i = 0; i < AFTER; i++) {
			result = support_wait(scene->pool);
			square_check(result, result->seq - first, "after");
			same += result->worker == scene->result.worker;
		}
	}
	attack_aftermath(scene);
}

/* ------------------------------------------------------------------------------------ the scene */

static void
not_here(const char *why)
{
	ck_assert_msg(getenv("FORKPOOL_REQUIRE_SANDBOX") == NULL || SUPPORT_SANITIZED, "%s", why);
	(void)fprintf(stderr, "skipped: %s\n", why);
}

/* Why there is no sandbox here; NULL: there is.  Asked before the tests, which are forked from this
   process, it is asked once: opening a pool tries all out that is to hold. */
static const char *
sandbox_refused(void)
{
	static char error[256], asked;
	struct forkpool_options options = support_options(1);

	options.isolation = FORKPOOL_ISOLATE_SANDBOX;
	if (!asked++) {
		struct forkpool *pool = forkpool_open(&options, error, sizeof error);
		/* Any other error the scene's own pool will meet with. */
		if (pool != NULL || errno != ENOTSUP)
			error[0] = '\0';
		(void)forkpool_close(pool);
	}
	return error[0] != '\0' ? error : NULL;
}

int
attack_mode_possible(enum attack_mode mode)
{
	if (getuid() != 0 && (mode == ATTACK_JOB_USER || mode == ATTACK_SANDBOX_USER))
		return 0; /* the mode before is the same */
	int in_sandbox = mode == ATTACK_SANDBOX || mode == ATTACK_SANDBOX_USER;
	if (support_own_process() && in_sandbox != support_sandboxed())
		return 0; /* this run is for the other level */
	if (!in_sandbox)
		return 1;
	const char *refused =
	    SUPPORT_SANITIZED ? "a sandbox does not bear a sanitizer" : sandbox_refused();
	if (refused != NULL)
		not_here(refused);
	return refused == NULL;
}

/* Have every worker run a job, all at the same time. */
static void
workers_all_ran(struct attack_scene *scene)
{
	uint64_t token = 1;
	const struct forkpool_result *none = NULL;

	atomic_store(&scene->words->over, 0);
	atomic_store(&scene->words->started, 0);
	for (unsigned i = 0; i < ATTACK_WORKERS; i++)
		(void)support_submit(scene->pool, neighbour, &token, sizeof token);
	ck_assert_int_eq(forkpool_wait(scene->pool, &none, 0), 0); /* sends the jobs */
	support_await(&scene->words->started, ATTACK_WORKERS);
	atomic_store(&scene->words->over, 1);
	for (unsigned i = 0; i < ATTACK_WORKERS; i++)
		ck_assert_int_eq(support_wait(scene->pool)->outcome, FORKPOOL_OK);
	atomic_store(&scene->words->over, 0);
	atomic_store(&scene->words->started, 0);
}

static void
scene_play(enum attack_mode mode, const struct forkpool_options *given, attack_body *body,
    const void *arg)
{
	struct forkpool_options options = given != NULL ? *given : support_options(0);
	static struct attack_scene scene;

	memset(&scene, 0, sizeof scene);
	scene.mode = mode;
	scene.is_sandbox = mode == ATTACK_SANDBOX || mode == ATTACK_SANDBOX_USER;
	scene.words = attack_words = support_shared(sizeof *attack_words);
	(void)snprintf(scene.known.directory, sizeof scene.known.directory, "%s", directory);
	options.workers = ATTACK_WORKERS;
	options.isolation = scene.is_sandbox ? FORKPOOL_ISOLATE_SANDBOX : FORKPOOL_ISOLATE_JOB;
	if (options.grace_ns == 0)
		options.grace_ns = 100 * MS;
	attack_observe_before(&scene);
	scene.pool = support_open(&options);
	workers_all_ran(&scene);
	attack_observe(&scene);
	body(&scene, arg);
	attack_aftermath(&scene);
	/* A new worker is a copy of the supervisor as the attack left it. */
	ck_assert_int_eq(forkpool_resize(scene.pool, ATTACK_WORKERS + 1), 0);
	squares(&scene, 20, "long after");
	ck_assert_int_eq(forkpool_close(scene.pool), 0);
	attack_observe_end(&scene);
	free(scene.value);
	free(scene.output);
	ck_assert_int_eq(munmap(attack_words, sizeof *attack_words), 0);
}

void
attack_in(enum attack_mode mode, const struct forkpool_options *options, attack_body *body,
    const void *arg)
{
	if (!attack_mode_possible(mode))
		return;
	if (mode == ATTACK_JOB || mode == ATTACK_SANDBOX) {
		scene_play(mode, options, body, arg);
		return;
	}
	pid_t pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		int status;
		user_become(USER_OTHER);
		(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
		scene_play(mode, options, body, arg);
		while (waitpid(-1, &status, 0) > 0)
			continue; /* a process that is left lives for ever: the test times out */
		_exit(0);
	}
	lives_child(pid);
}

static void
run_one(struct attack_scene *scene, const void *arg)
{
	attack_run(scene, arg);
}

void
attack_table_with(const struct attack *table, int i, const struct forkpool_options *options,
    attack_body *body)
{
	const struct attack *attack = &table[i / ATTACK_MODES];
	enum attack_mode mode = (enum attack_mode)(i % ATTACK_MODES);

	if (attack_ends(attack, mode) != 0)
		attack_in(mode, options, body, attack);
}

void
attack_table(const struct attack *table, int i, const struct forkpool_options *options)
{
	attack_table_with(table, i, options, run_one);
}

static const char *const programs_readable[] = { "/usr", "/bin", "/lib", "/lib64", NULL };
const struct forkpool_sandbox attack_programs = { .exec = 1, .readable = programs_readable };

void
attack_table_sandbox(const struct attack *table, int i, const struct forkpool_sandbox *sandbox)
{
	struct forkpool_options options = support_options(2);
	enum attack_mode mode = (enum attack_mode)(i % ATTACK_MODES);

	options.sandbox = sandbox;
	if (mode == ATTACK_SANDBOX || mode == ATTACK_SANDBOX_USER)
		attack_table(table, i, &options);
}

/* ------------------------------------------------------------------------------ for the attacks */

const struct attack_knowledge *
attack_known(const void *args, size_t args_len)
{
	if (args_len != sizeof(struct attack_knowledge))
		abort();
	return args;
}

int
attack_through(struct forkpool_context *context, const char *how, long r)
{
	return forkpool_fail(context, EPROTO, "it got through: %s gave %ld", how, r);
}

int
attack_job_prints(struct forkpool_context *context, const void *args, size_t args_len)
{
	static char block[65536];

	(void)attack_known(args, args_len);
	memset(block, 'p', sizeof block);
	for (size_t i = 0; i < ATTACK_PRINTS / sizeof block; i++)
		if (write(i % 2 ? STDOUT_FILENO : STDERR_FILENO, block, sizeof block) !=
		    sizeof block)
			return errno;
	return forkpool_reply(context, "p", 1);
}

void
attack_burn(int64_t cpu_ns)
{
	struct timespec now;

	do
		(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	while ((int64_t)now.tv_sec * 1000 * MS + now.tv_nsec < cpu_ns);
}

/* Each frame uses something of the one above, so that the compiler makes no loop of it. */
static int __attribute__((noinline))
recurse(volatile unsigned char *above, int64_t left)
{
	volatile unsigned char here[1024];

	here[0] = above[0];
	here[1023] = (unsigned char)left;
	return left <= 0 ? here[1023] : recurse(here, left - (int64_t)sizeof here) + here[0];
}

void
attack_recurse(int64_t bytes)
{
	unsigned char first = 0;

	(void)recurse(&first, bytes);
}

void
attack_pid_note(pid_t pid)
{
	uint32_t i = atomic_fetch_add(&attack_words->processes, 1);

	if (i < ATTACK_PIDS)
		atomic_store(&attack_words->pid[i], (int32_t)pid);
}

const char *
attack_directory(void)
{
	return directory;
}

/* Remove the files that attacks may have made where they got through. */
static void
traces_remove(void)
{
	static const char *const made[] = { "made-by-a-job", "/tmp/made-by-a-job",
		"/var/tmp/made-by-a-job", "/dev/shm/made-by-a-job" };

	for (size_t i = 0; i < sizeof made / sizeof made[0]; i++)
		(void)unlink(made[i]);
	attack_directory_remove(directory);
}

int
attack_main(Suite *suite)
{
	(void)snprintf(directory, sizeof directory, "/tmp/forkpool-attack.XXXXXX");
	if (mkdtemp(directory) == NULL || chmod(directory, 01777) == -1) {
		perror(directory);
		return EXIT_FAILURE;
	}
	if (!SUPPORT_SANITIZED)
		(void)sandbox_refused();
	int status = support_run(suite);
	traces_remove();
	return status;
}

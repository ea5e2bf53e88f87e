/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jobs that change all they can of their process, or take all that the machine has: the next job on
 * that worker finds everything as the first one did, and the pool goes on.
 */
#include "config.h"
#include "tests/support/attack.h"
#include "tests/support/attack_observe.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define MS  INT64_C(1000000)
#define MIB ((size_t)1 << 20)

extern char **environ;
static unsigned char scratch[65536] = { 1 };
static _Thread_local int of_thread = 7;

/* ----------------------------------------------------------------------------- what a job finds */

static uint64_t
bits_of(const sigset_t *set)
{
	uint64_t bits = 0;

	for (int signo = 1; signo < 64; signo++)
		bits |= (uint64_t)(sigismember(set, signo) == 1) << signo;
	return bits;
}

/*
 * The state of this process as text, so that a difference can be shown, without what a sandbox
 * denies.
 */
static size_t
state_write(char *text, size_t size, int is_sandbox)
{
	struct sigaction action;
	struct itimerval timer;
	struct rlimit limit;
	sigset_t mask;
	char name[512] = "";
	size_t at = 0;

#define ADD(...) at += (size_t)snprintf(text + at, size - at, __VA_ARGS__)
	ADD("errno %d\n", errno);
	(void)sigprocmask(SIG_SETMASK, NULL, &mask);
	ADD("mask %llx\n", (unsigned long long)bits_of(&mask));
	for (int signo = 1; signo < 65; signo++)
		if (!(is_sandbox && signo == SIGSYS) && sigaction(signo, NULL, &action) == 0)
			ADD("handler %d %p\n", signo, (void *)(uintptr_t)action.sa_handler);
	(void)sigpending(&mask);
	ADD("pending %llx\n", (unsigned long long)bits_of(&mask));
	for (int i = 0; i < 16; i++)
		if (getrlimit((unsigned)i, &limit) == 0)
			ADD("limit %d %llu %llu\n", i, (unsigned long long)limit.rlim_cur,
			    (unsigned long long)limit.rlim_max);
	mode_t mode = umask(0);
	(void)umask(mode);
	ADD("umask %o\n", (unsigned)mode);
	for (int fd = 0; fd < 3; fd++)
		ADD("descriptor %d %x %x\n", fd, (unsigned)fcntl(fd, F_GETFD),
		    (unsigned)fcntl(fd, F_GETFL));
	(void)getitimer(ITIMER_REAL, &timer);
	ADD("timer %lld\n", (long long)timer.it_value.tv_sec);
	ADD("nice %d\n", getpriority(PRIO_PROCESS, 0));
	ADD("policy %d\n", sched_getscheduler(0));
	(void)prctl(PR_GET_NAME, name);
	ADD("name %s\n", name);
	if (!is_sandbox) {
		ADD("directory %s\n", getcwd(name, sizeof name) != NULL ? name : "?");
		ADD("dumpable %d\n", prctl(PR_GET_DUMPABLE));
		ADD("no new privileges %d\n", prctl(PR_GET_NO_NEW_PRIVS));
	}
	ADD("environment %s\n", environ == NULL || environ[0] == NULL ? "" : environ[0]);
	ADD("locale %s\n", setlocale(LC_ALL, NULL));
	ADD("thread %d\n", of_thread);
	ADD("scratch %llx\n", (unsigned long long)attack_sum(scratch, sizeof scratch));
	ADD("break %p\n", sbrk(0));
#undef ADD
	return at;
}

static int
looks(struct forkpool_context *context, const void *args, size_t args_len)
{
	static char text[16384];

	size_t len = state_write(text, sizeof text, attack_known(args, args_len)->n != 0);
	return forkpool_reply(context, text, len + 1);
}

static void
changes_memory(void)
{
	memset(scratch, 0xee, sizeof scratch);
	of_thread = 99;
	for (int i = 0; i < 100; i++) {
		char *leak = malloc(100000);
		if (leak != NULL)
			memset(leak, i, 100000);
	}
	void *at = mmap(NULL, 64 * MIB, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at != MAP_FAILED)
		memset(at, 1, 4 * MIB);
	(void)sbrk(65536);
	(void)setlocale(LC_ALL, "C.UTF-8");
	(void)setenv("LEFT_BY_A_JOB", "yes", 1);
	errno = 77;
}

static int
changes_all(struct forkpool_context *context, const void *args, size_t args_len)
{
	const struct attack_knowledge *known = attack_known(args, args_len);
	struct itimerval timer = { .it_value = { .tv_sec = 1000 } };
	struct rlimit limit;
	sigset_t set;

	(void)context;
	changes_memory();
	(void)umask(0777);
	(void)setitimer(ITIMER_REAL, &timer, NULL);
	(void)setitimer(ITIMER_VIRTUAL, &timer, NULL);
	sigfillset(&set);
	(void)sigprocmask(SIG_SETMASK, &set, NULL);
	(void)raise(SIGUSR1); /* pending */
	(void)prctl(PR_SET_NAME, "left by a job");
	for (int fd = 0; fd < 3; fd++) {
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
		(void)fcntl(fd, F_SETFL, O_NONBLOCK | O_APPEND);
	}
	(void)setpriority(PRIO_PROCESS, 0, 10);
	for (int i = 0; i < 16; i++)
		if (i != RLIMIT_CPU && getrlimit((unsigned)i, &limit) == 0 &&
		    limit.rlim_cur > 1000) {
			limit.rlim_cur = limit.rlim_max =
			    limit.rlim_cur == RLIM_INFINITY ? (rlim_t)1 << 40 : limit.rlim_cur - 1;
			(void)setrlimit((unsigned)i, &limit);
		}
	for (int signo = 1; signo < 65; signo++)
		if (signo != SIGSYS)
			(void)signal(signo, SIG_IGN);
	(void)chdir("/proc");
	if (known->n == 0) {
		(void)prctl(PR_SET_DUMPABLE, 1);
		(void)prctl(PR_SET_PDEATHSIG, 0);
		(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	}
	for (int fd = 0; fd < 3; fd++)
		(void)close(fd);
	return 0;
}

static int
changes_memory_and_crashes(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)attack_known(args, args_len);
	changes_memory();
	abort();
}

/* The state that a job finds on that worker. */
static void
look(struct attack_scene *scene, unsigned worker, char *text, size_t size)
{
	struct attack_knowledge known = scene->known;

	known.n = scene->is_sandbox;
	for (int i = 0;; i++) {
		ck_assert_msg(i < 5000, "worker %u has no more jobs", worker);
		(void)support_submit(scene->pool, looks, &known, sizeof known);
		const struct forkpool_result *result = support_wait(scene->pool);
		ck_assert_msg(result->outcome == FORKPOOL_OK, "%s: %s",
		    forkpool_outcome_name(result->outcome), result->message);
		if (result->worker == worker) {
			(void)snprintf(text, size, "%s", (const char *)result->value);
			return;
		}
	}
}

static void
change_and_look(struct attack_scene *scene, const void *arg)
{
	static char before[ATTACK_WORKERS][16384], after[16384];
	struct attack attack = *(const struct attack *)arg;

	for (unsigned i = 0; i < ATTACK_WORKERS; i++)
		look(scene, i, before[i], sizeof before[i]);
	ck_assert_ptr_nonnull(strstr(before[0], "environment \n"));
	attack.n = scene->is_sandbox;
	for (int round = 0; round < 3; round++) {
		attack_run(scene, &attack);
		unsigned worker = scene->result.worker;
		look(scene, worker, after, sizeof after);
		ck_assert_msg(strcmp(before[worker], after) == 0, "%s: the next job finds %s",
		    attack.name, attack_difference(before[worker], after));
	}
}

static const struct attack changes[] = {
	{ "changes all it can", changes_all, BOTH(ENDS(OK)) },
	{ "changes memory and crashes", changes_memory_and_crashes, BOTH(ENDS(CRASHED)),
	    .signal = SIGABRT },
};

START_TEST(leaves_changes)
{
	struct forkpool_options options = support_options(2);

	options.output =
	    _i / ATTACK_MODES / 2 == 0 ? FORKPOOL_OUTPUT_DISCARD : FORKPOOL_OUTPUT_CAPTURE;
	attack_in((enum attack_mode)(_i % ATTACK_MODES), &options, change_and_look,
	    &changes[_i / ATTACK_MODES % 2]);
}
END_TEST

/* -------------------------------------------------------------------- all there is of something */

static int
spins(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)args;
	(void)args_len;
	(void)signal(SIGTERM, SIG_IGN);
	for (volatile unsigned n = 1; n != 0; n |= 1)
		n++;
	return 0;
}

/* More jobs spin than there are processors: the supervisor and the workers still get their turn. */
static void
starve(struct attack_scene *scene, const void *arg)
{
	enum { PER_PROCESSOR = 3, MOST = 64 };
	unsigned processors = forkpool_processors();
	unsigned jobs = processors < MOST / PER_PROCESSOR ? PER_PROCESSOR * processors : MOST;
	struct forkpool_options options = support_options(jobs);
	struct forkpool_job job = { .fn = spins, .timeout_ns = 300 * MS };

	(void)arg;
	options.isolation = scene->is_sandbox ? FORKPOOL_ISOLATE_SANDBOX : FORKPOOL_ISOLATE_JOB;
	options.grace_ns = 100 * MS;
	struct forkpool *pool = support_open(&options);
	for (unsigned i = 0; i < 2 * jobs; i++)
		ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
	for (unsigned i = 0; i < 2 * jobs; i++) {
		const struct forkpool_result *result = support_wait(pool);
		ck_assert_msg(result->outcome == FORKPOOL_TIMED_OUT, "%s: %s",
		    forkpool_outcome_name(result->outcome), result->message);
		ck_assert_int_ge(result->run_ns, 300 * MS);
		ck_assert_int_lt(result->run_ns, SUPPORT_HANGS_MS * MS);
	}
	struct forkpool_stats stats;
	ck_assert_int_eq(forkpool_get_stats(pool, &stats), 0);
	ck_assert_uint_eq(stats.workers_died, 0);
	ck_assert_int_eq(forkpool_close(pool), 0);
}

START_TEST(starves_the_supervisor)
{
	attack_in((enum attack_mode)_i, NULL, starve, NULL);
}
END_TEST

/* A job that no limit stops stops at eight times the limit. */
#define MEMORY_LIMIT (64 * MIB)

enum way {
	WAY_MALLOC,
	WAY_MMAP,
	WAY_SHARED,
	WAY_GROWSDOWN,
	WAY_BRK,
	WAY_PROTECT,
	WAY_HUGE,
	WAY_POPULATE,
	WAY_LOCKED
};

static void *
get(enum way way, size_t size)
{
	const int both = PROT_READ | PROT_WRITE, private = MAP_PRIVATE | MAP_ANONYMOUS;
	void *at;

	switch (way) {
	case WAY_MALLOC:
		at = malloc(size);
		return at == NULL ? MAP_FAILED : at;
	case WAY_SHARED:
		return mmap(NULL, size, both, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	case WAY_GROWSDOWN:
		return mmap(NULL, size, both, private | MAP_GROWSDOWN, -1, 0);
	case WAY_BRK:
		return sbrk((intptr_t)size);
	case WAY_PROTECT:
		at = mmap(NULL, size, PROT_NONE, private | MAP_NORESERVE, -1, 0);
		return at != MAP_FAILED && mprotect(at, size, both) == 0 ? at : MAP_FAILED;
	case WAY_HUGE:
		return mmap(NULL, size, both, private | MAP_HUGETLB, -1, 0);
	case WAY_POPULATE:
		return mmap(NULL, size, both, private | MAP_POPULATE, -1, 0);
	case WAY_LOCKED:
		return mmap(NULL, size, both, private | MAP_LOCKED, -1, 0);
	case WAY_MMAP:
	default:
		return mmap(NULL, size, both, private, -1, 0);
	}
}

static int
allocates(struct forkpool_context *context, const void *args, size_t args_len)
{
	enum way way = (enum way)attack_known(args, args_len)->n;
	size_t got = 0;

	while (got < 8 * MEMORY_LIMIT) {
		unsigned char *at = get(way, MIB);
		if (at == MAP_FAILED)
			break;
		memset(at, 1, MIB);
		got += MIB;
	}
	if (got <= MEMORY_LIMIT + MEMORY_LIMIT / 8)
		return 0;
	return attack_through(context, "memory", (long)got);
}

static int
recurses(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)attack_known(args, args_len);
	attack_recurse(INT64_MAX);
	return attack_through(context, "recursion", 0);
}

#define WITHIN (ENDS(OK) | ENDS(DENIED) | ENDS(OVER_LIMIT))

/* At JOB no limit counts shared memory, memory that grows down, huge or locked pages. */
static const struct attack takings[] = {
	{ "malloc", allocates, BOTH(ENDS(OK) | ENDS(OVER_LIMIT)), .n = WAY_MALLOC },
	{ "mmap", allocates, BOTH(ENDS(OK) | ENDS(OVER_LIMIT)), .n = WAY_MMAP },
	{ "shared memory", allocates, SANDBOX(WITHIN), .n = WAY_SHARED },
	{ "memory that grows down", allocates, SANDBOX(WITHIN), .n = WAY_GROWSDOWN },
	{ "the break", allocates, BOTH(ENDS(OK) | ENDS(OVER_LIMIT)), .n = WAY_BRK },
	{ "address space first", allocates, BOTH(ENDS(OK) | ENDS(OVER_LIMIT)), .n = WAY_PROTECT },
	{ "huge pages", allocates, SANDBOX(WITHIN), .n = WAY_HUGE },
	{ "populated", allocates, BOTH(ENDS(OK) | ENDS(OVER_LIMIT)), .n = WAY_POPULATE },
	{ "locked", allocates, SANDBOX(WITHIN), .n = WAY_LOCKED },
	{ "recursion", recurses, BOTH(ENDS(OVER_LIMIT)), .n = 0 },
};

START_TEST(takes_all_memory)
{
	struct forkpool_options options = support_options(2);

	if (SUPPORT_SANITIZED)
		return; /* a sanitizer's own memory is beyond any limit */
	options.limits.memory = (int64_t)MEMORY_LIMIT;
	options.limits.stack = (int64_t)(8 * MIB);
	attack_table(takings, _i, &options);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("attacks on what comes after");
	TCase *changed = support_case("changes", 60), *taken = support_case("takings", 120);

	tcase_add_loop_test(changed, leaves_changes, 0, 4 * ATTACK_MODES);
	tcase_add_loop_test(taken, starves_the_supervisor, 0, ATTACK_MODES);
	ATTACK_TABLE(taken, takes_all_memory, takings);
	suite_add_tcase(suite, changed);
	suite_add_tcase(suite, taken);
	return attack_main(suite);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Several pools in one program, in any order and one inside the other: no process of one has
 * anything of another mapped.
 */
#include "config.h"
#include "tests/support/lives.h"
#include "tests/support/support.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/pool/pool.h"

#define MAPPINGS_MAX 200u
#define PROCESSES_MAX 64u
#define LARGE ((size_t)300000)

/* Memory that processes share, by the file behind it; anonymous memory has one without a name. */
struct mapping {
	uint64_t  file;
	uintptr_t at, end;
};
struct mappings {
	size_t n;
	struct mapping m[MAPPINGS_MAX];
};

static uint64_t
file_of(unsigned major, unsigned minor, unsigned long inode)
{
	return (uint64_t)major << 52 ^ (uint64_t)minor << 44 ^ inode;
}

/* What that process has mapped and shares; -1: it cannot be told. */
static int
mappings_read(pid_t pid, struct mappings *all)
{
	char path[40], line[512];

	all->n = 0;
	(void)snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	FILE *maps = fopen(path, "r");
	if (maps == NULL)
		return -1;
	while (fgets(line, sizeof line, maps) != NULL) {
		unsigned long at, end, inode;
		unsigned major, minor;
		char rights[8];
		if (sscanf(line, "%lx-%lx %4s %*x %x:%x %lu", &at, &end, rights, &major, &minor,
			&inode) != 6 ||
		    rights[3] != 's')
			continue;
		if (all->n < MAPPINGS_MAX)
			all->m[all->n++] =
			    (struct mapping){ file_of(major, minor, inode), at, end };
	}
	(void)fclose(maps);
	return all->n < MAPPINGS_MAX ? 0 : -1;
}

static void
mappings_get(pid_t pid, struct mappings *all)
{
	ck_assert_msg(mappings_read(pid, all) == 0, "/proc/%d/maps: %s", (int)pid, strerror(errno));
}

static const struct mapping *
mapping_find(const struct mappings *all, uint64_t file)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->m[i].file == file)
			return &all->m[i];
	return NULL;
}

/* Take those in `others` away. */
static void
mappings_remove(struct mappings *from, const struct mappings *others)
{
	size_t kept = 0;

	for (size_t i = 0; i < from->n; i++)
		if (mapping_find(others, from->m[i].file) == NULL)
			from->m[kept++] = from->m[i];
	from->n = kept;
}

static size_t
children_add(pid_t of, pid_t *pids, size_t n)
{
	char path[60];
	int pid;

	(void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)of, (int)of);
	FILE *children = fopen(path, "r");
	if (children == NULL)
		return n;
	while (n < PROCESSES_MAX && fscanf(children, "%d", &pid) == 1)
		pids[n++] = pid;
	(void)fclose(children);
	return n;
}

/* The pool's processes, its supervisor first; while its jobs run, these too. */
static size_t
processes_of(const struct forkpool *pool, pid_t pids[PROCESSES_MAX])
{
	size_t n = 1;

	pids[0] = pool->d.link.pid;
	for (size_t i = 0; i < n; i++)
		n = children_add(pids[i], pids, n);
	return n;
}

/* What a job is to overwrite: all that it has of another pool. */
struct target {
	_Atomic uint32_t n;
	struct mapping   m[MAPPINGS_MAX];
};
static struct target *target;
static struct support_gate *gate;
static struct mappings basis; /* what this process has without a pool */

static int
waits_then_writes(struct forkpool_context *context, const void *args, size_t args_len)
{
	int r = support_job_waits(context, args, args_len);

	for (uint32_t i = 0; i < atomic_load(&target->n); i++)
		memset((void *)target->m[i].at, 0xff, target->m[i].end - target->m[i].at);
	return r;
}

/* How many mappings of `others` the pool's processes have; what its last process has becomes the
   target. */
static unsigned
common_count(const struct forkpool *pool, const struct mappings *others)
{
	static struct mappings own;
	pid_t pids[PROCESSES_MAX];
	size_t n = processes_of(pool, pids);
	unsigned common = 0;

	ck_assert_uint_ge(n, 2);
	for (size_t i = 0; i < n; i++) {
		if (mappings_read(pids[i], &own) == -1)
			continue; /* an ordinary user may not look at a sandboxed process */
		atomic_store(&target->n, 0);
		for (size_t j = 0; j < own.n; j++) {
			if (mapping_find(others, own.m[j].file) == NULL)
				continue;
			common++;
			target->m[atomic_fetch_add(&target->n, 1)] = own.m[j];
		}
	}
	return common;
}

/* Open a pool of one worker, and tell which mappings of this process it came with. */
static struct forkpool *
open_and_tell(struct mappings *come)
{
	static struct mappings before;
	struct forkpool_options options = support_options(1);

	mappings_get(getpid(), &before);
	struct forkpool *pool = support_open(&options);
	mappings_get(getpid(), come);
	mappings_remove(come, &before);
	ck_assert_uint_ge(come->n, 2);
	return pool;
}

static int
replies(struct forkpool_context *context, const void *args, size_t args_len)
{
	return forkpool_reply(context, args, args_len);
}

/* Have the caller map the files for large arguments and values, too. */
static void
large_twice(struct forkpool *pool)
{
	static char large[LARGE];

	for (int i = 0; i < 3; i++) {
		(void)support_submit(pool, replies, large, sizeof large);
		const struct forkpool_result *r = support_wait(pool);
		ck_assert_int_eq(r->outcome, FORKPOOL_OK);
		ck_assert_uint_eq(r->value_len, LARGE);
	}
}

/* A job of the pool overwrites what its process has of others; the result is awaited. */
static void
job_writes(struct forkpool *pool, const struct mappings *others)
{
	memset(gate, 0, sizeof *gate);
	(void)support_submit(pool, waits_then_writes, NULL, 0);
	while (atomic_load(&gate->started) == 0)
		ck_assert_int_eq(forkpool_dispatch(pool, NULL, 0), 0);
	unsigned common = common_count(pool, others);
	atomic_store(&gate->go, 1);
	ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
	ck_assert_msg(common == 0, "processes of one pool have %u mappings of another", common);
}

static void
setup(void)
{
	gate = support_shared(sizeof *gate);
	support_gate_use(gate);
	target = support_shared(sizeof *target);
	mappings_get(getpid(), &basis);
}

START_TEST(one_after_the_other)
{
	static struct mappings first, second;

	setup();
	struct forkpool *a = open_and_tell(&first);
	large_twice(a);
	mappings_get(getpid(), &first);
	mappings_remove(&first, &basis);
	struct forkpool *b = open_and_tell(&second);
	large_twice(b);
	job_writes(b, &first);
	job_writes(a, &second);
	lives_double(a, 20);
	lives_double(b, 20);
	ck_assert_int_eq(forkpool_close(a), 0);
	lives_double(b, 20);
	ck_assert_int_eq(forkpool_close(b), 0);
}
END_TEST

/* Each pool's supervisor is killed while the other is open. */
START_TEST(supervisors_forked_again)
{
	static struct mappings first, second;

	setup();
	struct forkpool *a = open_and_tell(&first);
	struct forkpool *b = open_and_tell(&second);
	for (int i = 0; i < 4; i++) {
		struct forkpool *pool = i % 2 == 0 ? a : b;
		pid_t before = pool->d.link.pid;
		ck_assert_int_eq(kill(before, SIGKILL), 0);
		while (pool->d.link.pid == before || pool->d.link.socket == -1)
			ck_assert_int_eq(forkpool_dispatch(pool, NULL, 0), 0);
		lives_double(pool, 5);
		job_writes(pool, i % 2 == 0 ? &second : &first);
	}
	lives_double(a, 20);
	lives_double(b, 20);
	ck_assert_int_eq(forkpool_close(b), 0);
	ck_assert_int_eq(forkpool_close(a), 0);
}
END_TEST

#define ROUNDS 15

static void *
opens(void *arg)
{
	struct forkpool_options options = support_options(1);

	(void)arg;
	return forkpool_open(&options, NULL, 0);
}

START_TEST(two_threads_open_at_once)
{
	static struct mappings own;

	setup();
	for (int round = 0; round < ROUNDS; round++) {
		pthread_t thread;
		void *other;
		ck_assert_int_eq(pthread_create(&thread, NULL, opens, NULL), 0);
		struct forkpool *a = opens(NULL);
		ck_assert_int_eq(pthread_join(thread, &other), 0);
		struct forkpool *b = other;
		ck_assert(a != NULL && b != NULL);
		for (int i = 0; i < 2; i++) {
			mappings_get((i == 0 ? a : b)->d.link.pid, &own);
			mappings_remove(&own, &basis);
			ck_assert_uint_ge(own.n, 2);
			ck_assert_uint_eq(common_count(i == 0 ? b : a, &own), 0);
		}
		ck_assert_int_eq(forkpool_close(a), 0);
		ck_assert_int_eq(forkpool_close(b), 0);
	}
}
END_TEST

/* Reply with all that this job's process has mapped and shares. */
static int
tells_mappings(struct forkpool_context *context, const void *args, size_t args_len)
{
	static struct mappings own;

	(void)args;
	(void)args_len;
	if (mappings_read(getpid(), &own) == -1)
		return errno;
	return forkpool_reply(context, &own, sizeof own);
}

struct nest {
	struct mappings known; /* the test's own, which everybody may have */
	uint32_t in_common, same_args;
	unsigned char rest[LARGE]; /* so that these arguments are in the arena */
};
static const struct nest *outer_args;

static int
looks_at_outer(struct forkpool_context *context, const void *args, size_t args_len)
{
	uint32_t same = outer_args != NULL && outer_args->rest[LARGE - 1] == 0x5a;

	(void)args;
	(void)args_len;
	return forkpool_reply(context, &same, sizeof same);
}

/* Open a pool here, and compare what its job has mapped with what this process has. */
static int
opens_inner(struct forkpool_context *context, const void *args, size_t args_len)
{
	static struct mappings own;
	struct forkpool_options options = support_options(1);
	const struct forkpool_result *r;
	uint32_t counts[2] = { 0, 0 };

	if (args_len != sizeof *outer_args || mappings_read(getpid(), &own) == -1)
		return EBADMSG;
	outer_args = args;
	mappings_remove(&own, &outer_args->known);
	struct forkpool *inner = forkpool_open(&options, NULL, 0);
	if (inner == NULL)
		return errno;
	struct forkpool_job job = { .fn = tells_mappings };
	(void)forkpool_submit(inner, &job, NULL);
	int error = forkpool_wait(inner, &r, -1) == 1 && r->outcome == FORKPOOL_OK ? 0 : EIO;
	for (size_t i = 0; error == 0 && i < own.n; i++)
		counts[0] += mapping_find(r->value, own.m[i].file) != NULL;
	job.fn = looks_at_outer;
	(void)forkpool_submit(inner, &job, NULL);
	if (forkpool_wait(inner, &r, -1) == 1 && r->value_len == sizeof counts[1])
		memcpy(&counts[1], r->value, sizeof counts[1]);
	(void)forkpool_close(inner);
	if (error == 0 && forkpool_reply(context, counts, sizeof counts) != 0)
		error = errno;
	return error;
}

START_TEST(one_inside_a_job_of_the_other)
{
	static struct nest nest;
	uint32_t counts[2];

	if (support_sandboxed())
		return; /* a job may start no processes */
	setup();
	mappings_get(getpid(), &nest.known);
	nest.rest[LARGE - 1] = 0x5a;
	struct forkpool_options options = support_options(1);
	struct forkpool *pool = support_open(&options);
	large_twice(pool); /* at WORKER the worker has its part of the spool mapped */
	(void)support_submit(pool, opens_inner, &nest, sizeof nest);
	const struct forkpool_result *r = support_wait(pool);
	ck_assert_msg(r->outcome == FORKPOOL_OK, "%s", r->message);
	ck_assert_uint_eq(r->value_len, sizeof counts);
	memcpy(counts, r->value, sizeof counts);
	ck_assert_uint_eq(counts[0], 0);
	/* But the job's own arguments are there, as all its memory. */
	ck_assert_uint_eq(counts[1], 1);
	lives_double(pool, 20);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* A child that the caller forks has nothing of the pool, and is told so by each function. */
START_TEST(a_child_of_the_caller)
{
	static struct mappings ours, own;

	setup();
	struct forkpool *pool = open_and_tell(&ours);
	large_twice(pool);
	(void)support_submit(pool, support_job_nothing, NULL, 0);
	pid_t pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		const char *wrong = support_not_refused(pool, ECHILD);
		if (wrong != NULL || forkpool_close(pool) != -1 || errno != ECHILD)
			_exit(1);
		if (mappings_read(getpid(), &own) == -1)
			_exit(2);
		for (size_t i = 0; i < own.n; i++)
			if (mapping_find(&ours, own.m[i].file) != NULL)
				_exit(3);
		/* It may have a pool of its own. */
		lives_whole(NULL);
		/* Not by exit(): a sanitizer would take the caller's pool for a leak. */
		_exit(0);
	}
	lives_child(pid);
	ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("two_pools");
	TCase *all = support_case("two_pools", 30);

	tcase_add_test(all, one_after_the_other);
	tcase_add_test(all, supervisors_forked_again);
	tcase_add_test(all, two_threads_open_at_once);
	tcase_add_test(all, one_inside_a_job_of_the_other);
	tcase_add_test(all, a_child_of_the_caller);
	suite_add_tcase(suite, all);
	return support_run(suite);
}

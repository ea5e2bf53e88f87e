/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jobs that write over all memory of the pool that they can reach, while others run: the caller
 * lives, each job has exactly one result, the pool closes, and the next one works.
 */
#include "config.h"
#include "tests/support/lives.h"
#include "tests/support/support.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/job/mailbox.h"
#include "lib/os/clock.h"
#include "lib/pool/pool.h"

#define WORKERS  3u
#define JOBS     60u
#define ROUNDS   6
#define AT_A_TIME 6
#define SEED     1000
#define RANGES   64u
#define LARGE    ((size_t)200000)
#define HANGS_S  60 /* only what hangs takes so long */

enum pattern { ZEROS, ONES, NOISE, WORDS, BYTES, PATTERNS };
static const char *const pattern_names[PATTERNS] = { "0x00", "0xff", "random bytes",
	"random words", "single bytes" };

/* A generator of its own, so that a seed means the same everywhere. */
static uint64_t
next_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

struct range {
	unsigned char *at;
	size_t size;
};

/* Where the caller's pool has its tables: a worker inherits them at the same address. */
struct scribble {
	uint64_t seed;
	enum pattern pattern;
	uint32_t hangs;
	uintptr_t shared, claims;
};

/* At SANDBOX a job cannot ask what it has mapped: it has the mailbox, and the area beside it. */
static size_t
ranges_known(struct forkpool_context *context, struct range *r)
{
	struct mailbox *m =
	    (struct mailbox *)(void *)((char *)context - offsetof(struct mailbox, context));

	r[0] = (struct range){ context->area, context->value_max };
	r[1] = (struct range){ (unsigned char *)m, sizeof *m };
	return 2;
}

/* All writable memory that this process shares; the test has none itself. */
static size_t
ranges_read(struct range *r)
{
	char line[512], rights[8];
	unsigned long at, end;
	size_t n = 0;
	FILE *maps = fopen("/proc/self/maps", "r");

	while (maps != NULL && n < RANGES && fgets(line, sizeof line, maps) != NULL)
		if (sscanf(line, "%lx-%lx %7s", &at, &end, rights) == 3 && rights[1] == 'w' &&
		    rights[3] == 's')
			r[n++] = (struct range){ (unsigned char *)at, end - at };
	if (maps != NULL)
		(void)fclose(maps);
	return n;
}

static void
fill(struct range r, enum pattern pattern, uint64_t *random)
{
	if (pattern == ZEROS || pattern == ONES) {
		memset(r.at, pattern == ZEROS ? 0 : 0xff, r.size);
		return;
	}
	for (size_t i = 0; i + 8 <= r.size; i += 8) {
		uint64_t word = next_random(random);
		memcpy(r.at + i, &word, 8);
	}
}

/* A place where it is likely to matter: the tables of the workers and jobs that there are. */
static unsigned char *
place_choose(const struct scribble *s, const struct range *r, size_t n, uint64_t *random)
{
	uint64_t die = next_random(random), at = next_random(random);

	if (s->shared != 0 && die % 4 == 0)
		return (unsigned char *)s->claims + at % (JOBS * 8);
	if (s->shared != 0 && die % 4 < 3)
		return (unsigned char *)s->shared +
		    at % (SHARED_HEAD + WORKERS * sizeof(struct shared_slot));
	r += die / 4 % n;
	return r->at + at % (r->size < 16384 ? r->size : 16384);
}

/* Strewn over it: words with new values or a changed bit, or single bytes. */
static void
strew(const struct scribble *s, const struct range *r, size_t n, uint64_t *random)
{
	for (int i = 0; i < 200; i++) {
		unsigned char *at = place_choose(s, r, n, random);
		uint64_t value = next_random(random), word;
		if (s->pattern == BYTES) {
			*at = (unsigned char)value;
			continue;
		}
		at -= (uintptr_t)at % 8;
		memcpy(&word, at, 8);
		if (value % 3 == 0)
			word = value;
		else
			word = value % 3 == 1 ? value % 64 : word ^ 1u << value % 32;
		memcpy(at, &word, 8);
	}
}

static int
scribbles(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct scribble s;
	struct range r[RANGES];

	if (args_len != sizeof s)
		return EBADMSG;
	memcpy(&s, args, sizeof s);
	uint64_t random = s.seed;
	size_t n = support_sandboxed() ? ranges_known(context, r) : ranges_read(r);
	if (n == 0)
		return EPROTO;
	for (size_t i = 0; i < n && s.pattern <= NOISE; i++)
		fill(r[i], s.pattern, &random);
	if (s.pattern > NOISE)
		strew(&s, r, n, &random);
	while (s.hangs)
		(void)pause();
	return 0;
}

static int
sleeps(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
	return forkpool_reply(context, args, args_len);
}

static int
replies(struct forkpool_context *context, const void *args, size_t args_len)
{
	return forkpool_reply(context, args, args_len);
}

/* Submit job i of a round: whether it scribbles. */
static int
submit(struct forkpool *pool, unsigned i, const struct scribble *s)
{
	static unsigned char large[LARGE];
	struct scribble own_s = *s;
	struct forkpool_job job = { .fn = replies, .args = large, .args_len = 40 };
	int is_scribbler = i % 10 == 7;

	own_s.seed += i;
	/* A job that writes over its own deadline, and hangs, ends in time all the same. */
	own_s.hangs = i % 20 == 17;
	if (is_scribbler) {
		job.fn = scribbles;
		job.args = &own_s;
		job.args_len = sizeof own_s;
		job.timeout_ns = own_s.hangs ? 20 * CLOCK_MS : 0;
	} else if (i % 3 == 0) {
		job.fn = sleeps;
		job.timeout_ns = i % 2 == 0 ? 10 * CLOCK_S : 0;
	} else if (i % 7 == 1) {
		job.args_len = LARGE;
	}
	ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
	return is_scribbler;
}

/* A round runs in a process of its own, which ends with 0, or says what was not true. */
#define REQUIRE(condition)                                      \
	do {                                                    \
		if (!(condition)) {                             \
			fprintf(stderr, "# %s\n", #condition);  \
			_exit(__LINE__ % 200 + 1);              \
		}                                               \
	} while (0)

/* A pool with room for all jobs, and what those that scribble are told. */
static struct forkpool *
scene_open(struct scribble *s, enum pattern pattern, uint64_t seed)
{
	struct forkpool_options options = support_options(WORKERS);

	options.grace_ns = 20 * CLOCK_MS;
	options.queue_limit = JOBS;
	options.max_value_len = 1 << 20;
	struct forkpool *pool = support_open(&options);
	*s = (struct scribble){ .seed = seed, .pattern = pattern };
	if (!support_own_process()) {
		s->shared = (uintptr_t)pool->d.shared;
		s->claims = (uintptr_t)shared_claim(pool->d.shared, 0);
	}
	return pool;
}

static void
round_run(enum pattern pattern, uint64_t seed)
{
	unsigned results[JOBS + 1] = { 0 }, honest_failed = 0;
	int scribbler[JOBS + 1] = { 0 };
	const struct forkpool_result *r;
	struct scribble s;

	struct forkpool *pool = scene_open(&s, pattern, seed);
	for (unsigned i = 0; i < JOBS; i++)
		scribbler[i + 1] = submit(pool, i, &s);
	for (unsigned i = 0; i < JOBS; i++) {
		REQUIRE(forkpool_wait(pool, &r, -1) == 1);
		REQUIRE(r->seq >= 1 && r->seq <= JOBS);
		results[r->seq]++;
		honest_failed += !scribbler[r->seq] && r->outcome != FORKPOOL_OK;
	}
	REQUIRE(forkpool_pending(pool) == 0 && forkpool_next(pool, &r) == 0);
	for (unsigned i = 1; i <= JOBS; i++)
		REQUIRE(results[i] == 1);
	/* With processes of their own, jobs cannot reach each other. */
	REQUIRE(!support_own_process() || honest_failed == 0);
	REQUIRE(forkpool_close(pool) == 0);
	lives_whole(NULL);
	exit(0);
}

/* Close while jobs run and the tables are damaged. */
static void
close_run(enum pattern pattern, uint64_t seed)
{
	struct forkpool_stats stats;
	struct scribble s;

	struct forkpool *pool = scene_open(&s, pattern, seed);
	for (unsigned i = 0; i < JOBS; i++)
		(void)submit(pool, i, &s);
	do {
		(void)forkpool_dispatch(pool, NULL, 0);
		REQUIRE(forkpool_get_stats(pool, &stats) == 0);
		struct forkpool_worker_info info;
		for (unsigned i = 0; i < WORKERS; i++)
			REQUIRE(forkpool_worker_info(pool, i, &info) == 0);
	} while (stats.queued > JOBS / 2 && stats.delivered == 0);
	REQUIRE(forkpool_close(pool) == 0);
	lives_whole(NULL);
	exit(0);
}

static int
rounds_wanted(void)
{
	const char *more = getenv("FORKPOOL_TEST_ROUNDS");

	return more != NULL ? atoi(more) : ROUNDS;
}

/* Run rounds with that pattern, some at a time: they mostly wait. */
static void
rounds(void (*run)(enum pattern, uint64_t), enum pattern pattern, int n)
{
	for (int first = 0; first < n; first += AT_A_TIME) {
		pid_t pids[AT_A_TIME];
		int status[AT_A_TIME] = { 0 };
		int some = n - first < AT_A_TIME ? n - first : AT_A_TIME;
		for (int i = 0; i < some; i++) {
			pids[i] = fork();
			ck_assert_int_ne(pids[i], -1);
			if (pids[i] != 0)
				continue;
			(void)alarm(HANGS_S);
			run(pattern, SEED * (uint64_t)(first + i) + (uint64_t)pattern);
		}
		for (int i = 0; i < some; i++)
			ck_assert_int_eq(waitpid(pids[i], &status[i], 0), pids[i]);
		for (int i = 0; i < some; i++)
			ck_assert_msg(status[i] == 0,
			    "%s, seed %d: the caller ended with status %#x", pattern_names[pattern],
			    SEED * (first + i) + (int)pattern, (unsigned)status[i]);
	}
}

START_TEST(all_memory_while_jobs_run)
{
	rounds(round_run, (enum pattern)_i, rounds_wanted());
}
END_TEST

START_TEST(all_memory_and_close)
{
	rounds(close_run, (enum pattern)_i, rounds_wanted() / 2);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("attacks_scribble");
	TCase *all = support_case("scribble", 120);

	tcase_add_loop_test(all, all_memory_while_jobs_run, 0, PATTERNS);
	tcase_add_loop_test(all, all_memory_and_close, 0, PATTERNS);
	suite_add_tcase(suite, all);
	return support_run(suite);
}

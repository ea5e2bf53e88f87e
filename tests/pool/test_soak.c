/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random processes of the pool are killed while many jobs run: workers, supervisors, and jobs' own
 * processes.  Each job has one result, none runs more often than its attempts say, and the values
 * are right.
 *
 * The test is short unless the environment has FORKPOOL_SOAK_JOBS and FORKPOOL_SOAK_SECONDS, the
 * most of either, and FORKPOOL_SOAK_SEED.
 */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef SYS_pidfd_open

#define JOBS_DEFAULT    100000ul
#define SECONDS_DEFAULT (support_own_process() ? 5ul : 10ul)
#define WORKERS         4u
#define ATTEMPTS        3u
#define LARGE           20000u
#define SUPERVISOR_EACH 40u /* one kill in so many */
#define IN_VAIN_MAX     5u  /* kills with no result between; fewer than make a crash loop */
#define CHILDREN_MAX    8192u

struct counts {
	_Atomic uint32_t begun, over, taken;
	_Atomic uint32_t kills, supervisor_kills, job_kills;
	_Atomic uint8_t runs[];
};
static struct counts *counts;

struct work {
	uint32_t index, spin, size;
};

static unsigned long
setting(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text != NULL && *text != '\0' ? strtoul(text, NULL, 10) : otherwise;
}

/* xorshift: the same numbers for the same seed. */
static uint32_t
random_next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static uint32_t
pattern(uint32_t index, uint32_t at)
{
	return (index + 1) * 2654435761u + at * 40503u;
}

static int
work(struct forkpool_context *context, const void *args, size_t args_len)
{
	static uint32_t value[LARGE / 4];
	struct work w;

	if (args_len != sizeof w)
		return EINVAL;
	memcpy(&w, args, sizeof w);
	(void)atomic_fetch_add(&counts->runs[w.index], 1);
	for (volatile uint32_t i = 0; i < w.spin; i++)
		continue;
	for (uint32_t i = 0; i < w.size / 4; i++)
		value[i] = pattern(w.index, i);
	return forkpool_reply(context, value, w.size);
}

static struct work
work_of(uint32_t index)
{
	uint32_t state = (index + 1) * 2246822519u | 1;
	uint32_t kind = random_next(&state) % 100;

	/* Mostly short jobs, which share packets. */
	return (struct work){ .index = index,
		.spin = kind < 3 ? 100000 : random_next(&state) % 4000,
		.size = kind == 50 ? LARGE : 8 };
}

/* -------------------------------------------------------------------------------- the killer */

static size_t
children_of(pid_t pid, pid_t *children, size_t capacity)
{
	char path[64];
	size_t n = 0;
	int child;

	(void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
	FILE *list = fopen(path, "re");
	while (list != NULL && n < capacity && fscanf(list, "%d", &child) == 1)
		children[n++] = child;
	if (list != NULL)
		(void)fclose(list);
	return n;
}

/*
 * Signal that process if it still is a child of that parent, and not another one with the same pid.
 */
static int
child_kill(pid_t pid, pid_t parent, int signo)
{
	static pid_t children[CHILDREN_MAX];
	int handle = (int)syscall(SYS_pidfd_open, pid, 0), sent = 0;

	if (handle == -1)
		return 0;
	size_t n = children_of(parent, children, CHILDREN_MAX);
	for (size_t i = 0; i < n && !sent; i++)
		sent = children[i] == pid &&
		    syscall(SYS_pidfd_send_signal, handle, signo, NULL, 0) == 0;
	(void)close(handle);
	return sent;
}

static _Noreturn void
killer_main(pid_t caller, uint32_t seed)
{
	static const int signals[] = { SIGKILL, SIGKILL, SIGTERM, SIGSEGV, SIGABRT, SIGFPE };
	static pid_t children[CHILDREN_MAX], processes[CHILDREN_MAX];
	uint32_t taken = 0, in_vain = 0;

	support_await(&counts->begun, 1); /* not the process that tries the isolation out */
	while (!atomic_load(&counts->over)) {
		/*
		 * On a busy machine all workers would die before any result, and the pool would
		 * take that for a crash loop and give up.
		 */
		if (in_vain >= IN_VAIN_MAX && atomic_load(&counts->taken) == taken) {
			(void)nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
			continue;
		}
		in_vain = atomic_load(&counts->taken) == taken ? in_vain + 1 : 1;
		taken = atomic_load(&counts->taken);
		pid_t supervisor = 0;
		size_t n = children_of(caller, children, CHILDREN_MAX);
		for (size_t i = 0; i < n; i++)
			/*
			 * Zombies, and workers that outlive their supervisor, become the caller's
			 * children too.
			 */
			if (support_alive_as(children[i], "forkpool"))
				supervisor = children[i];
		n = supervisor != 0 ? children_of(supervisor, children, CHILDREN_MAX) : 0;
		pid_t worker = n > 0 ? children[random_next(&seed) % n] : 0;
		size_t jobs = 0;
		if (support_own_process() && worker != 0 && random_next(&seed) % 2 == 0)
			jobs = children_of(worker, processes, CHILDREN_MAX);
		int signo = signals[random_next(&seed) % (sizeof signals / sizeof signals[0])];
		if (n == 0) {
			/* There is no worker between two supervisors. */
		} else if (random_next(&seed) % SUPERVISOR_EACH == 0) {
			if (child_kill(supervisor, caller, SIGKILL))
				support_post(&counts->supervisor_kills);
		} else if (jobs > 0) {
			if (child_kill(processes[random_next(&seed) % jobs], worker, signo))
				support_post(&counts->job_kills);
		} else if (child_kill(worker, supervisor, signo)) {
			support_post(&counts->kills);
		}
		long pause_ns = 200000 + (long)(random_next(&seed) % 2000000);
		(void)nanosleep(&(struct timespec){ .tv_nsec = pause_ns }, NULL);
	}
	_exit(0);
}

/* ---------------------------------------------------------------------------------- the test */

static void
check(const struct forkpool_result *result, uint8_t *seen)
{
	uint32_t index = (uint32_t)result->seq - 1;
	struct work w = work_of(index);
	unsigned ran = atomic_load(&counts->runs[index]);
	unsigned most = index % 2 == 0 ? 1 : ATTEMPTS;

	ck_assert_msg(seen[index]++ == 0, "job %u: a second result", index);
	ck_assert_msg(ran <= result->attempts && result->attempts <= most,
	    "job %u: ran %u times, %u attempts of %u: %s", index, ran, result->attempts, most,
	    forkpool_outcome_name(result->outcome));
	if (result->outcome != FORKPOOL_OK) {
		ck_assert_msg((result->outcome == FORKPOOL_CRASHED ||
				  result->outcome == FORKPOOL_LOST) &&
			result->attempts == most,
		    "job %u: %s, signal %d, %u attempts: %s", index,
		    forkpool_outcome_name(result->outcome), result->signal, result->attempts,
		    result->message);
		return;
	}
	uint32_t right = 0;
	for (uint32_t word; ran >= 1 && result->value_len == w.size && right < w.size / 4;
	     right++) {
		memcpy(&word, (const char *)result->value + 4 * right, 4);
		if (word != pattern(index, right))
			break;
	}
	ck_assert_msg(right == w.size / 4, "job %u: ran %u times, wrong at word %u of %zu bytes",
	    index, ran, right, result->value_len);
}

static void
submit(struct forkpool *pool, uint32_t index)
{
	struct work w = work_of(index);
	struct forkpool_job job = { .fn = work, .args = &w, .args_len = sizeof w,
		.max_attempts = index % 2 == 0 ? 1 : ATTEMPTS };

	ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
}

START_TEST(each_job_one_result_while_processes_are_killed)
{
	struct forkpool_options options = support_options(WORKERS);
	uint32_t jobs = (uint32_t)setting("FORKPOOL_SOAK_JOBS", JOBS_DEFAULT), submitted = 0,
		 taken = 0;
	time_t until = time(NULL) + (time_t)setting("FORKPOOL_SOAK_SECONDS", SECONDS_DEFAULT);
	uint32_t seed = (uint32_t)setting("FORKPOOL_SOAK_SEED", 20261123);
	const struct forkpool_result *result;
	uint8_t *seen = calloc(jobs + 1000, 1);
	unsigned outcomes[16] = { 0 };
	int status;

	ck_assert_ptr_nonnull(seen);
	counts = support_shared(sizeof *counts + jobs + 1000);
	pid_t caller = getpid(), killer = fork();
	ck_assert_int_ne(killer, -1);
	if (killer == 0)
		killer_main(caller, seed | 1);
	options.queue_limit = 2000;
	struct forkpool *pool = support_open(&options);
	support_post(&counts->begun);
	while (taken < submitted || (submitted < jobs && time(NULL) < until)) {
		for (; submitted < jobs && submitted - taken < 2000; submitted++)
			submit(pool, submitted);
		for (int i = 0; i < 500 && taken < submitted; i++, taken++) {
			result = support_wait(pool);
			atomic_store(&counts->taken, taken + 1);
			outcomes[result->outcome]++;
			check(result, seen);
		}
		if (time(NULL) >= until)
			jobs = submitted;
	}
	atomic_store(&counts->over, 1);
	ck_assert_int_eq(waitpid(killer, &status, 0), killer);
	ck_assert_int_eq(status, 0);
	(void)fprintf(stderr,
	    "soak: %u jobs: %u ok, %u crashed, %u lost; %u jobs, %u workers and %u supervisors "
	    "killed\n",
	    taken, outcomes[FORKPOOL_OK], outcomes[FORKPOOL_CRASHED], outcomes[FORKPOOL_LOST],
	    atomic_load(&counts->job_kills), atomic_load(&counts->kills),
	    atomic_load(&counts->supervisor_kills));
	ck_assert(
	    !support_own_process() ||
		outcomes[FORKPOOL_CRASHED] <= atomic_load(&counts->job_kills));

	/* Now the pool works as any other, though effects of the last kills may come late. */
	for (uint32_t i = 0; i < 1000; i++)
		submit(pool, submitted + i);
	for (uint32_t i = 0; i < 1000; i++)
		check(support_wait(pool), seen);
	ck_assert_uint_eq(forkpool_pending(pool), 0);
	ck_assert_int_eq(forkpool_wait(pool, &result, 0), 0);
	ck_assert_int_eq(forkpool_close(pool), 0);
	free(seen);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("soak");
	/* Twice the time that it may take, as some machines are slow. */
	TCase *tc = support_case("soak",
	    60.0 + 2.0 * (double)setting("FORKPOOL_SOAK_SECONDS", SECONDS_DEFAULT));

	tcase_add_test(tc, each_job_one_result_while_processes_are_killed);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

#else

int
main(void)
{
	(void)puts("1..0 # SKIP no handles for processes here, so none can be killed safely");
	return 0;
}

#endif

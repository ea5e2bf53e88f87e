/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge - runs programs of strangers on test input, and prints a verdict on each.
 *
 *	judge [--level worker|job|sandbox] [--workers N] [SUBMISSIONS.so]
 *
 * A submission is a job function in the table of a shared object (default: ./submissions.so), as
 * submissions.h describes it.  The judge runs each submission on several arrays, one after the
 * other, and compares the replies with the answers, which it knows.  The first test that a
 * submission does not pass decides its verdict.
 *
 * The level of isolation keeps the judge safe:
 *	sandbox	(default) a submission can compute, reply and print, and nothing else
 *	job	a submission has its own process, with the rights of the judge
 *	worker	submissions share a process; those that this would not hold are left out
 *
 * No level helps while the object is loaded: dlopen() runs its constructors in the judge, before
 * there is a pool.  So the judge has to build the object itself, from functions alone.
 *
 * Exit status: 0 each submission has the verdict that its table expects; 1 a verdict differs, or an
 * error occurred; 2 this system cannot have the level.
 */
#define _GNU_SOURCE

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <dlfcn.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "submissions.h"

enum { EXIT_WRONG = 1, EXIT_NO_LEVEL = 2 };

/* What one run may use.  CPU_NS ends a run that computes for ever, WALL_NS one that waits. */
#define CPU_NS    INT64_C(300000000)
#define WALL_NS   INT64_C(3000000000)
#define MEMORY    (INT64_C(64) << 20)
#define STACK     (INT64_C(1) << 20)
#define OUTPUT    4096
#define PROCESSES 4

static const char *const level_names[] = { "worker", "job", "sandbox" };

static const char usage_text[] =
    "usage: judge [--level worker|job|sandbox] [--workers N] [SUBMISSIONS.so]\n"
    "Run the submissions of a shared object on known input and print a verdict on each.\n"
    "  --level LEVEL  how they are held (default: sandbox)\n"
    "  --workers N    so many at a time (default: one per processor)\n"
    "Exit status: 0 all verdicts are as the object expects, 1 one is not, 2 there is no such level "
    "here.\n";

/* ------------------------------------------------------------------------------------- tests */

enum task { SUM, SORT, TASKS };
static const char *const task_names[TASKS] = { "sum", "sort" };

/*
 * The tests.  Each is made from its answer: `count` numbers in order, each `step` more than the one
 * before, then shuffled.  A random number changes where they begin and how they are shuffled in
 * each run of the judge, since the submissions may know this source.
 */
static const struct { size_t count; int64_t first, step; } shapes[] = {
	{ 0, 0, 0 }, { 1, 42, 0 }, { 10, -5, 1 },
	{ 1000, 7, 0 }, { 1000, -3000, 7 }, { 100000, -1000000, 12345 },
};
#define TESTS (sizeof shapes / sizeof shapes[0])

struct test {
	int64_t *input, *sorted, sum;
	size_t   len;                 /* of input, and of sorted, in bytes */
};

static void
test_make(struct test *test, size_t n, int64_t first, int64_t step)
{
	uint64_t random;

	if (getentropy(&random, sizeof random) == -1)
		err(EXIT_WRONG, "random numbers");
	first += (int64_t)(random >> 54); /* less than 1024 */
	test->len = n * sizeof *test->input;
	test->input = malloc(test->len + 1);
	test->sorted = malloc(test->len + 1);
	if (test->input == NULL || test->sorted == NULL)
		err(EXIT_WRONG, "the tests");
	for (size_t i = 0; i < n; i++)
		test->sorted[i] = test->input[i] = first + (int64_t)i * step;
	for (size_t i = n; i > 1; i--) {
		random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		size_t other = (size_t)(random >> 33) % i;
		int64_t number = test->input[i - 1];
		test->input[i - 1] = test->input[other];
		test->input[other] = number;
	}
	test->sum = (int64_t)n * first + step * ((int64_t)n * ((int64_t)n - 1) / 2);
}

/* The judge compares the reply itself: it believes nothing that a submission says about itself. */
static int
answer_is_right(const struct test *test, enum task task, const void *value, size_t value_len)
{
	const void *answer = task == SUM ? (const void *)&test->sum : test->sorted;
	size_t len = task == SUM ? sizeof test->sum : test->len;

	return value_len == len && memcmp(value, answer, len) == 0;
}

/* ---------------------------------------------------------------------------------- the judge */

struct entry {
	const struct submission *submission;
	enum task task;
	unsigned  passed, runs;
	int64_t   wall, cpu, memory;  /* the maximum of all runs; -1: not known */
	char      verdict[80];
	const char *left_out;         /* why the judge did not run it; NULL: it did */
};

struct judge {
	enum forkpool_isolation level;
	unsigned         workers;
	struct test      tests[TESTS];
	struct entry    *entries;
	size_t           count;
	int              listener;
	char             secret[128]; /* the first line of a file that the thief reads */
	unsigned         stolen;      /* the replies with that line in them */
	struct forkpool *pool;
	int              processes_limited;
};

static const char *
signal_text(int number)
{
	static const struct { int number; const char *name; } names[] = {
		{ SIGSEGV, "SIGSEGV" }, { SIGABRT, "SIGABRT" }, { SIGFPE, "SIGFPE" },
		{ SIGBUS, "SIGBUS" }, { SIGILL, "SIGILL" }, { SIGKILL, "SIGKILL" },
		{ SIGTERM, "SIGTERM" }, { SIGSYS, "SIGSYS" },
	};
	static char other[32];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (names[i].number == number)
			return names[i].name;
	(void)snprintf(other, sizeof other, "signal %d", number);
	return other;
}

static const char *
answer_verdict(const struct judge *j, const struct entry *e, const struct forkpool_result *r)
{
	if (r->output_len > OUTPUT) /* the pool keeps one byte more than is allowed, to show this */
		return "output limit";
	if (answer_is_right(&j->tests[e->passed], e->task, r->value, r->value_len))
		return "accepted";
	return "wrong answer";
}

/* Writes the verdict on one run to text.  Returns 1 if the submission passed the test, else 0. */
static int
verdict_find(const struct judge *j, const struct entry *e, const struct forkpool_result *r,
    char *text, size_t size)
{
	const char *what = "judge error", *detail = ""; /* its process was not made, or is lost */

	switch (r->outcome) {
	case FORKPOOL_OK:         what = answer_verdict(j, e, r); break;
	case FORKPOOL_FAILED:     what = "runtime error", detail = strerror(r->error); break;
	case FORKPOOL_CRASHED:    what = "runtime error", detail = signal_text(r->signal); break;
	case FORKPOOL_TIMED_OUT:  what = "time limit", detail = "wall"; break;
	case FORKPOOL_DENIED:     what = r->message; break; /* "denied: " and the system call */
	case FORKPOOL_EXITED:
		(void)snprintf(text, size, "no answer: exit %d", r->exit_code);
		return 0;
	case FORKPOOL_OVER_LIMIT:
		if (r->limit == FORKPOOL_LIMIT_CPU) {
			what = "time limit", detail = "cpu";
			break;
		}
		(void)snprintf(text, size, "%s limit", forkpool_limit_name(r->limit));
		return 0;
	default:                  detail = r->message; break;
	}
	(void)snprintf(text, size, "%s%s%s", what, *detail != '\0' ? ": " : "", detail);
	return strcmp(text, "accepted") == 0;
}

static void
next_test(struct judge *j, struct entry *e)
{
	const struct test *test = &j->tests[e->passed];
	struct forkpool_job job = {
		.fn = e->submission->fn,
		.args = test->input,
		.args_len = test->len,
		.id = e->submission->name,
		.user = e,
	};

	/* The queue has room: a submission has one job at a time. */
	if (forkpool_submit(j->pool, &job, NULL) != 1)
		err(EXIT_WRONG, "forkpool_submit");
}

static int
has_secret(const struct judge *j, const void *text, size_t len)
{
	size_t secret_len = strlen(j->secret);

	return secret_len > 0 && text != NULL && memmem(text, len, j->secret, secret_len) != NULL;
}

static void
result_take(struct judge *j, const struct forkpool_result *r)
{
	struct entry *e = r->user;

	e->runs++;
	e->wall = r->run_ns > e->wall ? r->run_ns : e->wall;
	e->cpu = r->cpu_ns > e->cpu ? r->cpu_ns : e->cpu;
	e->memory = r->max_rss > e->memory ? r->max_rss : e->memory;
	if (has_secret(j, r->value, r->value_len) || has_secret(j, r->output, r->output_len))
		j->stolen++;
	if (!verdict_find(j, e, r, e->verdict, sizeof e->verdict))
		return;
	/* A submission runs on the next test only if it passed this one. */
	if (++e->passed < TESTS)
		next_test(j, e);
}

static void
judge_all(struct judge *j)
{
	const struct forkpool_result *result;
	int got;

	for (size_t i = 0; i < j->count; i++) {
		struct entry *e = &j->entries[i];
		if (e->submission->expected[j->level] == NULL)
			e->left_out = "this level would not hold it";
		else if (e->submission->forks && j->level == FORKPOOL_ISOLATE_JOB &&
		    !j->processes_limited)
			e->left_out = "the number of processes cannot be limited here";
		else
			next_test(j, e);
	}
	while ((got = forkpool_wait(j->pool, &result, -1)) == 1)
		result_take(j, result);
	if (got == -1)
		err(EXIT_WRONG, "forkpool_wait");
}

/* ---------------------------------------------------------------------------------- the report */

/* The number of connections made to the judge's port.  The kernel makes them without the judge,
   which accepts them here, when all jobs have ended. */
static unsigned
connections_count(const struct judge *j)
{
	unsigned n = 0;
	int fd;

	while ((fd = accept4(j->listener, NULL, NULL, SOCK_NONBLOCK)) != -1) {
		(void)close(fd);
		n++;
	}
	return n;
}

/* Prints the table.  Returns 1 if all is as expected, else 0. */
static int
table_print(const struct judge *j)
{
	int right = 1;

	(void)printf("%-13s %-5s %5s  %-35s %9s %9s %9s\n", "submission", "task", "tests",
	    "verdict", "wall", "cpu", "memory");
	for (size_t i = 0; i < j->count; i++) {
		const struct entry *e = &j->entries[i];
		const char *expected = e->submission->expected[j->level];

		(void)printf("%-13s %-5s ", e->submission->name, task_names[e->task]);
		if (e->left_out != NULL) {
			(void)printf("%5s  not run: %s\n", "-", e->left_out);
			continue;
		}
		(void)printf("%3u/%zu  %-35s %6.1f ms", e->passed, TESTS, e->verdict,
		    (double)e->wall / 1e6);
		if (e->cpu == -1) /* not known: at level worker the jobs share a process */
			(void)printf(" %9s %9s", "-", "-");
		else
			(void)printf(" %6.1f ms %6.1f MB", (double)e->cpu / 1e6,
			    (double)e->memory / 1e6);
		int met = strncmp(e->verdict, expected, strlen(expected)) == 0;
		(void)printf(met ? "\n" : "  EXPECTED %s\n", expected);
		right &= met;
	}

	unsigned calls = connections_count(j);
	(void)printf("calls to the judge's port: %u; replies with a line of /etc/passwd: %u\n",
	    calls, j->stolen);
	return right && (j->level != FORKPOOL_ISOLATE_SANDBOX || (calls == 0 && j->stolen == 0));
}

/* ---------------------------------------------------------------------------------- beforehand */

/* Loads the table of the object.  The pool is opened after this, since a worker has only the code
   that the judge had loaded when it opened the pool. */
static void
submissions_load(struct judge *j, const char *path)
{
	const struct submission *table = NULL;
	char here[4096];

	/* dlopen() searches the system's directories for a name without a slash. */
	(void)snprintf(here, sizeof here, "%s%s", strchr(path, '/') == NULL ? "./" : "", path);
	/* RTLD_NOW: an object that calls an unknown function fails here, and not in a job. */
	void *object = dlopen(here, RTLD_NOW | RTLD_LOCAL);
	if (object != NULL)
		table = dlsym(object, "submissions");
	if (table == NULL)
		errx(EXIT_WRONG, "%s", dlerror());
	while (table[j->count].name != NULL)
		j->count++;
	j->entries = calloc(j->count + 1, sizeof *j->entries);
	if (j->entries == NULL)
		err(EXIT_WRONG, "%s", path);
	for (size_t i = 0; i < j->count; i++) {
		struct entry *e = &j->entries[i];
		e->submission = &table[i];
		e->cpu = e->memory = -1;
		while (e->task < TASKS &&
		    (table[i].task == NULL || strcmp(table[i].task, task_names[e->task]) != 0))
			e->task++;
		if (e->task == TASKS || table[i].fn == NULL)
			errx(EXIT_WRONG, "%s: submission %s: no such task, or no function", path,
			    table[i].name);
	}
}

/* Listens at a port for submissions that try to connect.  JUDGE_PORT tells them its number. */
static int
listen_locally(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	char port[16];

	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1 || bind(fd, (struct sockaddr *)&at, len) == -1 || listen(fd, 64) == -1 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) == -1)
		err(EXIT_WRONG, "a port to listen at");
	(void)snprintf(port, sizeof port, "%u", (unsigned)ntohs(at.sin_port));
	if (setenv("JUDGE_PORT", port, 1) == -1)
		err(EXIT_WRONG, "setenv");
	return fd;
}

static void
secret_read(struct judge *j)
{
	FILE *file = fopen("/etc/passwd", "r");

	if (file == NULL || fgets(j->secret, sizeof j->secret, file) == NULL)
		j->secret[0] = '\0';
	j->secret[strcspn(j->secret, "\n")] = '\0';
	if (file != NULL)
		(void)fclose(file);
}

static void
pool_open(struct judge *j)
{
	static const char *const environment[] = { "JUDGE_PORT", NULL }; /* and nothing else */
	struct forkpool_options options = {
		.workers = j->workers,
		.isolation = j->level,
		.timeout_ns = WALL_NS,
		.queue_limit = j->count + 1,
		.output = FORKPOOL_OUTPUT_CAPTURE,
		.limits = { .memory = MEMORY, .stack = STACK, .output = OUTPUT + 1 },
	};
	char error[256];

	/* At level worker many jobs share a process, so the system cannot count the time of one. */
	if (j->level != FORKPOOL_ISOLATE_WORKER) {
		options.limits.cpu_ns = CPU_NS;
		options.environment = environment;
	}
	/* At level sandbox a job cannot make a process at all. */
	if (j->level == FORKPOOL_ISOLATE_JOB)
		options.limits.processes = PROCESSES;
	j->pool = forkpool_open(&options, error, sizeof error);
	j->processes_limited = j->pool != NULL && options.limits.processes > 0;
	/* The system may not be able to limit the number of processes; the pool does not open
	   then.  Open one without that limit, and leave out the submissions that need it. */
	if (j->pool == NULL && options.limits.processes > 0) {
		warnx("no limit on processes: %s", error);
		options.limits.processes = 0;
		j->pool = forkpool_open(&options, error, sizeof error);
	}
	if (j->pool == NULL)
		errx(errno == ENOTSUP ? EXIT_NO_LEVEL : EXIT_WRONG, "no pool: %s", error);
}

static _Noreturn void
usage(FILE *to, int status)
{
	(void)fputs(usage_text, to);
	exit(status);
}

static unsigned
number(const char *option, const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || *end != '\0' || n < 1 || n > 4096)
		errx(EXIT_WRONG, "%s %s: a number from 1 to 4096, please", option, text);
	return (unsigned)n;
}

static enum forkpool_isolation
level_find(const char *name)
{
	for (unsigned i = 0; i < sizeof level_names / sizeof level_names[0]; i++)
		if (strcmp(level_names[i], name) == 0)
			return (enum forkpool_isolation)i;
	errx(EXIT_WRONG, "--level %s: worker, job or sandbox, please", name);
}

int
main(int argc, char **argv)
{
	static const struct option names[] = {
		{ "level", required_argument, NULL, 'l' },
		{ "workers", required_argument, NULL, 'w' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct judge j = { .level = FORKPOOL_ISOLATE_SANDBOX };
	struct timespec start, end;
	unsigned runs = 0;
	int c;

	while ((c = getopt_long(argc, argv, "l:w:h", names, NULL)) != -1) {
		switch (c) {
		case 'l': j.level = level_find(optarg); break;
		case 'w': j.workers = number("--workers", optarg); break;
		case 'h': usage(stdout, 0);
		default:  usage(stderr, EXIT_WRONG);
		}
	}
	if (argc - optind > 1)
		usage(stderr, EXIT_WRONG);
	submissions_load(&j, optind < argc ? argv[optind] : "submissions.so");
	j.listener = listen_locally();
	/* A job can read all memory that the judge has when it opens the pool, so make the tests
	   and read the secret after that.  (If somebody outside kills the pool's supervisor, the
	   pool forks another one, whose jobs have the memory of that moment.) */
	pool_open(&j);
	for (size_t i = 0; i < TESTS; i++)
		test_make(&j.tests[i], shapes[i].count, shapes[i].first, shapes[i].step);
	secret_read(&j);

	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	judge_all(&j);
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	int right = table_print(&j);
	for (size_t i = 0; i < j.count; i++)
		runs += j.entries[i].runs;
	(void)printf("level %s: %zu submissions, %u runs in %.1f s; verdicts as expected: %s\n",
	    level_names[j.level], j.count, runs,
	    (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9,
	    right ? "yes" : "no");

	for (size_t i = 0; i < TESTS; i++) {
		free(j.tests[i].input);
		free(j.tests[i].sorted);
	}
	free(j.entries);
	(void)close(j.listener);
	if (forkpool_close(j.pool) == -1 || fflush(stdout) == EOF)
		err(EXIT_WRONG, "at the end");
	return right ? 0 : EXIT_WRONG;
}

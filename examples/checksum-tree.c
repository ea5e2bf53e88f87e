/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checksum-tree - the SHA-256 of every regular file below a directory, computed by forkpool.
 *
 *	checksum-tree [-j N] [--hostile PERCENT] [--seed N] [--timeout SECONDS] DIR
 *
 * It writes to standard output what sha256sum(1) writes for the same paths, in the order of the
 * walk (by name within a directory; it does not follow symbolic links).  It writes to standard
 * error a progress line, if that is a terminal, and at the end a table of the outcomes.
 *
 * --hostile takes that share of the files, chosen by the seed, and does not hash them: their jobs
 * write to a bad address, abort, exit, loop past their timeout or kill their own process.  The
 * table then has a line for each kind: how many jobs were planned, and how many were reported as
 * that kind.
 *
 * Exit status: 0 each file has its line, except those that --hostile chose; 1 a file or directory
 * could not be read, or a job failed in another way; 2 the reported jobs are not the planned ones;
 * 3 wrong usage, no pool, or standard output could not be written.
 */
#define _GNU_SOURCE

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <getopt.h>
#include <inttypes.h>
#include <libutil.h>
#include <sha2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <forkpool.h>

#define OUTCOMES (FORKPOOL_LOST + 1)
#define SECOND   INT64_C(1000000000)

enum { EXIT_SOME = 1, EXIT_UNACCOUNTED = 2, EXIT_TROUBLE = 3 };

static const char usage_text[] =
    "usage: checksum-tree [-j N] [--hostile PERCENT] [--seed N] [--timeout SECONDS] DIR\n"
    "Print the SHA-256 of every regular file below DIR as sha256sum does.\n"
    "  -j N               so many worker processes (default: one per processor)\n"
    "  --hostile PERCENT  let that share of the jobs crash, abort, exit, hang or be killed\n"
    "  --seed N           which ones (default: 1)\n"
    "  --timeout SECONDS  for one file (default: none)\n"
    "Exit status: 0 all sums printed, 1 a file could not be read, 2 a job is not accounted for,\n"
    "3 wrong usage or no pool.\n";

/* ------------------------------------------------------------------------------ in a worker */

static int
hash_file(struct forkpool_context *context, const void *args, size_t args_len)
{
	static unsigned char buffer[128 * 1024]; /* a worker runs one job at a time */
	uint8_t digest[SHA256_DIGEST_LENGTH];
	const char *path = args;
	SHA2_CTX sha;
	struct stat st;
	ssize_t n;

	if (args_len == 0 || path[args_len - 1] != '\0')
		return EINVAL;
	/* O_NONBLOCK: open() does not wait, should the file have become a fifo since the walk. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd == -1)
		return errno;
	int error = fstat(fd, &st) == -1 ? errno : 0;
	if (error == 0 && !S_ISREG(st.st_mode))
		error = forkpool_fail(context, EINVAL, "Not a regular file any more");
	SHA256Init(&sha);
	while (error == 0 && (n = read(fd, buffer, sizeof buffer)) != 0) {
		if (n > 0)
			SHA256Update(&sha, buffer, (size_t)n);
		else if (errno != EINTR)
			error = errno;
	}
	(void)close(fd);
	if (error != 0)
		return error;
	SHA256Final(digest, &sha);
	return forkpool_reply(context, digest, sizeof digest);
}

/* What a job does: it hashes a file, or misbehaves in one of five ways. */
enum kind { HASH, CRASH, ABORT, EXIT, LOOP, KILL, KINDS };

static int
misbehave(struct forkpool_context *context, const void *args, size_t args_len)
{
	/* No page has this address.  Volatile, so that the compiler
	   keeps the write and the loop. */
	static volatile uintptr_t nowhere = 8;
	enum kind kind;

	(void)context;
	if (args_len != sizeof kind)
		return EINVAL;
	memcpy(&kind, args, sizeof kind);
	if (kind == CRASH) {
		(void)signal(SIGSEGV, SIG_DFL); /* the handler of a sanitizer would exit instead */
		*(volatile int *)nowhere = 1;
	}
	if (kind == ABORT)
		abort();
	if (kind == EXIT)
		exit(7);
	while (kind == LOOP && nowhere != 0)
		continue;
	return kill(getpid(), SIGKILL) == 0 ? 0 : errno;
}

/* ----------------------------------------------------------------------------- in the parent */

/* The outcome that each kind has to have. */
static const struct {
	const char *name;
	enum forkpool_outcome outcome;
	int         signal, exit_code;   /* 0 and -1: not compared */
} kinds[KINDS] = {
	[HASH]  = { "hash",  FORKPOOL_OK,        0,       -1 },
	[CRASH] = { "crash", FORKPOOL_CRASHED,   SIGSEGV, -1 },
	[ABORT] = { "abort", FORKPOOL_CRASHED,   SIGABRT, -1 },
	[EXIT]  = { "exit",  FORKPOOL_EXITED,    0,        7 },
	[LOOP]  = { "loop",  FORKPOOL_TIMED_OUT, 0,       -1 },
	[KILL]  = { "kill",  FORKPOOL_CRASHED,   SIGKILL, -1 },
};

/* A file whose job is in the pool; there are at most queue_limit of them. */
struct file {
	TAILQ_ENTRY(file) link;
	enum kind kind;
	int64_t   size;
	char      path[];
};

struct tree {
	FTS     *walk;
	TAILQ_HEAD(, file) pending;
	uint64_t hostile, seed;            /* hostile: per cent of the files */
	int64_t  started, drawn;           /* drawn: when the progress line was drawn last */
	int      show, shown;              /* draw the progress line; it is on the screen */
	int      unread, bad;              /* a file could not be read; output not written */
	int64_t  bytes;
	uint64_t found, done, failed;
	uint64_t planned[KINDS], reported[KINDS], outcome[OUTCOMES];
};

static int64_t
now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

static void
progress_erase(struct tree *t)
{
	if (t->shown)
		(void)fputs("\r\033[K", stderr);
	t->shown = 0;
}

static void
progress_draw(struct tree *t)
{
	int64_t now = now_ns();

	if (!t->show || now - t->drawn < SECOND / 10)
		return;
	t->drawn = now;
	t->shown = 1;
	(void)fprintf(stderr, "\r\033[K%.0f files/s, %" PRIu64 " done, %" PRIu64 " failed",
	    (double)t->done * 1e9 / (double)(now - t->started + 1), t->done, t->failed);
	(void)fflush(stderr);
}

/* Writes one line, also if the name has control characters in it. */
static void
complain(struct tree *t, const char *path, const char *what)
{
	progress_erase(t);
	(void)fprintf(stderr, "%s: ", getprogname());
	for (; *path != '\0'; path++)
		(void)fputc(iscntrl((unsigned char)*path) ? '?' : *path, stderr);
	(void)fprintf(stderr, ": %s\n", what);
	t->unread = 1;
}

/* As sha256sum does: if the name has a backslash, newline or carriage return in it, the name is
   escaped and the line begins with a backslash. */
static void
sum_print(struct tree *t, const char *path, const unsigned char *digest)
{
	int escape = strpbrk(path, "\\\n\r") != NULL;

	if (t->shown && isatty(STDOUT_FILENO))
		progress_erase(t);
	if (escape)
		(void)putchar('\\');
	for (size_t i = 0; i < SHA256_DIGEST_LENGTH; i++)
		(void)printf("%02x", digest[i]);
	(void)fputs("  ", stdout);
	for (const char *p = path; *p != '\0'; p++) {
		if (strchr("\\\n\r", *p) != NULL)
			(void)putchar('\\');
		(void)putchar(*p == '\n' ? 'n' : *p == '\r' ? 'r' : *p);
	}
	(void)putchar('\n');
}

/* The kind of the n-th job: splitmix64 of seed and number, so that a run can be repeated. */
static enum kind
kind_choose(const struct tree *t, uint64_t n)
{
	uint64_t z = (t->seed << 32) + n * UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	return z % 100 < t->hostile ? (enum kind)(CRASH + z / 100 % (KINDS - CRASH)) : HASH;
}

static int
by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* The generator: walks to the next regular file and makes a job of it. */
static int
next_file(struct forkpool_job *job, void *arg)
{
	struct tree *t = arg;
	FTSENT *entry;

	while (errno = 0, (entry = fts_read(t->walk)) != NULL) {
		if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR ||
		    entry->fts_info == FTS_NS)
			complain(t, entry->fts_path, strerror(entry->fts_errno));
		if (entry->fts_info != FTS_F)
			continue;
		size_t size = strlen(entry->fts_path) + 1;
		struct file *file = malloc(sizeof *file + size);
		if (file == NULL)
			return -1;
		file->kind = kind_choose(t, t->found++);
		file->size = entry->fts_statp->st_size;
		memcpy(file->path, entry->fts_path, size);
		TAILQ_INSERT_TAIL(&t->pending, file, link);
		t->planned[file->kind]++;
		job->user = file;
		job->fn = file->kind == HASH ? hash_file : misbehave;
		job->args = file->kind == HASH ? (const void *)file->path : &file->kind;
		job->args_len = file->kind == HASH ? size : sizeof file->kind;
		if (file->kind != HASH)
			job->timeout_ns = file->kind == LOOP ? SECOND / 20 : -1; /* -1: none */
		return 1;
	}
	return errno == 0 ? 0 : -1;
}

/* The consumer: prints the checksum, or why there is none. */
static int
file_done(const struct forkpool_result *result, void *arg)
{
	struct tree *t = arg;
	struct file *file = result->user;
	enum kind kind = file->kind;
	int as_planned = result->outcome == kinds[kind].outcome &&
	    (kinds[kind].signal == 0 || result->signal == kinds[kind].signal) &&
	    (kinds[kind].exit_code == -1 || result->exit_code == kinds[kind].exit_code);

	t->done++;
	t->outcome[result->outcome]++;
	if (kind != HASH) {
		t->reported[kind] += (uint64_t)as_planned;
	} else if (as_planned && result->value_len == SHA256_DIGEST_LENGTH) {
		t->reported[HASH]++;
		t->bytes += file->size;
		sum_print(t, file->path, result->value);
	} else {
		/* A file that cannot be read, or not in time, was reported rightly too. */
		t->reported[HASH] +=
		    result->outcome == FORKPOOL_FAILED || result->outcome == FORKPOOL_TIMED_OUT;
		t->failed++;
		complain(t, file->path, result->message);
	}
	TAILQ_REMOVE(&t->pending, file, link);
	free(file);
	progress_draw(t);
	return t->bad = ferror(stdout) != 0;
}

static void
size_text(char *text, size_t size, double bytes)
{
	(void)humanize_number(text, size, (int64_t)bytes, "B", HN_AUTOSCALE,
	    HN_DECIMAL | HN_DIVISOR_1000);
}

/* Prints the table of outcomes.  Returns 1 if each planned job was reported as planned, else 0. */
static int
table_print(const struct tree *t, const struct forkpool *pool)
{
	double seconds = (double)(now_ns() - t->started + 1) / 1e9;
	struct forkpool_stats stats = { 0 };
	char total[8], rate[8];
	int accounted = t->done == t->found;

	(void)forkpool_get_stats(pool, &stats);
	size_text(total, sizeof total, (double)t->bytes);
	size_text(rate, sizeof rate, (double)t->bytes / seconds);
	(void)fprintf(stderr, "%" PRIu64 " files, %s hashed in %.2f s: %.0f files/s, %s/s\n",
	    t->found, total, seconds, (double)t->done / seconds, rate);
	(void)fprintf(stderr, "%-14s %9s\n", "outcome", "jobs");
	for (unsigned i = 0; i < OUTCOMES; i++)
		if (i == FORKPOOL_OK || t->outcome[i] > 0)
			(void)fprintf(stderr, "%-14s %9" PRIu64 "\n",
			    forkpool_outcome_name((enum forkpool_outcome)i), t->outcome[i]);
	(void)fprintf(stderr, "%-14s %9" PRIu64 " of %" PRIu64 " started\n", "workers died",
	    stats.workers_died, stats.workers_started);
	if (t->hostile > 0)
		(void)fprintf(stderr, "%-14s %9s %9s\n", "kind", "planned", "reported");
	for (unsigned i = 0; i < KINDS; i++) {
		accounted &= t->planned[i] == t->reported[i];
		if (t->hostile > 0)
			(void)fprintf(stderr, "%-14s %9" PRIu64 " %9" PRIu64 "\n",
			    kinds[i].name, t->planned[i], t->reported[i]);
	}
	(void)fprintf(stderr, "accounted for: %s\n", accounted ? "yes" : "no");
	return accounted;
}

static _Noreturn void
usage(FILE *to, int status)
{
	(void)fputs(usage_text, to);
	exit(status);
}

static uint64_t
number(const char *option, const char *text, int64_t min, int64_t max)
{
	const char *problem;
	int64_t n = strtonum(text, min, max, &problem);

	if (problem != NULL)
		errx(EXIT_TROUBLE, "%s %s: the number is %s", option, text, problem);
	return (uint64_t)n;
}

static int64_t
duration(const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end != '\0' || !(seconds >= 1e-9 && seconds <= 1e9))
		errx(EXIT_TROUBLE, "--timeout %s: not a number of seconds", text);
	return (int64_t)(seconds * 1e9);
}

static struct forkpool *
tree_open(struct tree *t, int argc, char **argv)
{
	static const struct option names[] = {
		{ "hostile", required_argument, NULL, 'H' },
		{ "seed", required_argument, NULL, 's' },
		{ "timeout", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct forkpool_options options = { .ordered = 1 };
	char error[256];
	int c;

	while ((c = getopt_long(argc, argv, "j:h", names, NULL)) != -1) {
		switch (c) {
		case 'j': options.workers = (unsigned)number("-j", optarg, 1, 4096); break;
		case 'H': t->hostile = number("--hostile", optarg, 0, 100); break;
		case 's': t->seed = number("--seed", optarg, 0, INT32_MAX); break;
		case 't': options.timeout_ns = duration(optarg); break;
		case 'h': usage(stdout, 0);
		default:  usage(stderr, EXIT_TROUBLE);
		}
	}
	if (argc - optind != 1)
		usage(stderr, EXIT_TROUBLE);
	char *roots[] = { argv[optind], NULL };
	t->walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	if (t->walk == NULL)
		err(EXIT_TROUBLE, "%s", argv[optind]);
	struct forkpool *pool = forkpool_open(&options, error, sizeof error);
	if (pool == NULL)
		errx(EXIT_TROUBLE, "no pool: %s", error);
	return pool;
}

int
main(int argc, char **argv)
{
	struct tree t = { .pending = TAILQ_HEAD_INITIALIZER(t.pending), .seed = 1 };
	struct forkpool *pool = tree_open(&t, argc, argv);
	struct file *file;

	t.started = now_ns();
	t.show = isatty(STDERR_FILENO);
	int ended = forkpool_run(pool, next_file, &t, file_done, &t);
	int problem = errno;
	if (fflush(stdout) == EOF)
		t.bad = 1;
	progress_erase(&t);
	if (ended == -1)
		warnx("stopped early: %s", strerror(problem));
	if (t.bad)
		warnx("standard output could not be written");
	int accounted = table_print(&t, pool);
	/* If the run stopped early, free the files of the jobs whose results were dropped. */
	while ((file = TAILQ_FIRST(&t.pending)) != NULL) {
		TAILQ_REMOVE(&t.pending, file, link);
		free(file);
	}
	(void)fts_close(t.walk);
	if (forkpool_close(pool) == -1 || ended != 0 || t.bad)
		return EXIT_TROUBLE;
	if (!accounted)
		return EXIT_UNACCOUNTED;
	return t.unread ? EXIT_SOME : 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * contest - compiles and runs programs of strangers, and prints a verdict on each.
 *
 *	contest [--workers N] [--cgroup DIRECTORY] [DIRECTORY]
 *
 * DIRECTORY (default: .) holds the contest:
 *	submissions/list	a line for each submission: its file, its task, the verdict that it
 *				is to have (may be absent); lines that begin with # are comments
 *	submissions/FILE	its source: C (.c), C++ (.cc) or Python (.py)
 *	tasks/TASK/N.in, N.out	the N-th test of a task: input, and the output that is right
 *
 * A submission goes through two phases, each in a sandbox of its own, in which a compiler is no
 * more trusted than what it makes.
 *	compile	may read the system's programs, and write to the submission's box, a directory with
 *		its source and nothing else
 *	run	may read the system's programs and the box; standard input is the test's input,
 *		standard output is kept, standard error is not
 * Both have a root directory of their own, with a small /tmp that is empty at first and gone
 * afterwards.  Neither sees another submission, a file of the contest or a file of /etc.  The
 * answers stay with this program, which compares.  The first test that a submission does not pass
 * is its verdict.
 *
 * Processes are limited in number, and each in memory; all of them together only by a cgroup, which
 * --cgroup names.
 *
 * Exit status: 0 each submission has the verdict that the list expects; 1 a verdict differs, or an
 * error occurred; 2 this system cannot have such a sandbox.
 */
#define _GNU_SOURCE

#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contest.h"

static const char usage_text[] =
    "usage: contest [--workers N] [--cgroup DIRECTORY] [DIRECTORY]\n"
    "Compile and run the submissions of DIRECTORY/submissions/list in sandboxes, and print a "
    "verdict on each.\n"
    "  --workers N         so many submissions at a time (default: one per processor)\n"
    "  --cgroup DIRECTORY  a cgroup in which groups may be made: bounds the memory of "
    "all\n                      processes together\n"
    "Exit status: 0 all verdicts are as the list expects, 1 one is not, 2 there is no such sandbox "
    "here.\n";

/* The commands run in the box.  A "program" of Python's is its source; compiling checks it. */
struct language languages[] = {
	{ ".c", "C", "main.c", {
	    { "cc", "-std=c11", "-O2", "-o", "program", "main.c", "-lm" }, { "./program" } }, "" },
	{ ".cc", "C++", "main.cc", {
	    { "c++", "-std=c++17", "-O2", "-o", "program", "main.cc" }, { "./program" } }, "" },
	{ ".py", "Python", "main.py", {
	    { "python3", "-I", "-c", "compile(open('main.py', 'rb').read(), 'main.py', 'exec')" },
	    { "python3", "-I", "main.py" } }, "" },
	{ 0 },
};
void
path_make(char *path, size_t size, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	int len = vsnprintf(path, size, format, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= size)
		errx(EXIT_WRONG, "%s...: too long a path", path);
}

/* All of a file, with a NUL behind it. */
char *
file_read(const char *path, size_t *len)
{
	FILE *file = fopen(path, "r");
	size_t room = 1 << 20;
	char *text = malloc(room);

	if (file == NULL || text == NULL)
		err(EXIT_WRONG, "%s", path);
	*len = fread(text, 1, room - 1, file);
	if (ferror(file) || fgetc(file) != EOF)
		errx(EXIT_WRONG, "%s: unreadable, or a megabyte or more", path);
	text[*len] = '\0';
	(void)fclose(file);
	return text;
}

/* ------------------------------------------------------------------------------------ the loop */

/* Begins submissions while fewer than `workers` are under way.  Returns how many are. */
static unsigned
entries_begin(struct contest *c)
{
	unsigned under_way = 0;

	for (size_t i = 0; i < c->next; i++)
		under_way += c->entries[i].pool != NULL;
	for (; under_way < c->workers && c->next < c->count; c->next++) {
		struct entry *e = &c->entries[c->next];
		if (languages[e->language].program[0] == '\0')
			continue;
		submission_begin(c, e);
		under_way++;
	}
	return under_way;
}

/* Waits for any of the pools, and takes the results that are there. */
static void
results_wait(struct contest *c)
{
	struct pollfd fds[WORKERS_MAX * 4];
	size_t first[WORKERS_MAX + 1] = { 0 }, pools = 0;
	struct entry *polled[WORKERS_MAX];
	const struct forkpool_result *result;
	int timeout = -1;

	for (size_t i = 0; i < c->next; i++) {
		struct entry *e = &c->entries[i];
		if (e->pool == NULL)
			continue;
		int wanted = forkpool_timeout(e->pool);
		if (wanted != -1 && (timeout == -1 || wanted < timeout))
			timeout = wanted;
		first[pools + 1] = first[pools] + forkpool_pollfds(e->pool, fds + first[pools], 4);
		polled[pools++] = e;
	}
	if (poll(fds, (nfds_t)first[pools], timeout) == -1 && errno != EINTR)
		err(EXIT_WRONG, "poll");
	for (size_t k = 0; k < pools; k++) {
		struct entry *e = polled[k];
		int got = forkpool_dispatch(e->pool, fds + first[k], first[k + 1] - first[k]);
		if (got == 1)
			got = forkpool_next(e->pool, &result);
		if (got == -1)
			err(EXIT_WRONG, "taking a result");
		if (got == 1)
			result_take(c, e, result);
	}
}

/* --------------------------------------------------------------------------------- the contest */

/* Where the program is that a language's first phase runs. */
static void
language_find(struct language *language)
{
	char path[] = PROGRAM_PATH, *rest = path, *folder;

	while ((folder = strsep(&rest, ":")) != NULL) {
		path_make(language->program, sizeof language->program, "%s/%s", folder,
		    language->command[COMPILE][0]);
		if (access(language->program, X_OK) == 0)
			return;
	}
	language->program[0] = '\0';
	(void)printf("no %s here: submissions in %s are not judged\n",
	    language->command[COMPILE][0], language->name);
}

static unsigned
language_of(const char *file)
{
	const char *suffix = strrchr(file, '.');
	unsigned i = 0;

	while (languages[i].suffix != NULL &&
	    (suffix == NULL || strcmp(suffix, languages[i].suffix) != 0))
		i++;
	if (languages[i].suffix == NULL)
		errx(EXIT_WRONG, "%s: neither .c nor .cc nor .py", file);
	return i;
}

static void
list_read(struct contest *c)
{
	char path[PATH_MAX], *line, *rest;
	size_t len, room = 1;

	path_make(path, sizeof path, "%s/submissions/list", c->directory);
	char *text = rest = file_read(path, &len);
	for (size_t i = 0; i < len; i++)
		room += text[i] == '\n';
	c->entries = calloc(room, sizeof *c->entries);
	if (c->entries == NULL)
		err(EXIT_WRONG, "%s", path);
	while ((line = strsep(&rest, "\n")) != NULL) {
		struct entry *e = &c->entries[c->count];
		if (line[0] == '#' || line[0] == '\0')
			continue;
		if (sscanf(line, "%63s %63s %63[^\n]", e->file, e->task, e->expected) < 2 ||
		    strchr(e->file, '/') != NULL || strchr(e->task, '/') != NULL)
			errx(EXIT_WRONG, "%s: not a file and a task: %s", path, line);
		e->language = language_of(e->file);
		e->wall = e->cpu = e->memory = -1;
		e->number = c->count++;
	}
	free(text);
}

/* Prints the table.  Returns 1 if all is as expected, else 0. */
static int
table_print(const struct contest *c)
{
	int right = 1;

	(void)printf("%-15s %-5s %5s  %-35s %9s %9s %9s  %s\n", "submission", "task", "tests",
	    "verdict", "wall", "cpu", "memory", "message");
	for (size_t i = 0; i < c->count; i++) {
		const struct entry *e = &c->entries[i];
		int met = strncmp(e->verdict, e->expected, strlen(e->expected)) == 0;

		(void)printf("%-15s %-5s ", e->file, e->task);
		if (languages[e->language].program[0] == '\0') {
			(void)printf("%5s  not judged: no %s here\n", "-",
			    languages[e->language].command[COMPILE][0]);
			continue;
		}
		if (e->wall == -1)
			(void)printf("%5s  %-35s %9s %9s %9s", "-", e->verdict, "-", "-", "-");
		else
			(void)printf("%3u/%u  %-35s %6.1f ms %6.1f ms %6.1f MB", e->passed,
			    e->tests, e->verdict, (double)e->wall / 1e6, (double)e->cpu / 1e6,
			    (double)e->memory / 1e6);
		(void)printf("  %s%s%s\n", e->message, met ? "" : "  EXPECTED ",
		    met ? "" : e->expected);
		right &= met;
	}
	return right;
}

static _Noreturn void
usage(FILE *to, int status)
{
	(void)fputs(usage_text, to);
	exit(status);
}

static void
options_read(struct contest *c, int argc, char **argv)
{
	static const struct option names[] = {
		{ "workers", required_argument, NULL, 'w' },
		{ "cgroup", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	long n = forkpool_processors();
	char *end = optarg;
	int option;

	while ((option = getopt_long(argc, argv, "w:c:h", names, NULL)) != -1) {
		switch (option) {
		case 'w':
			n = strtol(optarg, &end, 10);
			if (end == optarg || *end != '\0' || n < 1 || n > WORKERS_MAX)
				errx(EXIT_WRONG, "--workers %s: a number from 1 to %d, please",
				    optarg, WORKERS_MAX);
			break;
		case 'c': c->cgroup = optarg; break;
		case 'h': usage(stdout, 0);
		default:  usage(stderr, EXIT_WRONG);
		}
	}
	if (argc - optind > 1)
		usage(stderr, EXIT_WRONG);
	c->workers = n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : (unsigned)n;
	const char *directory = optind < argc ? argv[optind] : ".";
	c->directory = realpath(directory, NULL);
	if (c->directory == NULL)
		err(EXIT_WRONG, "%s", directory);
}

static struct contest contest;
static pid_t owner; /* of the boxes: not a process of a pool's */

/* Also where an error ends the program. */
static void
boxes_remove(void)
{
	if (getpid() == owner)
		tree_remove(contest.work);
}

int
main(int argc, char **argv)
{
	const char *temporary = getenv("TMPDIR");

	options_read(&contest, argc, argv);
	/* In a contest of root's each phase is another user, who reads what others wrote. */
	(void)umask(022);
	for (struct language *l = languages; l->suffix != NULL; l++)
		language_find(l);
	list_read(&contest);
	path_make(contest.work, sizeof contest.work, "%s/contest.XXXXXX",
	    temporary != NULL ? temporary : "/tmp");
	/* The jobs of a contest of root's are another user: they may pass here, and not look. */
	if (mkdtemp(contest.work) == NULL || chmod(contest.work, 0711) == -1)
		err(EXIT_WRONG, "%s", contest.work);
	owner = getpid();
	if (atexit(boxes_remove) != 0)
		err(EXIT_WRONG, "atexit");
	while (entries_begin(&contest) > 0)
		results_wait(&contest);

	int right = table_print(&contest);
	(void)printf("%zu submissions; verdicts as expected: %s\n", contest.count,
	    right ? "yes" : "no");
	free(contest.entries);
	free((char *)(uintptr_t)contest.directory);
	if (fflush(stdout) == EOF)
		err(EXIT_WRONG, "at the end");
	return right ? 0 : EXIT_WRONG;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * contest.h - what the parts of the example contest.c share: contest_sandbox.c has the boxes and
 * the sandboxes, contest_verdict.c the answers and the verdicts, contest.c all else.
 */
#ifndef CONTEST_H
#define CONTEST_H

#include <forkpool.h>
#include <limits.h>

enum { EXIT_WRONG = 1, EXIT_NO_SANDBOX = 2 };
enum { TESTS_MAX = 100, WORKERS_MAX = 64, OUTPUT_MAX = 64 << 10 };
#define PROGRAM_PATH "/usr/local/bin:/usr/bin:/bin"

enum phase { COMPILE, RUN, PHASES };

struct language {
	const char *suffix, *name, *source, *command[PHASES][10];
	char        program[PATH_MAX]; /* where the compiler is here; "": nowhere */
};

extern struct language languages[]; /* up to one without a suffix */

/* A submission, and what has become of it. */
struct entry {
	char     file[64], task[64], expected[64];
	size_t   number;
	unsigned language;
	enum phase phase;
	unsigned passed, tests;
	int      inputs[TESTS_MAX + 2]; /* of the tests, then errors, then -1 */
	int      errors;                /* /dev/null: standard error goes there */
	char     box[128];
	struct forkpool *pool;          /* of the phase that it is in; NULL: not under way */
	int64_t  wall, cpu, memory;     /* the maximum of its tests; -1: none was run */
	char     verdict[80], message[80];
};

struct contest {
	const char   *directory, *cgroup;
	char          work[64];         /* all boxes are in it */
	struct entry *entries;
	size_t        count, next;
	unsigned      workers;
};

/* contest.c */
void  path_make(char *path, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
char *file_read(const char *path, size_t *len);

/* contest_sandbox.c */
void submission_begin(const struct contest *, struct entry *);
/* One job has ended.  What comes next: the next test, the next phase, or nothing. */
void result_take(const struct contest *, struct entry *, const struct forkpool_result *);
void tree_remove(const char *path);
int64_t memory_limit(enum phase);

/* contest_verdict.c: they set the verdict, or leave it empty where there is more to do. */
void compile_end(struct entry *, const struct forkpool_result *);
void run_end(const struct contest *, struct entry *, const struct forkpool_result *);

#endif

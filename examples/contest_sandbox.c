/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * contest_sandbox.c - a submission's box, and a sandbox for each of its phases.
 *
 * A pool opens up paths for all of its jobs.  So each phase of each submission has a pool of its
 * own, which opens up that submission's box, at its path in a root directory that has nothing else
 * of the contest's.
 */
#define _GNU_SOURCE

#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contest.h"

enum { NOBODY = 65534 }; /* the group of a sandbox that root opens */

#define SECONDS(n)   ((n) * INT64_C(1000000000))
#define MEGABYTES(n) ((n) * INT64_C(1048576))

/* What a phase may use.  The time of the processor ends what computes for ever, the other one what
   waits.  The memory is that of each process, the time that of all of them together. */
static const struct { int64_t wall; struct forkpool_limits limits; } phases[PHASES] = {
	[COMPILE] = { SECONDS(30), {
	    .cpu_ns = SECONDS(6), .memory = MEGABYTES(512), .file_size = MEGABYTES(16),
	    .stack = MEGABYTES(64), .processes = 16, .open_files = 256, .output = OUTPUT_MAX } },
	[RUN] = { SECONDS(5), {
	    .cpu_ns = SECONDS(1), .memory = MEGABYTES(64), .file_size = MEGABYTES(1),
	    .stack = MEGABYTES(8), .processes = 8, .open_files = 32, .output = OUTPUT_MAX + 1 } },
};

int64_t
memory_limit(enum phase phase)
{
	return phases[phase].limits.memory;
}

/* What a job is told: which command, where, and its standard input (-1: none). */
struct command {
	unsigned language;
	enum phase phase;
	int      input, errors;
	char     box[128];
};

/* ------------------------------------------------------------------------------ in the sandbox */

/* The job of both phases: becomes the command.  The limits and the sandbox are on already. */
static int
become(struct forkpool_context *context, const void *args, size_t args_len)
{
	const struct command *c = args;
	const struct language *language;
	const char *path;

	if (args_len != sizeof *c)
		return EINVAL;
	language = &languages[c->language];
	path = language->command[c->phase][0];
	if (path[0] != '.')
		path = language->program;
	if (chdir(c->box) == -1)
		return forkpool_fail(context, errno, "the box: %s", strerror(errno));
	if (c->input != -1 &&
	    (dup2(c->input, STDIN_FILENO) == -1 || dup2(c->errors, STDERR_FILENO) == -1))
		return forkpool_fail(context, errno, "the input: %s", strerror(errno));
	(void)execv(path, (char *const *)(uintptr_t)language->command[c->phase]);
	return forkpool_fail(context, errno, "%s: %s", path, strerror(errno));
}

/* ---------------------------------------------------------------------------------- the phases */

/* Makes the box: a directory with the source.  Where this is root, it is for the jobs' group, since
   their user is a number that the pool chooses. */
static void
box_make(const struct contest *c, struct entry *e)
{
	const struct language *language = &languages[e->language];
	const int is_root = geteuid() == 0;
	char path[PATH_MAX];
	size_t len;

	path_make(path, sizeof path, "%s/submissions/%s", c->directory, e->file);
	char *source = file_read(path, &len);
	path_make(e->box, sizeof e->box, "%s/%zu", c->work, e->number);
	path_make(path, sizeof path, "%s/%s", e->box, language->source);
	if (mkdir(e->box, 0700) == -1)
		err(EXIT_WRONG, "%s", e->box);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd == -1 || write(fd, source, len) != (ssize_t)len || close(fd) == -1)
		err(EXIT_WRONG, "%s", path);
	/* EINVAL: a user namespace that lacks the group. */
	if (is_root && (chown(e->box, (uid_t)-1, NOBODY) == -1 || chmod(e->box, 0770) == -1))
		err(errno == EINVAL ? EXIT_NO_SANDBOX : EXIT_WRONG, "%s", e->box);
	free(source);
}

static int
remove_one(const char *path, const struct stat *status, int kind, struct FTW *at)
{
	(void)status;
	(void)kind;
	(void)at;
	return remove(path);
}

/* Whatever the compiler has left there; links are not followed. */
void
tree_remove(const char *path)
{
	if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == -1)
		warn("%s", path);
}

/* Opens the inputs for the run: a job has them as descriptors that it can only read from, and can
   open none of the files. */
static void
inputs_open(const struct contest *c, struct entry *e)
{
	char path[PATH_MAX];

	for (e->tests = 0; e->tests < TESTS_MAX; e->tests++) {
		path_make(path, sizeof path, "%s/tasks/%s/%u.in", c->directory, e->task,
		    e->tests + 1);
		e->inputs[e->tests] = open(path, O_RDONLY | O_CLOEXEC);
		if (e->inputs[e->tests] == -1)
			break;
	}
	if (e->tests == 0 || e->tests == TESTS_MAX)
		errx(EXIT_WRONG, "%s: no tests, or more than %d", e->task, TESTS_MAX);
	e->errors = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (e->errors == -1)
		err(EXIT_WRONG, "/dev/null");
	e->inputs[e->tests] = e->errors;
	e->inputs[e->tests + 1] = -1;
}

static void
inputs_close(struct entry *e)
{
	for (unsigned i = 0; i < e->tests + 1; i++)
		(void)close(e->inputs[i]);
}

/* A pool for one phase of one submission: its sandbox has that submission's box and no other. */
static void
pool_open(const struct contest *c, struct entry *e)
{
	static const char *const system_paths[] = { "/usr", "/bin", "/lib", "/lib32", "/lib64",
		"/libx32", "/etc/ld.so.cache", "/etc/alternatives" };
	const char *readable[sizeof system_paths / sizeof system_paths[0] + 2];
	const char *const writable[] = { e->box, NULL };
	char directory[PATH_MAX + 9], error[512];
	const char *const environment[] = { "PATH=" PROGRAM_PATH, "LC_ALL=C", "TMPDIR=/tmp",
		directory, NULL };
	size_t n = 0;

	for (size_t i = 0; i < sizeof system_paths / sizeof system_paths[0]; i++)
		if (access(system_paths[i], F_OK) == 0)
			readable[n++] = system_paths[i];
	if (e->phase == RUN)
		readable[n++] = e->box;
	readable[n] = NULL;
	/* So that those who steal know where: a contest would not tell. */
	path_make(directory, sizeof directory, "CONTEST=%s", c->directory);
	const struct forkpool_sandbox sandbox = {
		.readable = readable,
		.writable = e->phase == COMPILE ? writable : NULL,
		.exec = 1,
		.cgroup = c->cgroup,
		.private_root = 1,
		.scratch = MEGABYTES(16),
	};
	const struct forkpool_options options = {
		.workers = 1,
		.isolation = FORKPOOL_ISOLATE_SANDBOX,
		.sandbox = &sandbox,
		.timeout_ns = phases[e->phase].wall,
		.grace_ns = 1, /* nobody is asked to end */
		.output = FORKPOOL_OUTPUT_CAPTURE,
		.limits = phases[e->phase].limits,
		.environment = environment,
		.descriptors = e->phase == RUN ? e->inputs : NULL,
		.executes = 1,
	};
	e->pool = forkpool_open(&options, error, sizeof error);
	/* EINVAL: not even root can limit processes, in a user namespace with too few users. */
	if (e->pool == NULL)
		errx(errno == ENOTSUP || errno == EPERM || errno == EINVAL ? EXIT_NO_SANDBOX :
		    EXIT_WRONG, "no pool: %s", error);
}

static void
job_submit(struct entry *e)
{
	struct command command = { .language = e->language, .phase = e->phase, .input = -1 };
	const struct forkpool_job job = {
		.fn = become, .args = &command, .args_len = sizeof command, .id = e->file,
	};

	if (e->phase == RUN) {
		command.input = e->inputs[e->passed];
		command.errors = e->errors;
	}
	memcpy(command.box, e->box, sizeof command.box);
	if (forkpool_submit(e->pool, &job, NULL) != 1)
		err(EXIT_WRONG, "forkpool_submit");
}

static void
phase_begin(const struct contest *c, struct entry *e, enum phase phase)
{
	e->phase = phase;
	if (phase == RUN)
		inputs_open(c, e);
	pool_open(c, e);
	job_submit(e);
}

static void
phase_end(struct entry *e)
{
	if (forkpool_close(e->pool) == -1)
		err(EXIT_WRONG, "forkpool_close");
	e->pool = NULL;
	if (e->phase == RUN)
		inputs_close(e);
}

void
submission_begin(const struct contest *c, struct entry *e)
{
	box_make(c, e);
	phase_begin(c, e, COMPILE);
}

void
result_take(const struct contest *c, struct entry *e, const struct forkpool_result *r)
{
	if (e->phase == COMPILE)
		compile_end(e, r);
	else
		run_end(c, e, r);
	if (e->phase == RUN && e->verdict[0] == '\0') {
		job_submit(e);
		return;
	}
	phase_end(e);
	if (e->phase == COMPILE && e->verdict[0] == '\0')
		phase_begin(c, e, RUN);
	else
		tree_remove(e->box);
}

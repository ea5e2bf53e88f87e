/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A table of what each worker does at this moment: its job, progress, time and memory.
 *
 * A program may call forkpool_worker_info() at any time, as often as it likes: the call does not
 * wait.  The jobs of this program stop half way until the table is printed, so that the table is
 * the same in each run.
 *
 *	./05-status          which jobs run, and how far they are
 *	./05-status all      also what differs from run to run: worker, process, time and memory
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <forkpool.h>

#define WORKERS 4
#define JOBS    3
#define STEPS   100

static int gate[2];

/* The job, run in a worker: it stops at the step that its argument says until the gate opens, then
   does the remaining steps. */
static int
walk(struct forkpool_context *context, const void *args, size_t args_len)
{
	unsigned stop;
	char byte;

	(void)args_len;
	memcpy(&stop, args, sizeof stop);
	for (unsigned step = 1; step <= STEPS; step++) {
		forkpool_progress(context, step, STEPS); /* cheap, two stores: call it often */
		while (step == stop && read(gate[0], &byte, 1) == -1 && errno == EINTR)
			continue;
	}
	return 0;
}

/*
 * The bytes of memory that a worker's process has, or -1 if the system does not tell.  At the
 * isolation levels JOB and SANDBOX the job has its own process, a child of the worker, whose number
 * /proc/PID/task/PID/children has.
 */
static long long
memory_of(pid_t pid)
{
	char path[64];
	long long pages;

	snprintf(path, sizeof path, "/proc/%ld/statm", (long)pid);
	FILE *file = fopen(path, "r");
	if (file == NULL)
		return -1;
	int got = fscanf(file, "%*s %lld", &pages);
	fclose(file);
	return got == 1 ? pages * sysconf(_SC_PAGESIZE) : -1;
}

/* Prints the jobs in the order of their numbers, since it differs from run to run which worker has
   which job.  A live screen would rather go through the workers. */
static void
table_print(const struct forkpool_worker_info *info, int all)
{
	unsigned idle = 0;

	printf("%-8s %5s%s\n", "job", "done", all ? "  worker  process  seconds  KiB" : "");
	for (uint64_t seq = 1; seq <= JOBS; seq++)
		for (unsigned i = 0; i < WORKERS; i++) {
			if (!info[i].busy || info[i].seq != seq)
				continue;
			printf("%-8s %4.0f%%", info[i].id,
			    100.0 * (double)info[i].progress_done / (double)info[i].progress_total);
			if (all)
				printf("  %6u  %7ld  %7.3f  %lld", i, (long)info[i].pid,
				    (double)info[i].run_ns / 1e9, memory_of(info[i].pid) / 1024);
			printf("\n");
		}
	for (unsigned i = 0; i < WORKERS; i++)
		idle += !info[i].busy;
	printf("idle: %u\n", idle);
}

/* Returns 1 if all jobs have come to the step where they stop, 0 if not yet, -1 on an error.  Only
   this example has to wait for that, to print the same table each time. */
static int
all_there(const struct forkpool *pool, struct forkpool_worker_info *info, const unsigned *stops)
{
	unsigned there = 0;

	for (unsigned i = 0; i < WORKERS; i++) {
		if (forkpool_worker_info(pool, i, &info[i]) == -1)
			return -1;
		there += info[i].busy && info[i].progress_done == stops[info[i].seq - 1];
	}
	return there == JOBS;
}

static int
jobs_run(struct forkpool *pool, int all)
{
	static const unsigned stops[JOBS] = { 25, 50, 75 };
	static const char *const names[JOBS] = { "first", "second", "third" };
	struct forkpool_worker_info info[WORKERS];
	const struct forkpool_result *r;
	int got;

	for (unsigned i = 0; i < JOBS; i++) {
		struct forkpool_job job = {
			.fn = walk,
			.args = &stops[i],
			.args_len = sizeof stops[i],
			.id = names[i],
		};
		if (forkpool_submit(pool, &job, NULL) != 1)
			return -1;
	}
	while ((got = all_there(pool, info, stops)) == 0)
		if (forkpool_wait(pool, &r, 10) == -1) /* for 10 ms: no job has ended yet */
			return -1;
	if (got == -1)
		return -1;
	table_print(info, all);
	close(gate[1]); /* open the gate: read() returns in each job */
	while ((got = forkpool_wait(pool, &r, -1)) == 1)
		printf("%s: %s\n", r->id, forkpool_outcome_name(r->outcome));
	return got;
}

int
main(int argc, char **argv)
{
	char error[256];

	if (pipe(gate) == -1) {
		perror("pipe");
		return 1;
	}
	/* Workers keep the reading end open.  They do not keep the writing end, so that closing it
	   here opens the gate. */
	const int kept[] = { gate[0], -1 };
	struct forkpool_options options = { .workers = WORKERS, .ordered = 1, .descriptors = kept };
	struct forkpool *pool = forkpool_open(&options, error, sizeof error);
	if (pool == NULL) {
		fprintf(stderr, "no pool: %s\n", error);
		return 1;
	}
	int status = jobs_run(pool, argc > 1 && strcmp(argv[1], "all") == 0);
	if (status == -1)
		perror("status");
	return forkpool_close(pool) == 0 && status == 0 ? 0 : 1;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the workers of a pool do at the moment: which job, how far it is, for how long, with how much memory.
 *
 * forkpool_worker_info() may be called at any time and waits for nobody, so a program can draw such a table as often as
 * it likes.  So that this one is the same each time, its jobs stop half way until the table is printed.
 *	./05-status          which jobs run, and how far they are
 *	./05-status all      and what differs from run to run: worker, process, time and memory
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

/* Runs in a worker: so many steps, then as many as there are left when the gate is opened. */
static int
walk(struct forkpool_context *context, const void *args, size_t args_len)
{
	unsigned stop;
	char byte;

	(void)args_len;
	memcpy(&stop, args, sizeof stop);
	for (unsigned step = 1; step <= STEPS; step++) {
		forkpool_progress(context, step, STEPS); /* two stores: as often as one likes */
		while (step == stop && read(gate[0], &byte, 1) == -1 && errno == EINTR)
			continue;
	}
	return 0;
}

/*
 * Bytes of memory that a process has; -1: the system does not tell.  Where each job has a process of its own (JOB,
 * SANDBOX) that is a child of the worker's: /proc/PID/task/PID/children has its number.
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

/* By the job's number, since which worker has which differs; a live screen would go by the worker. */
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

/* All jobs are where they stop.  A program that only shows them has no need to wait for that. */
static int
all_there(const struct forkpool *pool, struct forkpool_worker_info *info, const unsigned *stops)
{
	unsigned there = 0;

	for (unsigned i = 0; i < WORKERS; i++) {
		if (forkpool_worker_info(pool, i, &info[i], sizeof info[i]) == -1)
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
		struct forkpool_job job = { .fn = walk,
			.args = &stops[i],
			.args_len = sizeof stops[i],
			.id = names[i] };
		if (forkpool_submit(pool, &job, NULL) != 1)
			return -1;
	}
	while ((got = all_there(pool, info, stops)) == 0)
		if (forkpool_wait(pool, &r, 10) == -1) /* 10 ms: there is no result yet */
			return -1;
	if (got == -1)
		return -1;
	table_print(info, all);
	close(gate[1]); /* all of them read the end of it */
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
	const int kept[] = { gate[0], -1 }; /* what workers keep open of ours; not the end that is written to */
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

/* SPDX-License-Identifier: BSD-2-Clause */
/* Status: the workers, jobs and failures that a screen or a plain line of --status is made of. */
#include "config.h"
#include "tool/display/status.h"

#include <stdlib.h>
#include <string.h>

#include "tool/display/rss.h"

/* Size of the hash table that finds a job by its number in the pool. */
#define BUCKETS 4096
#define FAILURES_KEPT 5
/* When a job's memory is looked up in /proc: first after so many ns, then every so many. */
#define MEMORY_FIRST INT64_C(200000000)
#define MEMORY_EVERY INT64_C(1000000000)
/* A plain line names the job that has run longest, if it has run for LONG_NS, in at most LONG_SHOWN
   columns. */
#define LONG_NS    INT64_C(10000000000)
#define LONG_SHOWN 160

/* What is kept of a worker from one drawing to the next. */
struct worker {
	pid_t    pid;
	uint64_t pool_seq;    /* the job that it runs; 0: none */
	uint64_t brief_of;    /* the job that brief belongs to */
	struct brief brief;
	uint64_t memory_of;   /* the job that memory belongs to */
	int64_t  memory, memory_ns; /* bytes, as they were at memory_ns */
};

LIST_HEAD(bucket, job);

static struct {
	int on, own_process, shell;
	const struct forkpool *pool;
	const struct totals *totals;
	unsigned workers;
	struct bucket *buckets;
	struct worker *known;
	struct screen_row *rows;
	size_t room;          /* entries of known and of rows */
	struct screen_failure failures[FAILURES_KEPT]; /* the latest first */
	size_t failure_count;
} s;

void
status_open(const struct options *o, const struct forkpool *pool, unsigned workers,
    int own_process, const struct totals *totals)
{
	if (!o->status)
		return;
	s.on = 1;
	s.own_process = own_process;
	s.shell = o->shell;
	s.pool = pool;
	s.totals = totals;
	s.workers = workers;
	if ((s.buckets = calloc(BUCKETS, sizeof *s.buckets)) == NULL)
		fail_memory();
}

void
status_close(void)
{
	for (size_t i = 0; i < s.room; i++)
		brief_free(&s.known[i].brief);
	for (size_t i = 0; i < s.failure_count; i++) {
		brief_free(&s.failures[i].brief);
		bytes_free(&s.failures[i].cause);
	}
	free(s.known);
	free(s.rows);
	free(s.buckets);
	memset(&s, 0, sizeof s);
}

int
status_is_on(void)
{
	return s.on;
}

void
status_workers(unsigned workers)
{
	s.workers = workers;
}

/* ----------------------------------------------------------------------------------------- jobs */

static struct bucket *
bucket_of(uint64_t pool_seq)
{
	return &s.buckets[pool_seq % BUCKETS];
}

void
status_job_begins(struct job *job, uint64_t pool_seq)
{
	if (!s.on)
		return;
	job->pool_seq = pool_seq;
	LIST_INSERT_HEAD(bucket_of(pool_seq), job, in_pool);
}

void
status_job_ended(struct job *job)
{
	if (s.on)
		LIST_REMOVE(job, in_pool);
}

static const struct job *
job_of(uint64_t pool_seq)
{
	const struct job *job;

	LIST_FOREACH(job, bucket_of(pool_seq), in_pool)
		if (job->pool_seq == pool_seq)
			break;
	return job;
}

void
status_failure(const struct job *job, const char *where)
{
	if (!s.on)
		return;
	if (s.failure_count < FAILURES_KEPT)
		s.failure_count++;
	/* The oldest one's buffers are those of the new one. */
	struct screen_failure new = s.failures[s.failure_count - 1];
	memmove(s.failures + 1, s.failures, (s.failure_count - 1) * sizeof *s.failures);
	new.seq = job->task->seq;
	brief_of(&new.brief, job->task, s.shell);
	bytes_clear(&new.cause);
	outcome_cause(&job->outcome, where, &new.cause);
	s.failures[0] = new;
}

/* -------------------------------------------------------------------------------------- workers */

static void
reserve(size_t count)
{
	if (count <= s.room)
		return;
	count = count < 64 ? 64 : count * 2;
	struct worker *known = reallocarray(s.known, count, sizeof *known);
	if (known != NULL)
		s.known = known;
	struct screen_row *rows = reallocarray(s.rows, count, sizeof *rows);
	if (rows != NULL)
		s.rows = rows;
	if (known == NULL || rows == NULL)
		fail_memory();
	memset(s.known + s.room, 0, (count - s.room) * sizeof *s.known);
	s.room = count;
}

/* Fills in a row for each worker that there is or is to be; how many. */
static size_t
rows_fill(void)
{
	struct forkpool_worker_info info;
	size_t count = 0;

	for (unsigned i = 0; forkpool_worker_info(s.pool, i, &info) == 0; i++) {
		reserve(i + 1);
		s.known[i].pid = info.pid;
		s.known[i].pool_seq = info.busy ? info.seq : 0;
		/* This worker was told to leave and has left. */
		if (info.pid == 0 && i >= s.workers)
			continue;
		s.rows[count++] = (struct screen_row){
			.worker = i + 1,
			.alive = info.pid != 0,
			.busy = info.busy,
			.run_ns = info.run_ns,
			.progress_done = info.progress_done,
			.progress_total = info.progress_total,
			.memory = -1,
		};
	}
	return count;
}

/* Adds what is costly to get, for a row that is shown. */
static void
row_complete(struct screen_row *row, int64_t now_ns)
{
	struct worker *w = &s.known[row->worker - 1];
	const struct job *job = row->busy ? job_of(w->pool_seq) : NULL;

	if (job == NULL)
		return;
	if (w->brief_of != w->pool_seq) {
		brief_of(&w->brief, job->task, s.shell);
		w->brief_of = w->pool_seq;
	}
	if (row->run_ns >= MEMORY_FIRST &&
	    (w->memory_of != w->pool_seq || now_ns - w->memory_ns >= MEMORY_EVERY)) {
		w->memory = rss_of(w->pid, !s.own_process);
		w->memory_of = w->pool_seq;
		w->memory_ns = now_ns;
	}
	row->seq = job->task->seq;
	row->attempt = job->task->attempts;
	row->brief = &w->brief;
	row->memory = w->memory_of == w->pool_seq ? w->memory : -1;
}

void
status_draw(const struct rate *rate, struct terminal_size size, int colours, struct bytes *out,
    struct screen_lines *lines)
{
	size_t count = rows_fill();
	struct screen screen = {
		.rate = *rate,
		.by_verdict = s.totals->by_verdict,
		.rows = s.rows,
		.row_count = count,
		.failures = s.failures,
		.failure_count = s.failure_count,
	};

	screen_arrange(&screen, size);
	for (size_t i = 0; i < screen.rows_shown; i++)
		row_complete(&s.rows[i], rate->now_ns);
	screen_draw(&screen, colours, out, lines);
}

void
status_add_plain(const struct rate *rate, struct bytes *out)
{
	struct bytes totals = { 0 };
	size_t count = rows_fill(), longest = 0;

	screen_add_totals(&totals, s.totals->by_verdict);
	if (totals.len > 0)
		bytes_printf(out, ": %s", totals.at);
	bytes_free(&totals);
	for (size_t i = 0; i < count; i++)
		if (s.rows[i].busy &&
		    (!s.rows[longest].busy || s.rows[i].run_ns > s.rows[longest].run_ns))
			longest = i;
	struct screen_row *row = &s.rows[longest];
	if (count == 0 || !row->busy || row->run_ns < LONG_NS)
		return;
	row_complete(row, rate->now_ns);
	if (row->brief == NULL)
		return;
	bytes_printf(out, "; job %llu has been running for ", (unsigned long long)row->seq);
	rate_add_time(out, (double)row->run_ns / 1e9);
	bytes_add_text(out, ": ");
	brief_add(row->brief, LONG_SHOWN, out);
}

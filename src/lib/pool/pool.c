/* SPDX-License-Identifier: BSD-2-Clause */
/* The public functions for jobs and results. */
#include "config.h"
#include "lib/pool/pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dispatch/job_end.h"
#include "lib/dispatch/loop_fd.h"
#include "lib/dispatch/offers.h"
#include "lib/dispatch/result_value.h"
#include "lib/ipc/job_paths.h"
#include "lib/job/outcome.h"
#include "lib/os/clock.h"
#include "lib/os/fd.h"
#include "lib/os/os.h"
#include "lib/os/usdt.h"
#include "lib/pool/sized.h"

static int
job_is_valid(const struct forkpool_job *job, bool paths)
{
	return job != NULL && job->fn != NULL && (job->args != NULL || job->args_len == 0) &&
	    (job->flags & ~(unsigned)FORKPOOL_COOPERATIVE) == 0 &&
	    (paths ? job_paths_block_size(job) > 0 :
		     job->readable == NULL && job->writable == NULL) &&
	    (job->id == NULL || strnlen(job->id, WIRE_ID_MAX + 1) <= WIRE_ID_MAX);
}

/* Take a job for which there is room.  1; -1 and errno. */
static int
job_take(struct forkpool *pool, const struct forkpool_job *from, uint64_t *seq)
{
	struct dispatcher *d = &pool->d;
	struct job *job = job_table_add_plain(&d->jobs, from, pool->next_seq);

	if (job == NULL)
		job = job_table_add(&d->jobs, &d->arena, from, pool->next_seq);
	if (job == NULL)
		return -1;
	pool->next_seq++;
	if (job->max_attempts == 0)
		job->max_attempts = d->options.max_attempts;
	if (seq != NULL)
		*seq = job->seq;
	PROBE_JOB_SUBMIT(job->seq, job->fn);
	offers_put(d, job);
	loop_fd_ring(d);
	return 1;
}

/* The same, with its paths in one block of that size with its arguments. */
static int
job_take_with_paths(struct forkpool *pool, const struct forkpool_job *from, size_t size,
    uint64_t *seq)
{
	struct forkpool_job whole = *from;
	void *block = job_paths_block(&pool->d.jobs.heap, from, size);

	if (block == NULL)
		return -1;
	whole.args = block;
	whole.args_len = size;
	int r = job_take(pool, &whole, seq), error = errno;
	kept_free(block);
	errno = error;
	return r;
}

int
forkpool_submit_sized(struct forkpool *pool, const struct forkpool_job *job, size_t job_size,
    uint64_t *seq)
{
	struct forkpool_job own;

	if (pool_check(pool) == -1)
		return -1;
	if (job_size != sizeof own) {
		if (sized_take(&own, sizeof own, job, job_size) == -1)
			return -1;
		job = &own;
	}
	struct dispatcher *d = &pool->d;
	const bool paths = d->link.setup.worker.sandbox.job_paths;
	if (!job_is_valid(job, paths)) {
		errno = EINVAL;
		return -1;
	}
	/* The arguments, and what goes with them. */
	const size_t size = paths ? job_paths_block_size(job) : job->args_len;
	if (d->loop.deadline != CLOCK_NEVER) {
		dispatcher_deadline_check(d, clock_now());
		if (d->loop.expired) {
			errno = ETIMEDOUT;
			return -1;
		}
	}
	if (d->jobs.pending >= d->options.queue_limit ||
	    (size > JOB_ROOM && !arena_has_room(&d->arena, size)))
		return 0;
	return paths ? job_take_with_paths(pool, job, size, seq) : job_take(pool, job, seq);
}

/* Read a value from the spool into memory that is warm.  -1 and errno: the result stays ready. */
static int
value_lend(struct forkpool *pool, struct job *job)
{
	if (job->value_len > pool->value_size) {
		char *larger = kept_alloc(&pool->d.jobs.heap, (size_t)job->value_len);
		if (larger == NULL)
			return -1;
		kept_free(pool->value);
		pool->value = larger;
		pool->value_size = (size_t)job->value_len;
	}
	value_read(&pool->d, job, pool->value);
	return 0;
}

/*
 * The message with where the job died.  That costs reading debug information, once for each object
 * and some more for each new place, and is done when the result is taken, by whoever takes it: a
 * member cannot tell that nobody will look.  What a crash costs anyway, a new process, is more, but
 * for the first one.
 */
static const char *
message_with_place(struct forkpool *pool, const struct job_details *details)
{
	char place[BACKTRACE_PLACE_SIZE];

	if (pool->message == NULL &&
	    (pool->message = kept_alloc(&pool->d.jobs.heap, POOL_MESSAGE_SIZE)) == NULL)
		return details->message;
	backtrace_place(&pool->symbols, details->address, details->frames, place);
	(void)snprintf(pool->message, POOL_MESSAGE_SIZE, "%.*s%s%s", (int)details->place,
	    details->message, place,
	    details->message + strnlen(details->message, details->place));
	return pool->message;
}

static const char *
message_of(struct forkpool *pool, const struct job *job, const struct job_details *details)
{
	if (details != NULL && details->message[0] != '\0')
		return details->place > 0 ? message_with_place(pool, details) : details->message;
	if (job->outcome == FORKPOOL_FAILED && job->end.error > 0)
		return strerror(job->end.error);
	if (job->outcome == FORKPOOL_TIMED_OUT)
		return OUTCOME_DEADLINE_PASSED;
	return job->outcome == FORKPOOL_CANCELLED ? OUTCOME_CANCELLED_RUN : "";
}

/* Fill in the members that a plain success does not have. */
static void
result_fill_rest(struct forkpool *pool, const struct job *job)
{
	struct forkpool_result *r = &pool->result;
	const struct job_details *details = job->owns & JOB_OWNS_DETAILS ? job->details : NULL;
	bool ok = job->outcome == FORKPOOL_OK; /* in a plain success's record these are stale */

	r->error = ok ? 0 : job->end.error;
	r->signal = ok ? 0 : job->end.signal;
	r->exit_code = ok ? -1 : job->end.exit_code;
	r->core_dumped = ok ? 0 : job->core_dumped;
	r->message = message_of(pool, job, details);
	r->limit = details != NULL && job->outcome == FORKPOOL_OVER_LIMIT ? details->limit :
									    FORKPOOL_LIMIT_NONE;
	r->output = details != NULL && details->output != NULL ? details->output : "";
	r->output_len = details != NULL ? details->output_len : 0;
}

static void
result_fill(struct forkpool *pool, const struct job *job)
{
	struct forkpool_result *r = &pool->result;
	bool ok = job->outcome == FORKPOOL_OK;
	bool plain = ok && !(job->owns & JOB_OWNS_DETAILS);
	bool own_process = jobs_have_own_process(&pool->d.link.setup.worker);

	r->seq = job->seq;
	r->id = job->id_len > 0 ? job->id : "";
	r->user = job->user;
	r->outcome = job->outcome;
	r->value = ok ? job->value : NULL;
	r->value_len = ok ? (size_t)job->value_len : 0;
	r->pid = job->pid;
	r->worker = job->worker;
	r->attempts = job->attempts;
	r->queued_ns =
	    job->started_ns > job->submitted_ns ? job->started_ns - job->submitted_ns : 0;
	r->run_ns = job->run_ns;
	/* For a job in its worker nobody has set these three. */
	r->cpu_ns = own_process ? job->cpu_ns : -1;
	r->user_ns = own_process ? job->user_ns : -1;
	r->max_rss = own_process ? job->max_rss : -1;
	if (!plain || !pool->result_plain)
		result_fill_rest(pool, job);
	pool->result_plain = plain;
}

PROBE_ONCE int
pool_take(struct forkpool *pool, const struct forkpool_result **result)
{
	struct dispatcher *d = &pool->d;
	struct job *job = job_next_ready(d);

	if (job == NULL)
		return 0;
	if (job->value_in_spool && value_lend(pool, job) == -1)
		return -1;
	job_lend(d, job);
	pool->lent = job;
	d->jobs.pending--;
	pool->by_outcome[job->outcome]++;
	PROBE_JOB_DONE(job->seq, (unsigned)job->outcome, job->run_ns);
	result_fill(pool, job);
	*result = &pool->result;
	return 1;
}

/* The caller wants another result: it gives back the one that it has. */
static int
take_begin(struct forkpool *pool, const struct forkpool_result **result)
{
	if (pool_check(pool) == -1)
		return -1;
	if (result == NULL) {
		errno = EINVAL;
		return -1;
	}
	*result = NULL;
	pool_take_back(pool);
	return 0;
}

int
forkpool_next(struct forkpool *pool, const struct forkpool_result **result)
{
	if (take_begin(pool, result) == -1)
		return -1;
	int r = pool_take(pool, result);
	/* forkpool_dispatch() has left a look at the descriptors out where a result was there. */
	bool unseen = loop_fd_in_use(&pool->d) && pool->d.loop.unpolled;
	bool pumped = r == 0 && (pool->d.jobs.pending > 0 || unseen);
	if (pumped) {
		dispatcher_pump(&pool->d, 0);
		r = pool_take(pool, result);
	}
	if (r == 0 || pumped)
		dispatcher_settle(&pool->d);
	return r;
}

/* Take a result, waiting for one up to timeout_ms. */
static int
wait_for(struct forkpool *pool, const struct forkpool_result **result, int timeout_ms)
{
	struct dispatcher *d = &pool->d;
	int64_t until = 0;

	for (;;) {
		int r = pool_take(pool, result);
		if (r != 0)
			return r;
		if (dispatcher_take_wakeup(d) || d->jobs.pending == 0)
			return 0;
		if (until == 0)
			until = timeout_ms < 0 ? CLOCK_NEVER :
						 clock_after(clock_now(), timeout_ms * CLOCK_MS);
		else if (until != CLOCK_NEVER && clock_now() >= until)
			return 0;
		dispatcher_pump(d, timeout_ms == 0 ? 0 : until);
	}
}

int
forkpool_wait(struct forkpool *pool, const struct forkpool_result **result, int timeout_ms)
{
	if (take_begin(pool, result) == -1)
		return -1;
	int r = wait_for(pool, result, timeout_ms);
	dispatcher_settle(&pool->d);
	return r;
}

const char *
forkpool_backtrace(struct forkpool *pool, const struct forkpool_result *result)
{
	if (pool_check(pool) == -1)
		return NULL;
	if (result == NULL || result != &pool->result || pool->lent == NULL) {
		errno = EINVAL;
		return NULL;
	}
	const struct job *job = pool->lent;
	free(pool->backtrace);
	pool->backtrace = NULL;
	errno = 0;
	if ((job->owns & JOB_OWNS_DETAILS) && job->details->frames > 0)
		pool->backtrace = backtrace_text(&pool->symbols, job->details->address,
		    job->details->frames);
	return pool->backtrace;
}

size_t
forkpool_pending(const struct forkpool *pool)
{
	return pool_check(pool) == -1 ? 0 : pool->d.jobs.pending;
}

int
forkpool_cancel(struct forkpool *pool, enum forkpool_cancel what)
{
	if (pool_check(pool) == -1)
		return -1;
	if ((unsigned)what > FORKPOOL_CANCEL_KILL) {
		errno = EINVAL;
		return -1;
	}
	loop_fd_ring(&pool->d);
	return dispatcher_cancel_all(&pool->d, what) > 0;
}

int
forkpool_cancel_job(struct forkpool *pool, uint64_t seq, enum forkpool_cancel what)
{
	if (pool_check(pool) == -1)
		return -1;
	if ((unsigned)what > FORKPOOL_CANCEL_KILL) {
		errno = EINVAL;
		return -1;
	}
	struct job *job = job_table_find(&pool->d.jobs, seq);
	loop_fd_ring(&pool->d);
	return job != NULL && dispatcher_cancel(&pool->d, job, what);
}

int
forkpool_set_deadline(struct forkpool *pool, int64_t ns_from_now)
{
	if (pool_check(pool) == -1)
		return -1;
	int64_t now = clock_now();
	dispatcher_set_deadline(&pool->d, clock_after(now, ns_from_now), now);
	loop_fd_ring(&pool->d);
	return 0;
}

/* Whether the system shows the processes of jobs to the supervisor. */
static bool
jobs_can_be_found(const struct dispatcher *d)
{
	int children = jobs_have_own_process(&d->link.setup.worker) ? os_children_open() : -1;
	bool found = children != -1;

	fd_close(&children);
	return found || !jobs_have_own_process(&d->link.setup.worker);
}

int
forkpool_suspend(struct forkpool *pool)
{
	if (pool_check(pool) == -1)
		return -1;
	struct dispatcher *d = &pool->d;
	if (d->loop.suspended)
		return 0;
	if (!jobs_can_be_found(d)) {
		errno = ENOTSUP;
		return -1;
	}
	int r = dispatcher_suspend(d, clock_now());
	loop_fd_ring(d);
	return r;
}

int
forkpool_resume(struct forkpool *pool)
{
	if (pool_check(pool) == -1)
		return -1;
	if (pool->d.loop.suspended)
		dispatcher_resume(&pool->d, clock_now());
	loop_fd_ring(&pool->d);
	return 0;
}

int
forkpool_resize(struct forkpool *pool, unsigned workers)
{
	if (pool_check(pool) == -1)
		return -1;
	struct dispatcher *d = &pool->d;
	if (workers == 0 || workers > SHARED_WORKERS_MAX) {
		errno = EINVAL;
		return -1;
	}
	if (supervisor_link_resize(&d->link, workers) == -1)
		return -1;
	/* New workers read at their start how many of them are to take jobs. */
	offers_size(d);
	supervisor_link_resized(&d->link);
	loop_fd_ring(d);
	return 0;
}

int
forkpool_fd(struct forkpool *pool)
{
	return pool_check(pool) == -1 ? -1 : loop_fd_open(&pool->d);
}

size_t
forkpool_pollfds(struct forkpool *pool, struct pollfd *fds, size_t capacity)
{
	if (pool_check(pool) == -1)
		return 0;
	/* The caller is about to sleep: send now what can be sent. */
	offers_send(&pool->d, true);
	return dispatcher_pollfds(&pool->d, fds, fds != NULL ? capacity : 0);
}

int
forkpool_timeout(struct forkpool *pool)
{
	if (pool_check(pool) == -1)
		return -1;
	if (job_next_ready(&pool->d) != NULL || (pool->d.health.failed && pool->d.jobs.queued > 0))
		return 0;
	return clock_poll_ms(dispatcher_until(&pool->d), clock_now());
}

int
forkpool_dispatch(struct forkpool *pool, const struct pollfd *fds, size_t n)
{
	if (pool_check(pool) == -1)
		return -1;
	if (fds == NULL && n > 0) {
		errno = EINVAL;
		return -1;
	}
	if (n > 0)
		dispatcher_polled(&pool->d, fds, n);
	dispatcher_pump(&pool->d, 0);
	dispatcher_settle(&pool->d);
	return job_next_ready(&pool->d) != NULL;
}

int
forkpool_wakeup(struct forkpool *pool)
{
	return pool_check(pool) == -1 ? -1 : fd_ring_pipe(pool->d.bell[1]);
}

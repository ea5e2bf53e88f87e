/* SPDX-License-Identifier: BSD-2-Clause */
/* The public functions for jobs and results. */
#include "config.h"
#include "lib/pool/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/dispatch/job_end.h"
#include "lib/dispatch/offers.h"
#include "lib/dispatch/result_value.h"
#include "lib/job/outcome.h"
#include "lib/os/clock.h"
#include "lib/os/usdt.h"

static int
job_is_valid(const struct forkpool_job *job)
{
	return job != NULL && job->fn != NULL && (job->args != NULL || job->args_len == 0) &&
	    (job->flags & ~(unsigned)FORKPOOL_COOPERATIVE) == 0 &&
	    (job->reserved[0] | job->reserved[1] | job->reserved[2] | job->reserved[3]) == 0 &&
	    (job->id == NULL || strnlen(job->id, WIRE_ID_MAX + 1) <= WIRE_ID_MAX);
}

int
forkpool_submit(struct forkpool *pool, const struct forkpool_job *from, uint64_t *seq)
{
	if (pool_check(pool) == -1)
		return -1;
	if (!job_is_valid(from)) {
		errno = EINVAL;
		return -1;
	}
	struct dispatcher *d = &pool->d;
	if (d->loop.deadline != CLOCK_NEVER) {
		dispatcher_deadline_check(d, clock_now());
		if (d->loop.expired) {
			errno = ETIMEDOUT;
			return -1;
		}
	}
	if (d->jobs.pending >= d->options.queue_limit ||
	    (from->args_len > JOB_ROOM && !arena_has_room(&d->arena, from->args_len)))
		return 0;
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
	return 1;
}

/* Read a value from the spool into memory that is warm.  -1 and errno: the result stays ready. */
static int
value_lend(struct forkpool *pool, struct job *job)
{
	if (job->value_len > pool->value_size) {
		char *larger = realloc(pool->value, (size_t)job->value_len);
		if (larger == NULL)
			return -1;
		pool->value = larger;
		pool->value_size = (size_t)job->value_len;
	}
	value_read(&pool->d, job, pool->value);
	return 0;
}

static const char *
message_of(const struct job *job, const struct job_details *details)
{
	if (details != NULL && details->message[0] != '\0')
		return details->message;
	if (job->outcome == FORKPOOL_FAILED && job->end.error > 0)
		return strerror(job->end.error);
	if (job->outcome == FORKPOOL_TIMED_OUT)
		return OUTCOME_DEADLINE_PASSED;
	return job->outcome == FORKPOOL_CANCELLED ? OUTCOME_CANCELLED_RUN : "";
}

/* Fill in the members that a plain success does not have. */
static void
result_fill_rest(struct forkpool_result *r, const struct job *job)
{
	const struct job_details *details = job->owns & JOB_OWNS_DETAILS ? job->details : NULL;
	bool ok = job->outcome == FORKPOOL_OK; /* in a plain success's record these are stale */

	r->error = ok ? 0 : job->end.error;
	r->signal = ok ? 0 : job->end.signal;
	r->exit_code = ok ? -1 : job->end.exit_code;
	r->core_dumped = ok ? 0 : job->core_dumped;
	r->message = message_of(job, details);
	r->limit = details != NULL && job->outcome == FORKPOOL_OVER_LIMIT ? details->limit : NULL;
	r->output = details != NULL && details->output != NULL ? details->output : "";
	r->output_len = details != NULL ? details->output_len : 0;
	r->backtrace = details != NULL ? details->backtrace : NULL;
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
		result_fill_rest(r, job);
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

int
forkpool_next(struct forkpool *pool, const struct forkpool_result **result)
{
	if (pool_check(pool) == -1)
		return -1;
	if (result == NULL) {
		errno = EINVAL;
		return -1;
	}
	*result = NULL;
	pool_take_back(pool);
	int r = pool_take(pool, result);
	if (r == 0 && pool->d.jobs.pending > 0) {
		dispatcher_pump(&pool->d, 0);
		r = pool_take(pool, result);
	}
	return r;
}

int
forkpool_wait(struct forkpool *pool, const struct forkpool_result **result, int timeout_ms)
{
	if (pool_check(pool) == -1)
		return -1;
	if (result == NULL) {
		errno = EINVAL;
		return -1;
	}
	struct dispatcher *d = &pool->d;
	int64_t until = 0;
	*result = NULL;
	pool_take_back(pool);
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
	return job != NULL && dispatcher_cancel(&pool->d, job, what);
}

int
forkpool_set_deadline(struct forkpool *pool, int64_t ns_from_now)
{
	if (pool_check(pool) == -1)
		return -1;
	int64_t now = clock_now();
	dispatcher_set_deadline(&pool->d, clock_after(now, ns_from_now), now);
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
	return 0;
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
	dispatcher_polled(&pool->d, fds, n);
	dispatcher_pump(&pool->d, 0);
	return job_next_ready(&pool->d) != NULL;
}

int
forkpool_wakeup(struct forkpool *pool)
{
	int saved = errno;

	if (pool_check(pool) == -1)
		return -1;
	/* A full pipe wakes the caller already. */
	if (write(pool->d.bell[1], "", 1) == -1 && errno != EAGAIN && errno != EWOULDBLOCK &&
	    errno != EINTR)
		return -1;
	errno = saved;
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "lib/dispatch/dispatcher.h"

#include <errno.h>
#include <sched.h>
#include <unistd.h>

#include "lib/dispatch/deaths.h"
#include "lib/dispatch/offers.h"
#include "lib/dispatch/results.h"
#include "lib/ipc/packet_pipe.h"
#include "lib/job/outcome.h"
#include "lib/os/clock.h"

#define TICK_MAX (32 * CLOCK_MS)
/* How often the smallest timeout in use is looked for anew. */
#define RECOVER_LOOK_NS (5 * CLOCK_MS)

/* While results come in without a pause the other descriptors are looked at this often. */
#define ROUNDS_UNPOLLED 16u

static const char cancelled_text[] = OUTCOME_CANCELLED_QUEUED;

/* Where results may be stuck behind a long job, or jobs in a busy worker's packet. */
static void
tick(struct dispatcher *d, int64_t now)
{
	results_peek(d);
	if (!offers_again(d, now)) {
		d->tick_at = CLOCK_NEVER; /* each offered job runs: nothing to find until one ends */
		return;
	}
	d->tick_at = clock_after(now, d->tick_span);
	if (d->tick_span < TICK_MAX)
		d->tick_span *= 2;
}

/* The smallest timeout may be larger now: let the supervisor sleep longer. */
static void
watch_renew(struct dispatcher *d)
{
	int64_t smallest = CLOCK_NEVER;

	d->watch_stale = false;
	INFLIGHT_FOREACH(d, entry) {
		const struct job *job = job_table_at(&d->jobs, entry);
		int64_t timeout = job->timeout_ns != 0 ? job->timeout_ns : d->timeout_ns;
		if (job->timed)
			smallest = clock_earlier(smallest, timeout);
	}
	int64_t watch = atomic_load(&d->control->watch_ns);
	if (smallest != CLOCK_NEVER && watch > 0 && watch < smallest)
		atomic_store(&d->control->watch_ns, smallest);
}

/* A job that runs: true, its claim says now that it is cancelled.  One that is to end already, for whatever reason, may
   have its grace no more. */
static bool
cancel_run(struct dispatcher *d, struct job *job, bool at_once)
{
	claim_word *claim = shared_claim(d->shared, job->entry);
	uint64_t word = atomic_load(claim);
	unsigned worker = (unsigned)(word >> 5 & 0xfff), parity = (unsigned)(word >> 4 & 1);

	job->max_attempts = job->attempts + 1; /* whatever comes of this run, there is no other */
	if (claim_state(word) == CLAIM_CLAIMED && claim_ticket(word) == job->ticket &&
	    worker < d->slots &&
	    atomic_compare_exchange_strong(claim, &word,
		claim_make(job->ticket, worker, parity, CLAIM_CANCELLED))) {
		struct control_slot *slot = &d->control->slot[worker];
		atomic_store(at_once ? &slot->kill_ticket : &slot->cancel_ticket, job->ticket);
		supervisor_ring(d);
		return true;
	}
	if (at_once &&
	    (claim_state(word) == CLAIM_CANCELLED || claim_state(word) == CLAIM_TIMED_OUT) &&
	    claim_ticket(word) == job->ticket && worker < d->slots) {
		atomic_store(&d->control->slot[worker].kill_ticket, job->ticket);
		supervisor_ring(d);
	}
	return claim_state(word) == CLAIM_CANCELLED;
}

bool
dispatcher_cancel(struct dispatcher *d, struct job *job, enum forkpool_cancel what)
{
	if (job->state == JOB_QUEUED)
		job_table_unqueue(&d->jobs, job);
	else if (job->state != JOB_OFFERED)
		return false;
	else if (!offer_revoke(d, job))
		return what != FORKPOOL_CANCEL_QUEUED &&
		    cancel_run(d, job, what == FORKPOOL_CANCEL_KILL);
	job_message(job, cancelled_text, sizeof cancelled_text - 1);
	job_end_finally(d, job, FORKPOOL_CANCELLED);
	return true;
}

size_t
dispatcher_cancel_all(struct dispatcher *d, enum forkpool_cancel what)
{
	struct job *job;
	size_t cancelled = 0;

	while ((job = job_table_pop(&d->jobs)) != NULL) {
		job_message(job, cancelled_text, sizeof cancelled_text - 1);
		job_end_finally(d, job, FORKPOOL_CANCELLED);
		cancelled++;
	}
	/* First what does not run yet: a worker whose run is cancelled would take it meanwhile. */
	INFLIGHT_FOREACH(d, entry)
		cancelled +=
		    dispatcher_cancel(d, job_table_at(&d->jobs, entry), FORKPOOL_CANCEL_QUEUED);
	if (what != FORKPOOL_CANCEL_QUEUED)
		INFLIGHT_FOREACH(d, entry)
			cancelled += dispatcher_cancel(d, job_table_at(&d->jobs, entry), what);
	return cancelled;
}

void
dispatcher_deadline_check(struct dispatcher *d, int64_t now)
{
	if (d->expired || now < d->deadline)
		return;
	d->expired = true;
	/* Jobs not taken out by this are running; retries are off from here on. */
	(void)dispatcher_cancel_all(d, FORKPOOL_CANCEL_RUNNING);
}

int64_t
dispatcher_until(const struct dispatcher *d)
{
	int64_t until = d->expired ? CLOCK_NEVER : d->deadline;

	if (d->inflight_count > 0)
		until = clock_earlier(until, d->tick_at);
	if (d->recovering)
		until = clock_earlier(until,
		    clock_earlier(d->recover_until, clock_after(clock_now(), RECOVER_LOOK_NS)));
	return until;
}

size_t
dispatcher_pollfds(struct dispatcher *d, struct pollfd *fds, size_t capacity)
{
	struct pollfd few[3] = {
		{ .fd = d->socket, .events = POLLIN },
		{ .fd = d->bell[0], .events = POLLIN },
		{ .fd = d->out_len > 0 ? d->job_pipe[1] : -1, .events = POLLOUT },
	};
	size_t n = 0;

	for (unsigned i = 0; i < 3; i++, n++)
		if (n < capacity)
			fds[n] = few[i];
	for (unsigned i = 0; i < d->slots; i++, n++)
		if (n < capacity)
			fds[n] = (struct pollfd){ .fd = d->results[i].fd, .events = POLLIN };
	return n;
}

static void
bell_drain(struct dispatcher *d)
{
	char bytes[64];

	while (read(d->bell[0], bytes, sizeof bytes) > 0)
		d->woken = true;
}

void
dispatcher_polled(struct dispatcher *d, const struct pollfd *fds, size_t n)
{
	/* By place first, as dispatcher_pollfds() filled them in; any order is understood. */
	for (size_t i = 0; i < n; i++) {
		if (fds[i].revents == 0 || fds[i].fd < 0)
			continue;
		if (i >= 3 && i - 3 < d->slots && d->results[i - 3].fd == fds[i].fd) {
			d->results[i - 3].hot = true;
			continue;
		}
		if (fds[i].fd == d->bell[0])
			bell_drain(d);
		for (unsigned j = 0; j < d->slots; j++)
			if (d->results[j].fd == fds[i].fd)
				d->results[j].hot = true;
		/* The socket and the job pipe are looked at in any case. */
	}
	deaths_check(d);
}

/* One round without waiting.  all: the caller is about to wait, packets go as full as they are. */
static void
round_once(struct dispatcher *d, bool all)
{
	results_read(d);
	if (d->recovering)
		deaths_recover(d, clock_now());
	if (d->failed)
		pool_fail(d);
	offers_send(d, all || offers_are_short(d));
}

static bool
anything_hot(const struct dispatcher *d)
{
	for (unsigned i = 0; i < d->slots; i++)
		if (d->results[i].hot)
			return true;
	return false;
}

/* Look at all descriptors, waiting for them until then. */
static void
poll_once(struct dispatcher *d, int64_t until)
{
	size_t n = dispatcher_pollfds(d, d->pollfds, SHARED_WORKERS_MAX + 3);
	int ms = until == 0 ? 0 : clock_poll_ms(until, clock_now());

	int ready = poll(d->pollfds, (nfds_t)n, ms);
	if (ready == 0 || (ready == -1 && errno == EINTR))
		return;
	/* No memory, or RLIMIT_NOFILE was lowered below n since: look at all of them, unasked. */
	for (size_t i = 0; ready == -1 && i < n; i++)
		d->pollfds[i].revents = POLLIN;
	for (unsigned i = 0; i < d->slots; i++)
		if (d->pollfds[i + 3].revents != 0)
			d->results[i].hot = true;
	if (d->pollfds[1].revents != 0)
		bell_drain(d);
	if (d->pollfds[0].revents != 0)
		deaths_check(d);
}

/*
 * Where jobs are short the answer is nearly there: give the processor to the workers for a moment before
 * going to sleep, which would cost them the waking.  True: there is something to read.
 */
static bool
spin(struct dispatcher *d)
{
	if (d->inflight_count == 0 || !d->spin)
		return false;
	int64_t until = clock_now() + SHARED_LINGER_NS;
	do {
		if (results_written(d))
			return true;
		(void)sched_yield();
	} while (clock_now() < until);
	return results_written(d);
}

void
dispatcher_pump(struct dispatcher *d, int64_t until)
{
	atomic_store_explicit(&d->control->jobs_wait, d->inflight_count + d->jobs.queued > 0,
	    memory_order_relaxed);
	round_once(d, false);
	bool busy = results_next(d) != NULL || anything_hot(d);
	if (busy && ++d->rounds % ROUNDS_UNPOLLED != 0)
		return;
	if (busy)
		until = 0;
	else
		offers_send(d, true);
	int64_t wake = clock_earlier(until, dispatcher_until(d));
	if (busy || wake == 0 || !spin(d) || ++d->rounds % ROUNDS_UNPOLLED == 0)
		poll_once(d, wake);
	int64_t now = clock_now();
	dispatcher_deadline_check(d, now);
	round_once(d, false);
	if (d->inflight_count > 0 &&
	    (now >= d->tick_at ||
		(d->jobs.queued == 0 && d->tick_at != CLOCK_NEVER &&
		    now - d->offered_at >= CLOCK_MS / 2)))
		tick(d, now);
	if (d->watch_stale && d->timed_jobs > 0)
		watch_renew(d);
}

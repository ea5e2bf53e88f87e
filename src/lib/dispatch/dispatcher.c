/* SPDX-License-Identifier: BSD-2-Clause */
/* Drives the caller's engine: one round after the other, and the wait in between. */
#include "config.h"
#include "lib/dispatch/dispatcher.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/dispatch/damage_watch.h"
#include "lib/dispatch/deaths.h"
#include "lib/dispatch/job_end.h"
#include "lib/dispatch/loop_fd.h"
#include "lib/dispatch/offers.h"
#include "lib/dispatch/results.h"
#include "lib/job/outcome.h"
#include "lib/os/clock.h"
#include "lib/os/fd.h"
#include "lib/os/heirloom.h"
#include "lib/os/os.h"

/* Poll interval while a dead supervisor's workers exit. */
#define RECOVER_POLL_NS (5 * CLOCK_MS)
/* The supervisor answers within this time. */
#define SUSPEND_NS (10 * CLOCK_S)
/* While results come in without a pause, poll the other descriptors every so many rounds. */
#define ROUNDS_UNPOLLED 16u
/* Where dispatcher_pollfds() puts which descriptor; the results pipes follow. */
enum { POLL_SUPERVISOR, POLL_BELL, POLL_JOB_PIPE, POLL_RESULTS };

static const char cancelled_text[] = OUTCOME_CANCELLED_QUEUED;

void
dispatcher_init(struct dispatcher *d, const struct dispatch_options *options)
{
	d->options = *options;
	d->job_pipe[0] = d->job_pipe[1] = d->bell[0] = d->bell[1] = -1;
	d->link.setup.worker.null = -1;
	d->arena.fd = d->values.spool.fd = d->link.socket = -1;
	d->out.next_ticket = d->ended.next_seq = 1;
	d->loop.deadline = CLOCK_NEVER;
	d->loop.fd = (struct loop_fd){ .fd = -1, .set = -1, .timer = -1 };
	tick_stop(&d->tick);
	STAILQ_INIT(&d->ended.ready);
}

int
dispatcher_allocate(struct dispatcher *d, uint32_t entries)
{
	d->loop.pollfds = calloc(SHARED_WORKERS_MAX + POLL_RESULTS, sizeof *d->loop.pollfds);
	d->out.inflight = calloc(entries / 64 + 1, sizeof *d->out.inflight);
	d->values.taken = calloc(SHARED_WORKERS_MAX, sizeof *d->values.taken);
	d->damage.seen = calloc(entries, sizeof *d->damage.seen);
	/* Jobs and results pass through these: no later fork may copy them. */
	d->out.packet = heirloom_private(2 * sizeof *d->out.packet);
	if (d->loop.pollfds == NULL || d->out.packet == NULL || d->out.inflight == NULL ||
	    d->values.taken == NULL || d->damage.seen == NULL ||
	    supervisor_link_init(&d->link, d->options.workers) == -1)
		return -1;
	d->in.packet = d->out.packet + 1;
	return job_table_init(&d->jobs, entries);
}

void
dispatcher_release(struct dispatcher *d)
{
	if (d->jobs.records != NULL)
		job_table_release(&d->jobs, &d->arena);
	supervisor_link_release(&d->link);
	loop_fd_close(d);
	free(d->out.inflight);
	if (d->out.packet != NULL)
		(void)munmap(d->out.packet, 2 * sizeof *d->out.packet);
	free(d->values.taken);
	free(d->damage.seen);
	free(d->loop.pollfds);
}

/* Look for results stuck behind a long job, and for jobs in a busy worker's packet. */
static void
stuck_check(struct dispatcher *d, int64_t now)
{
	results_peek(d);
	damage_look(d, now);
	if (!d->loop.suspended && offers_again(d, now))
		tick_back_off(&d->tick, now);
	else
		/* Each offered job runs: nothing to find until one ends, but for damage. */
		tick_rest(&d->tick, now);
}

/* Cancel a job that runs; true: its claim says now that it is cancelled.  at_once also takes the
   grace from a run that is being ended already, for whatever reason. */
static bool
cancel_run(struct dispatcher *d, struct job *job, bool at_once)
{
	claim_word *claim = shared_claim(d->shared, job->entry);
	uint64_t word = atomic_load(claim);
	unsigned worker = claim_worker(word), parity = claim_parity(word);

	job->max_attempts = job->attempts + 1; /* however this run ends, no other follows */
	if (claim_state(word) == CLAIM_CLAIMED && claim_ticket(word) == job->ticket &&
	    worker < d->link.slots &&
	    atomic_compare_exchange_strong(claim, &word,
		claim_make(job->ticket, worker, parity, CLAIM_CANCELLED))) {
		struct control_slot *slot = &d->control->slot[worker];
		atomic_store(at_once ? &slot->kill_ticket : &slot->cancel_ticket, job->ticket);
		supervisor_link_ring(&d->link);
		return true;
	}
	if (at_once &&
	    (claim_state(word) == CLAIM_CANCELLED || claim_state(word) == CLAIM_TIMED_OUT) &&
	    claim_ticket(word) == job->ticket && worker < d->link.slots) {
		atomic_store(&d->control->slot[worker].kill_ticket, job->ticket);
		supervisor_link_ring(&d->link);
	}
	return claim_state(word) == CLAIM_CANCELLED && claim_ticket(word) == job->ticket;
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
	job_message(&d->jobs, job, cancelled_text, sizeof cancelled_text - 1);
	job_end_finally(d, job, FORKPOOL_CANCELLED);
	return true;
}

size_t
dispatcher_cancel_all(struct dispatcher *d, enum forkpool_cancel what)
{
	struct job *job;
	size_t cancelled = 0;

	while ((job = job_table_pop(&d->jobs)) != NULL) {
		job_message(&d->jobs, job, cancelled_text, sizeof cancelled_text - 1);
		job_end_finally(d, job, FORKPOOL_CANCELLED);
		cancelled++;
	}
	/* First the jobs that do not run yet: a worker whose run is cancelled would take one. */
	INFLIGHT_FOREACH(d, entry)
		cancelled +=
		    dispatcher_cancel(d, job_table_at(&d->jobs, entry), FORKPOOL_CANCEL_QUEUED);
	if (what != FORKPOOL_CANCEL_QUEUED)
		INFLIGHT_FOREACH(d, entry)
			cancelled += dispatcher_cancel(d, job_table_at(&d->jobs, entry), what);
	return cancelled;
}

void
dispatcher_set_deadline(struct dispatcher *d, int64_t deadline, int64_t now)
{
	dispatcher_deadline_check(d, now); /* one that has passed is not lifted after the fact */
	d->loop.expired = false;
	if (d->loop.suspended) {
		d->loop.deadline_left = deadline == CLOCK_NEVER ? CLOCK_NEVER : deadline - now;
		deadline = CLOCK_NEVER;
	}
	d->loop.deadline = deadline;
	atomic_store(&d->shared->pool_deadline, deadline);
	atomic_store(&d->control->pool_deadline, deadline);
	supervisor_link_ring(&d->link);
	dispatcher_deadline_check(d, now);
}

void
dispatcher_deadline_check(struct dispatcher *d, int64_t now)
{
	if (d->loop.expired || now < d->loop.deadline)
		return;
	d->loop.expired = true;
	/* Only running jobs are left after this, and from here on nothing is tried again. */
	(void)dispatcher_cancel_all(d, FORKPOOL_CANCEL_RUNNING);
}

int
dispatcher_suspend(struct dispatcher *d, int64_t now)
{
	const int64_t until = clock_after(now, SUSPEND_NS);
	const int64_t left = d->loop.expired || d->loop.deadline == CLOCK_NEVER ?
	    CLOCK_NEVER : d->loop.deadline - now;

	d->loop.suspended = true;
	d->loop.suspended_at = now;
	d->loop.deadline_left = CLOCK_NEVER;
	if (left != CLOCK_NEVER) {
		dispatcher_set_deadline(d, CLOCK_NEVER, now);
		d->loop.deadline_left = left > 0 ? left : 0;
	}
	atomic_store(&d->shared->suspended, 1);
	uint32_t request = atomic_fetch_add(&d->control->suspend, 1) + 1;
	supervisor_link_ring(&d->link);
	/* Without a supervisor there is no worker either, and the next one begins with this. */
	while (d->link.socket != -1 && atomic_load(&d->control->suspended) != request) {
		struct pollfd fd = { .fd = d->link.socket, .events = POLLIN };
		if (clock_now() >= until) {
			dispatcher_resume(d, clock_now());
			errno = ETIMEDOUT;
			return -1;
		}
		(void)poll(&fd, 1, clock_poll_ms(until, clock_now()));
		deaths_check(d);
	}
	return 0;
}

void
dispatcher_resume(struct dispatcher *d, int64_t now)
{
	d->loop.suspended = false;
	damage_paused(d, now - d->loop.suspended_at);
	if (d->loop.deadline_left != CLOCK_NEVER)
		dispatcher_set_deadline(d, clock_after(now, d->loop.deadline_left), now);
	atomic_store(&d->shared->suspended, 0);
	os_word_wake(&d->shared->suspended);
	atomic_fetch_add(&d->control->suspend, 1);
	supervisor_link_ring(&d->link);
	tick_restart(&d->tick, now);
}

int64_t
dispatcher_until(const struct dispatcher *d)
{
	int64_t until = d->loop.expired ? CLOCK_NEVER : d->loop.deadline;

	if (d->out.inflight_count > 0)
		until = clock_earlier(until, d->tick.at);
	if (d->health.recovering) {
		until = clock_earlier(until, d->health.recover_until);
		until = clock_earlier(until, clock_after(clock_now(), RECOVER_POLL_NS));
	}
	return until;
}

size_t
dispatcher_pollfds(struct dispatcher *d, struct pollfd *fds, size_t capacity)
{
	int full_pipe = d->out.packet_len > 0 ? d->job_pipe[1] : -1;
	const struct pollfd few[POLL_RESULTS] = {
		[POLL_SUPERVISOR] = { .fd = d->link.socket, .events = POLLIN },
		[POLL_BELL] = { .fd = d->bell[0], .events = POLLIN },
		[POLL_JOB_PIPE] = { .fd = full_pipe, .events = POLLOUT },
	};
	size_t n = 0;

	for (unsigned i = 0; i < POLL_RESULTS; i++, n++)
		if (n < capacity)
			fds[n] = few[i];
	for (unsigned i = 0; i < d->link.slots; i++, n++)
		if (n < capacity)
			fds[n] = (struct pollfd){ .fd = d->link.results[i].fd, .events = POLLIN };
	return n;
}

static bool
anything_hot(const struct dispatcher *d)
{
	for (unsigned i = 0; i < d->link.slots; i++)
		if (d->link.results[i].hot)
			return true;
	return false;
}

static bool
has_work(const struct dispatcher *d)
{
	return job_next_ready(d) != NULL || (d->health.failed && d->jobs.queued > 0) ||
	    offers_are_due(d) || d->loop.unpolled || anything_hot(d);
}

void
dispatcher_settle(struct dispatcher *d)
{
	if (loop_fd_in_use(d))
		loop_fd_settle(d, has_work(d) ? 0 : dispatcher_until(d));
}

static void
bell_drain(struct dispatcher *d)
{
	if (fd_drop(d->bell[0]) > 0)
		d->loop.woken = true;
}

bool
dispatcher_take_wakeup(struct dispatcher *d)
{
	bool woken = d->loop.woken;

	d->loop.woken = false;
	return woken;
}

/* Something can be read from the descriptor of that name (loop_fd.h). */
static void
ready_take(struct dispatcher *d, uint32_t name)
{
	if (name < d->link.slots)
		results_pipe_set_hot(&d->link.results[name], true);
	else if (name == LOOP_BELL)
		bell_drain(d);
	else if (name == LOOP_SUPERVISOR)
		deaths_check(d);
}

/* The name of what dispatcher_pollfds() puts there. */
static uint32_t
name_at(size_t place)
{
	if (place >= POLL_RESULTS)
		return (uint32_t)(place - POLL_RESULTS);
	if (place == POLL_BELL)
		return LOOP_BELL;
	return place == POLL_SUPERVISOR ? LOOP_SUPERVISOR : LOOP_JOB_PIPE;
}

/* The name of a descriptor that the caller has waited for: most likely by its place, but any order
   is allowed. */
static uint32_t
name_of(const struct dispatcher *d, int fd, size_t place)
{
	uint32_t name = name_at(place);

	if (name < d->link.slots && d->link.results[name].fd == fd)
		return name;
	if (fd == d->bell[0])
		return LOOP_BELL;
	for (name = 0; name < d->link.slots; name++)
		if (d->link.results[name].fd == fd)
			return name;
	return LOOP_JOB_PIPE;
}

void
dispatcher_polled(struct dispatcher *d, const struct pollfd *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i].revents != 0 && fds[i].fd >= 0)
			ready_take(d, name_of(d, fds[i].fd, i));
	/* The socket and the job pipe are checked in any case. */
	deaths_check(d);
}

/* One round without waiting.  all: the caller is about to wait, so packets go that are not full. */
static void
round_once(struct dispatcher *d, bool all)
{
	results_read(d);
	if (d->health.recovering)
		deaths_recover(d, clock_now());
	if (d->health.failed)
		deaths_fail_jobs(d);
	offers_send(d, all || offers_are_short(d));
}

/* Ask for the ready ones alone, where there is a set of all descriptors.  False: there is none. */
static bool
events_take(struct dispatcher *d)
{
	uint32_t names[64];
	int n = loop_fd_ready(d, names, (int)(sizeof names / sizeof names[0]));

	for (int i = 0; i < n; i++)
		ready_take(d, names[i]);
	return n != -1;
}

/* Poll all descriptors, and wait for one of them until then. */
static void
poll_once(struct dispatcher *d, int64_t until)
{
	if (until == 0 && events_take(d))
		return;
	size_t n = dispatcher_pollfds(d, d->loop.pollfds, SHARED_WORKERS_MAX + POLL_RESULTS);
	int ms = until == 0 ? 0 : clock_poll_ms(until, clock_now());

	int ready = poll(d->loop.pollfds, (nfds_t)n, ms);
	if (ready == 0 || (ready == -1 && errno == EINTR))
		return;
	/* No memory, or RLIMIT_NOFILE was lowered below n since: take all of them for ready. */
	for (size_t i = 0; ready == -1 && i < n; i++)
		d->loop.pollfds[i].revents = POLLIN;
	for (size_t i = 0; i < n; i++)
		if (d->loop.pollfds[i].revents != 0)
			ready_take(d, name_at(i));
}

/*
 * Where jobs are short a result is about to come: give the processor to the workers for a moment
 * before going to sleep, since they would have to wake us.  True: there is something to read.
 */
static bool
spin(struct dispatcher *d)
{
	if (d->out.inflight_count == 0 || !d->out.spin)
		return false;
	int64_t until = clock_now() + SHARED_SPIN_NS;
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
	atomic_store_explicit(&d->control->jobs_wait, d->out.inflight_count + d->jobs.queued > 0,
	    memory_order_relaxed);
	round_once(d, false);
	bool busy = job_next_ready(d) != NULL || anything_hot(d);
	d->loop.unpolled = busy && ++d->loop.rounds % ROUNDS_UNPOLLED != 0;
	if (d->loop.unpolled)
		return;
	if (busy)
		until = 0;
	else
		offers_send(d, true);
	int64_t wake = clock_earlier(until, dispatcher_until(d));
	if (busy || wake == 0 || !spin(d) || ++d->loop.rounds % ROUNDS_UNPOLLED == 0)
		poll_once(d, wake);
	int64_t now = clock_now();
	dispatcher_deadline_check(d, now);
	round_once(d, false);
	/* With an empty queue, do not wait for the tick to share out busy workers' packets. */
	bool early = d->jobs.queued == 0 && !d->tick.rests &&
	    now - d->out.offered_at >= CLOCK_MS / 2;
	if (d->out.inflight_count > 0 && (now >= d->tick.at || early))
		stuck_check(d, now);
	if (d->watch.stale && d->watch.jobs > 0)
		timeout_watch_renew(d);
}

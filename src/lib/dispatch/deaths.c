/* SPDX-License-Identifier: BSD-2-Clause */
/* What became of workers, and of the supervisor. */
#include "config.h"
#include "lib/dispatch/deaths.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/dispatch/job_end.h"
#include "lib/dispatch/offers.h"
#include "lib/dispatch/result_value.h"
#include "lib/dispatch/results.h"
#include "lib/job/crash.h"
#include "lib/job/outcome.h"
#include "lib/os/usdt.h"
#include "lib/sandbox/limits.h"

/* Workers end with their supervisor at once (parent-death signal).  For a descendant of a job that
   holds a pipe open we wait no longer than this. */
#define RECOVER_NS   CLOCK_S
#define RESTARTS_MAX 8u

/* The limit that ended a worker; for its memory only its own note tells. */
static enum forkpool_limit
limit_of(const struct dispatcher *d, const struct obituary *o, const struct crash_note *note)
{
	const struct forkpool_limits *limits = &d->link.setup.worker.limits;
	enum forkpool_limit limit = outcome_limit_of_signal(limits, o->wait_status, note);

	if (limit != FORKPOOL_LIMIT_NONE || !WIFSIGNALED(o->wait_status))
		return limit;
	return limits->memory > 0 && (atomic_load(&note->met) & 1u << FORKPOOL_LIMIT_MEMORY) != 0 ?
	    FORKPOOL_LIMIT_MEMORY : FORKPOOL_LIMIT_NONE;
}

/* Fetch from the spool what the run had printed. */
static void
victim_output(struct dispatcher *d, const struct job *job, struct job_details *details,
    const struct obituary *o)
{
	unsigned parity = o->generation & 1;
	uint64_t at = spool_last_output(&d->values.spool, job->worker, parity);

	if (o->output_len == 0 || o->output_len > d->options.output_max)
		return;
	details->output = spool_fetch(d, job->worker, parity, at, o->output_len);
	if (details->output != NULL)
		details->output_len = (size_t)o->output_len;
}

static void
victim_describe(struct dispatcher *d, struct job *job, const struct obituary *o,
    const struct crash_note *note, enum forkpool_outcome outcome, enum forkpool_limit limit)
{
	char text[256], status[100];
	size_t place = 0;
	struct job_details *details = job_details(&d->jobs, job);

	if (details == NULL)
		return; /* no memory: the outcome and the status tell, without words */
	details->limit = limit;
	(void)outcome_status_text(o->wait_status, status, sizeof status);
	if (outcome == FORKPOOL_LOST && o->for_cause)
		(void)strlcpy(text, "its worker was ended: what it sent or wrote was damaged",
		    sizeof text);
	else
		place = outcome_message(text, sizeof text, outcome, limit,
		    atomic_load(&note->stack_full) != 0, status);
	if (outcome == FORKPOOL_CRASHED || outcome == FORKPOOL_OVER_LIMIT) {
		uint64_t address[SHARED_CRASH_FRAMES];
		job_frames(details, &d->jobs, address, crash_note_frames(note, address), place);
	}
	if (o->output_lost > 0)
		outcome_add_output_lost(text, sizeof text, o->output_lost);
	job_message(&d->jobs, job, text, strlen(text));
	victim_output(d, job, details, o);
}

/* Take back a job that a dead process had claimed: what is known of its run in any case. */
static void
victim_take(struct dispatcher *d, struct job *job, unsigned worker, pid_t pid)
{
	inflight_remove(d, job);
	job_reset_result(job);
	atomic_store(shared_claim(d->shared, job->entry), CLAIM_FREE);
	job->attempts++;
	job->worker = worker;
	job->pid = pid;
}

static void
victim_end(struct dispatcher *d, struct job *job, uint64_t word, unsigned worker,
    const struct obituary *o)
{
	const struct crash_note *note = &shared_slot(d->shared, worker)->crash[o->generation & 1];
	enum forkpool_outcome outcome = outcome_of_claim(claim_state(word));
	enum forkpool_limit limit = FORKPOOL_LIMIT_NONE;
	bool own_process = jobs_have_own_process(&d->link.setup.worker);
	/* The job had finished, but its result did not arrive. */
	bool result_lost = claim_state(word) == CLAIM_DONE && o->run_ticket != job->ticket;

	victim_take(d, job, worker, o->pid);
	if (o->run_ticket == job->ticket && clock_can_be(o->run_started)) {
		job->started_ns = o->run_started;
		job->run_ns = clock_since(o->run_started, o->ended_ns);
	}
	if (outcome == FORKPOOL_OK && o->over_memory && o->run_ticket == job->ticket) {
		limit = FORKPOOL_LIMIT_MEMORY;
		outcome = FORKPOOL_OVER_LIMIT;
	} else if (outcome == FORKPOOL_OK && (own_process || o->for_cause || result_lost)) {
		outcome = FORKPOOL_LOST;
	} else if (outcome == FORKPOOL_OK) {
		limit = limit_of(d, o, note);
		outcome = outcome_of_death(o->wait_status, limit);
	}
	if (own_process && outcome != FORKPOOL_OVER_LIMIT) {
		/* The job's process went with its worker: its own end is not known. */
	} else if (WIFSIGNALED(o->wait_status)) {
		job->end.signal = WTERMSIG(o->wait_status);
		job->core_dumped = WCOREDUMP(o->wait_status) != 0;
	} else if (outcome != FORKPOOL_LOST) {
		job->end.exit_code = WEXITSTATUS(o->wait_status);
	}
	victim_describe(d, job, o, note, outcome, limit);
	job_tell_core(d, job);
	job_end(d, job, outcome);
}

/* The same where the supervisor was killed before it could say how the worker ended. */
static void
victim_end_unheard(struct dispatcher *d, struct job *job, uint64_t word, unsigned worker,
    unsigned parity)
{
	static const char text[] = "the pool's supervisor was killed while it ran";
	enum forkpool_outcome outcome = outcome_of_claim(claim_state(word));

	victim_take(d, job, worker, atomic_load(&d->control->slot[worker].last_pid[parity]));
	job_message(&d->jobs, job, text, sizeof text - 1);
	job_end(d, job, outcome != FORKPOOL_OK ? outcome : FORKPOOL_LOST);
}

/* A process has ended, and its pipe has been read: take the results that it had finished, and end
   the jobs that it had claimed.  o == NULL: the supervisor was killed before it could say how. */
static void
victims_collect(struct dispatcher *d, unsigned worker, uint32_t generation,
    const struct obituary *o)
{
	unsigned parity = generation & 1;
	struct wire_packet *packet = d->in.packet;
	size_t n = outbox_copy(&shared_slot(d->shared, worker)->outbox[parity], packet, worker,
	    generation);

	if (n > 0)
		results_absorb(d, worker, packet, n);
	value_fetch(d); /* another process will write to its place in the spool */
	spool_taken_forget(d, worker, parity);
	INFLIGHT_FOREACH(d, entry) {
		struct job *job = job_table_at(&d->jobs, entry);
		uint64_t word = atomic_load(shared_claim(d->shared, entry));
		if (claim_ticket(word) != job->ticket || !claim_is_by(word, worker, parity))
			continue;
		if (o != NULL)
			victim_end(d, job, word, worker, o);
		else
			victim_end_unheard(d, job, word, worker, parity);
	}
}

static PROBE_ONCE void
death_heard(unsigned worker, pid_t pid, int status)
{
	PROBE_WORKER_DEATH(worker, pid, status);
}

/* Read the obituaries of one slot's processes, the older one's first. */
static void
slot_check(struct dispatcher *d, unsigned worker)
{
	struct control_slot *slot = &d->control->slot[worker];

	for (;;) {
		struct obituary *o = NULL;
		for (unsigned parity = 0; parity < 2; parity++) {
			struct obituary *other = &slot->obituary[parity];
			if (atomic_load(&other->full) &&
			    (o == NULL || (int32_t)(other->generation - o->generation) < 0))
				o = other;
		}
		if (o == NULL)
			return;
		death_heard(worker, o->pid, o->wait_status);
		results_drain(d, worker, o->generation);
		victims_collect(d, worker, o->generation, o);
		atomic_store(&o->full, 0);
		if (atomic_load(&slot->pid) == 0)
			supervisor_link_ring(&d->link); /* it may have waited for the room */
		/* Offer soon again what the process had read and not claimed. */
		tick_restart(&d->tick, clock_now());
	}
}

void
deaths_fail_jobs(struct dispatcher *d)
{
	struct job *job;
	const char *text = d->health.failure_text;
	size_t len = strlen(text);

	while ((job = job_table_pop(&d->jobs)) != NULL) {
		job_message(&d->jobs, job, text, len);
		job_end_finally(d, job, FORKPOOL_LOST);
	}
	INFLIGHT_FOREACH(d, entry) {
		job = job_table_at(&d->jobs, entry);
		if (!offer_revoke(d, job))
			continue; /* it still runs: we will hear of its worker */
		job_message(&d->jobs, job, text, len);
		job_end_finally(d, job, FORKPOOL_LOST);
	}
}

static void pool_fail(struct dispatcher *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
pool_fail(struct dispatcher *d, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(d->health.failure_text, sizeof d->health.failure_text, format, arguments);
	va_end(arguments);
	d->health.failed = true;
	deaths_fail_jobs(d);
}

/* The supervisor says that it can have no workers any more. */
static void
failure_check(struct dispatcher *d)
{
	enum control_failure failure = atomic_load(&d->control->failure);
	int error = atomic_load(&d->control->failure_error);
	char status[100];

	if (failure == CONTROL_WORKS || d->health.failed)
		return;
	switch (failure) {
	case CONTROL_FORK_FAILS:
		pool_fail(d, "no worker could be started any more: %s", strerror(error));
		break;
	case CONTROL_INIT_FAILS:
		pool_fail(d, "no worker came up: worker_init() failed: %s", strerror(error));
		break;
	case CONTROL_INIT_LATE:
		pool_fail(d, "no worker came up: worker_init() did not return within %.3g s",
		    (double)d->link.setup.worker.init_timeout_ns / (double)CLOCK_S);
		break;
	case CONTROL_BROKEN:
		pool_fail(d, "no worker came up: its limits or output could not be set up: %s",
		    strerror(error));
		break;
	default:
		pool_fail(d, "workers die before they have run anything: %s",
		    outcome_status_text(error, status, sizeof status));
	}
}

static void
supervisor_lost(struct dispatcher *d)
{
	supervisor_link_lost(&d->link);
	d->health.recovering = true;
	d->health.killed = false;
	d->health.recover_until = clock_after(clock_now(), RECOVER_NS);
	d->health.workers_started += atomic_load(&d->control->workers_started);
	d->health.workers_died += atomic_load(&d->control->workers_died);
	for (unsigned i = 0; i < d->link.slots; i++) {
		pid_t pid = atomic_load(&d->control->slot[i].pid);
		if (pid == 0)
			continue;
		d->health.workers_died++;
		death_heard(i, pid, -1);
	}
}

void
deaths_check(struct dispatcher *d)
{
	int heard;

	if (d->link.socket == -1)
		return;
	heard = supervisor_link_hear(&d->link);
	atomic_store(&d->control->parent_rung, 0);
	for (unsigned i = 0; i < d->link.slots; i++)
		slot_check(d, i);
	failure_check(d);
	if (heard == -1)
		supervisor_lost(d);
}

/* Kill the workers that escaped their parent-death signal.  While the pipe is open, by the worker
   or by a descendant of a job, the pid is most likely still the worker's. */
static void
workers_kill(const struct dispatcher *d)
{
	for (unsigned i = 0; i < d->link.slots; i++) {
		pid_t pid = atomic_load(&d->control->slot[i].pid);
		if (d->link.results[i].fd != -1 && pid > 0 && getsid(pid) == pid)
			(void)kill(pid, SIGKILL);
	}
}

void
deaths_recover(struct dispatcher *d, int64_t now)
{
	bool open = false; /* a worker, or a process that it left behind, lives */

	for (unsigned i = 0; i < d->link.slots; i++) {
		results_drain_all(d, i); /* to the end of the pipe, if its last writer is gone */
		open |= d->link.results[i].fd != -1;
	}
	if (open && now < d->health.recover_until)
		return; /* until each has ended */
	if (open && !d->health.killed) {
		workers_kill(d);
		d->health.killed = true;
		d->health.recover_until = clock_after(now, RECOVER_NS);
		return;
	}
	for (unsigned i = 0; i < d->link.slots; i++) {
		uint32_t generation = atomic_load(&d->control->slot[i].generation);
		supervisor_link_close_pipe(&d->link, i);
		slot_check(d, i); /* deaths that the supervisor had still seen */
		if (generation == 0)
			continue;
		victims_collect(d, i, generation - 1, NULL);
		victims_collect(d, i, generation, NULL);
	}
	d->health.recovering = false;
	if (d->in.taken != d->health.taken_before)
		d->health.restarts = 0;
	d->health.taken_before = d->in.taken;
	if (++d->health.restarts > RESTARTS_MAX)
		pool_fail(d, "the pool's supervisor is killed again and again");
	else if (supervisor_link_restart(&d->link) == -1)
		pool_fail(d, "%s", d->link.error_text);
	tick_restart(&d->tick, now);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "lib/dispatch/deaths.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/dispatch/offers.h"
#include "lib/dispatch/results.h"
#include "lib/ipc/packet_pipe.h"
#include "lib/job/crash.h"
#include "lib/job/mailbox.h"
#include "lib/job/outcome.h"
#include "lib/os/fd.h"
#include "lib/os/os.h"
#include "lib/os/usdt.h"
#include "lib/sandbox/limits.h"

/* Workers end with their supervisor at once (parent-death signal); a descendant of a job that
   holds a pipe open is not waited for longer than this. */
#define RECOVER_NS   CLOCK_S
#define RESTARTS_MAX 8u
/* For the supervisor to take a descriptor. */
#define PASS_MS      2000

/* The limit that ended a worker; for its memory only its own note tells. */
static enum limit
limit_of(const struct dispatcher *d, const struct obituary *o, const struct crash_note *note)
{
	const struct forkpool_limits *limits = &d->setup.worker.limits;
	enum limit limit = outcome_limit_of_signal(limits, o->wait_status, note);

	if (limit != LIMIT_NONE || !WIFSIGNALED(o->wait_status) || atomic_load(&note->stack_full))
		return limit;
	return limits->memory > 0 && (atomic_load(&note->met) & 1u << LIMIT_MEMORY) != 0 ?
	    LIMIT_MEMORY : LIMIT_NONE;
}

/* Fetch from the spool what the run had printed. */
static void
victim_output(struct dispatcher *d, const struct job *job, struct job_details *details,
    const struct obituary *o)
{
	unsigned parity = o->generation & 1;
	size_t len = (size_t)o->output_len;
	uint64_t at = spool_last_output(&d->spool, job->worker, parity);

	if (o->output_len == 0 || o->output_len > d->output_max)
		return;
	details->output = malloc(len + 1);
	if (details->output != NULL &&
	    spool_read(&d->values, job->worker, parity, at, details->output, len) == 0) {
		details->output_len = len;
		details->output[len] = '\0';
	}
}

static void
victim_describe(struct dispatcher *d, struct job *job, const struct obituary *o,
    const struct crash_note *note, enum forkpool_outcome outcome, enum limit limit)
{
	char text[256], status[100];
	struct job_details *details = job_details(job);

	if (details == NULL)
		return; /* no memory: the outcome and the status tell, without words */
	details->limit = limit_name(limit);
	if (outcome == FORKPOOL_CRASHED || outcome == FORKPOOL_OVER_LIMIT) {
		uint64_t address[SHARED_CRASH_FRAMES];
		details->backtrace = crash_backtrace(address, crash_note_frames(note, address));
	}
	(void)outcome_status_text(o->wait_status, status, sizeof status);
	if (outcome == FORKPOOL_LOST && o->for_cause)
		(void)strlcpy(text, "its worker was ended: it sent what no worker may send",
		    sizeof text);
	else
		outcome_message(text, sizeof text, outcome, limit,
		    atomic_load(&note->stack_full) != 0, status);
	if (o->output_lost > 0)
		outcome_add_output_lost(text, sizeof text, o->output_lost);
	job_message(job, text, strlen(text));
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
	enum limit limit = LIMIT_NONE;
	bool own_process = jobs_have_own_process(&d->setup.worker);
	/* The job had finished, but its result did not arrive. */
	bool result_lost = claim_state(word) == CLAIM_DONE && o->run_ticket != job->ticket;

	victim_take(d, job, worker, o->pid);
	if (o->run_ticket == job->ticket) {
		job->started_ns = o->run_started;
		job->run_ns = o->ended_ns > o->run_started ? o->ended_ns - o->run_started : 0;
	}
	if (outcome == FORKPOOL_OK && (own_process || o->for_cause || result_lost)) {
		outcome = FORKPOOL_LOST;
	} else if (outcome == FORKPOOL_OK) {
		limit = limit_of(d, o, note);
		outcome = outcome_of_death(o->wait_status, limit);
	}
	if (own_process) {
		/* The job's process went with its worker: its own end is not known. */
	} else if (WIFSIGNALED(o->wait_status)) {
		job->end.signal = WTERMSIG(o->wait_status);
		job->core_dumped = WCOREDUMP(o->wait_status) != 0;
	} else if (outcome != FORKPOOL_LOST) {
		job->end.exit_code = WEXITSTATUS(o->wait_status);
	}
	victim_describe(d, job, o, note, outcome, limit);
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
	job_message(job, text, sizeof text - 1);
	job_end(d, job, outcome != FORKPOOL_OK ? outcome : FORKPOOL_LOST);
}

/* A process has ended, and its pipe has been read: take the results that it had finished, and end the
   jobs that it had claimed.  o == NULL: the supervisor was killed before it could say how. */
static void
victims_collect(struct dispatcher *d, unsigned worker, uint32_t generation,
    const struct obituary *o)
{
	unsigned parity = generation & 1;
	struct wire_packet packet;
	size_t n = outbox_copy(&shared_slot(d->shared, worker)->outbox[parity], &packet, worker,
	    generation);

	if (n > 0)
		results_absorb(d, worker, &packet, n);
	value_fetch(d); /* another process will write to its place in the spool */
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

/* The last words of one slot's processes, the older one's first. */
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
			supervisor_ring(d); /* it may have waited for that */
		/* What it had read and not claimed is offered again soon. */
		d->tick_span = CLOCK_MS;
		d->tick_at = clock_now();
	}
}

void
pool_fail(struct dispatcher *d)
{
	struct job *job;
	size_t len = strlen(d->failure_text);

	d->failed = true;
	while ((job = job_table_pop(&d->jobs)) != NULL) {
		job_message(job, d->failure_text, len);
		job_end_finally(d, job, FORKPOOL_LOST);
	}
	INFLIGHT_FOREACH(d, entry) {
		job = job_table_at(&d->jobs, entry);
		if (!offer_revoke(d, job))
			continue; /* it runs still: its worker will be heard of */
		job_message(job, d->failure_text, len);
		job_end_finally(d, job, FORKPOOL_LOST);
	}
}

static void
failure_check(struct dispatcher *d)
{
	enum control_failure failure = atomic_load(&d->control->failure);
	int error = atomic_load(&d->control->failure_error);
	char status[100];

	if (failure == CONTROL_WORKS || d->failed)
		return;
	switch (failure) {
	case CONTROL_FORK_FAILS:
		(void)snprintf(d->failure_text, sizeof d->failure_text,
		    "no worker could be started any more: %s", strerror(error));
		break;
	case CONTROL_INIT_FAILS:
		(void)snprintf(d->failure_text, sizeof d->failure_text,
		    "no worker came up: worker_init() failed: %s", strerror(error));
		break;
	case CONTROL_BROKEN:
		(void)snprintf(d->failure_text, sizeof d->failure_text,
		    "no worker came up: its limits or output "
		    "could not be set up: %s",
		    strerror(error));
		break;
	default:
		(void)snprintf(d->failure_text, sizeof d->failure_text,
		    "workers die before they have run anything: %s",
		    outcome_status_text(error, status, sizeof status));
	}
	pool_fail(d);
}

static void
supervisor_lost(struct dispatcher *d)
{
	int status;

	fd_close(&d->socket);
	/* Only while it is still unreaped is the number surely its own: a waitpid(-1) of the caller's
	   may have taken it. */
	if (d->supervisor != 0 && waitpid(d->supervisor, &status, WNOHANG) == 0) {
		(void)kill(d->supervisor, SIGKILL);
		while (waitpid(d->supervisor, &status, 0) == -1 && errno == EINTR)
			continue;
	}
	d->supervisor = 0;
	d->recovering = true;
	d->recover_killed = false;
	d->recover_until = clock_after(clock_now(), RECOVER_NS);
	d->started_before += atomic_load(&d->control->workers_started);
	d->died_before += atomic_load(&d->control->workers_died);
	for (unsigned i = 0; i < d->slots; i++) {
		pid_t pid = atomic_load(&d->control->slot[i].pid);
		if (pid == 0)
			continue;
		d->died_before++;
		death_heard(i, pid, -1);
	}
}

void
deaths_check(struct dispatcher *d)
{
	int heard = 1, passed;

	if (d->socket == -1)
		return;
	while ((heard = fd_heard(d->socket, &passed)) == 1)
		if (passed != -1)
			(void)close(passed);
	atomic_store(&d->control->parent_rung, 0);
	for (unsigned i = 0; i < d->slots; i++)
		slot_check(d, i);
	failure_check(d);
	if (heard == -1)
		supervisor_lost(d);
}

static int
begin_failed(struct dispatcher *d, const char *step)
{
	int error = errno;

	(void)snprintf(d->failure_text, sizeof d->failure_text, "%s: %s", step, strerror(error));
	errno = error;
	return -1;
}

/*
 * A job's process ends a moment after its worker, and one that got out of its parent-death signal does not: with the
 * supervisor dead nobody can tell when it is gone.  It keeps its window, and the next workers have others.
 */
static int
mailboxes_renew(struct dispatcher *d)
{
	struct mailbox *mailboxes;

	if (!jobs_have_own_process(&d->setup.worker))
		return 0;
	if ((mailboxes = mailboxes_create()) == NULL)
		return begin_failed(d, "cannot map memory to share with the jobs' processes");
	mailboxes_destroy(d->setup.worker.mailboxes);
	d->setup.worker.mailboxes = mailboxes;
	return 0;
}

void
deaths_recover(struct dispatcher *d, int64_t now)
{
	bool open = false; /* a worker, or what it left behind, lives */

	for (unsigned i = 0; i < d->slots; i++) {
		results_drain_all(d, i); /* to the end, if its last writer is gone */
		open |= d->results[i].fd != -1;
	}
	if (open && now < d->recover_until)
		return; /* until each has ended */
	if (open && !d->recover_killed) {
		/* A worker that got out of its parent-death signal, or a descendant of a job: while the
		   pipe is open the number is most likely still the worker's. */
		for (unsigned i = 0; i < d->slots; i++)
			if (d->results[i].fd != -1 && atomic_load(&d->control->slot[i].pid) > 0 &&
			    getsid(atomic_load(&d->control->slot[i].pid)) ==
				atomic_load(&d->control->slot[i].pid))
				(void)kill(atomic_load(&d->control->slot[i].pid), SIGKILL);
		d->recover_killed = true;
		d->recover_until = clock_after(now, RECOVER_NS);
		return;
	}
	for (unsigned i = 0; i < d->slots; i++) {
		uint32_t generation = atomic_load(&d->control->slot[i].generation);
		fd_close(&d->results[i].fd);
		slot_check(d, i); /* what the supervisor had still seen */
		if (generation == 0)
			continue;
		victims_collect(d, i, generation - 1, NULL);
		victims_collect(d, i, generation, NULL);
	}
	d->recovering = false;
	if (++d->restarts > RESTARTS_MAX) {
		(void)snprintf(d->failure_text, sizeof d->failure_text,
		    "the pool's supervisor is killed again and again");
		pool_fail(d);
	} else if (mailboxes_renew(d) == -1 || supervisor_begin(d) == -1) {
		pool_fail(d);
	}
	d->tick_at = now;
}

/* There is no supervisor at this moment: the next one gets them all. */
static int
slots_put_off(struct dispatcher *d, unsigned slots)
{
	while (d->slots < slots)
		d->results[d->slots++].fd = -1;
	return 0;
}

int
slots_extend(struct dispatcher *d, unsigned slots)
{
	if (d->socket == -1)
		return slots_put_off(d, slots);
	while (d->slots < slots) {
		int fds[2], sent;
		if (packet_pipe_open(fds) == -1)
			return -1;
		if (fd_set_nonblocking(fds[0], 1) == -1) {
			fd_close(&fds[0]);
			fd_close(&fds[1]);
			return -1;
		}
		while ((sent = fd_ring_with(d->socket, fds[1])) == 0) {
			/* Many at once: the supervisor takes them as fast as they come. */
			struct pollfd room = { .fd = d->socket, .events = POLLOUT };
			if (poll(&room, 1, PASS_MS) == 0) {
				errno = ETIMEDOUT;
				sent = -1;
				break;
			}
		}
		fd_close(&fds[1]);
		if (sent == -1) {
			fd_close(&fds[0]);
			/* Where it has been killed, deaths_look() will hear of it. */
			return errno == EPIPE || errno == ECONNRESET ? slots_put_off(d, slots) : -1;
		}
		d->results[d->slots] =
		    (struct results_pipe){ .fd = fds[0], .packets = results_count(d, d->slots) };
		d->slots++;
	}
	return 0;
}

int
supervisor_begin(struct dispatcher *d)
{
	int pair[2];
	unsigned slots = d->slots;

	control_restart(d->control);
	if (fd_socketpair(pair) == -1)
		return begin_failed(d, "cannot make the socket pair to the supervisor");
	d->setup.socket = pair[1];
	d->setup.worker.fd_base = fd_above_all();
	d->supervisor = supervisor_start(&d->setup);
	fd_close(&pair[1]);
	if (d->supervisor == -1) {
		d->supervisor = 0;
		fd_close(&pair[0]);
		return begin_failed(d, "cannot fork the supervisor");
	}
	d->socket = pair[0];
	d->slots = 0;
	if (slots_extend(d, slots) == 0)
		return 0;
	(void)begin_failed(d,
	    errno == EMFILE || errno == ENFILE ?
		"cannot make a results pipe for each worker (RLIMIT_NOFILE)" :
		"cannot make a results pipe for each worker");
	for (unsigned i = d->slots; i < slots; i++)
		d->results[i].fd = -1;
	d->slots = slots;
	return -1;
}

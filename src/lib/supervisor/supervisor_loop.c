/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "lib/supervisor/supervisor_loop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/job/stdio_capture.h"
#include "lib/os/clock.h"
#include "lib/os/fd.h"
#include "lib/supervisor/orphans.h"

/* Workers that die without having run anything: so many in a row, and no worker left that works,
   is a crash loop.  The pause doubles from PAUSE_MIN to PAUSE_MAX. */
#define FUTILE_MAX 10
#define PAUSE_MIN  CLOCK_MS
#define PAUSE_MAX  CLOCK_S
/* An expired run that is not claimed yet, or one started at the pool's deadline: look again. */
#define RECHECK_NS (2 * CLOCK_MS)
/* How often it is looked whether they are gone. */
#define ORPHANS_NS CLOCK_MS
/* How often captured output is held against its cap while runs go on. */
#define TRIM_NS    (50 * CLOCK_MS)

static _Noreturn void
supervisor_end(struct supervisor *s)
{
	for (unsigned i = 0; i < s->slots; i++)
		if (s->process[i].pid != 0)
			(void)kill(s->process[i].pid, SIGKILL);
	/* Workers, then whatever they leave behind, until there is no child any more. */
	for (unsigned i = 0; i < s->slots; i++)
		while (s->process[i].pid != 0 && waitpid(s->process[i].pid, NULL, 0) == -1 &&
		    errno == EINTR)
			continue;
	unsigned slots = s->slots;
	s->slots = s->alive = 0;
	while (orphans_kill(s) == 0)
		if (waitpid(-1, NULL, 0) == -1 && errno == ECHILD)
			break;
	cgroup_remove(&s->setup->worker.sandbox.cgroup, slots);
	_exit(0);
}

static int64_t
pause_after(unsigned failures)
{
	int64_t pause = PAUSE_MIN;

	while (failures-- > 1 && pause < PAUSE_MAX)
		pause *= 2;
	return pause < PAUSE_MAX ? pause : PAUSE_MAX;
}

static int
is_wanted(const struct supervisor *s, unsigned index)
{
	return !atomic_load(&s->control->stop) && index < atomic_load(&s->control->workers_wanted);
}

/* All runs of all workers, to see whether any was started since the last look. */
static uint64_t
runs_total(const struct supervisor *s)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < s->slots; i++)
		total += atomic_load_explicit(&shared_slot(s->setup->worker.shared, i)->runs,
		    memory_order_relaxed);
	return total;
}

static int
anyone_works(const struct supervisor *s)
{
	for (unsigned i = 0; i < s->slots; i++)
		if (s->process[i].pid != 0 &&
		    atomic_load(&shared_slot(s->setup->worker.shared, i)->ready))
			return 1;
	return 0;
}

/* One more start that led nowhere: wait before the next, and give up where nothing else works. */
static void
start_was_futile(struct supervisor *s, unsigned index, enum control_failure kind, int error)
{
	uint64_t runs = runs_total(s);

	if (!s->is_up && s->setup->first && kind == CONTROL_FORK_FAILS) {
		/* One and all, or the pool does not open. */
		atomic_store(&s->control->failure_error, error);
		atomic_store(&s->control->started, 2);
		(void)control_ring_parent(s->control, s->env.socket);
		supervisor_end(s);
	}
	if (runs != s->runs_seen)
		s->futile = 0;
	s->runs_seen = runs;
	s->futile++;
	s->process[index].until = clock_after(s->env.now, pause_after(s->futile));
	/* Idle workers that somebody kills are no crash loop while nobody waits for a job. */
	int in_vain = kind != CONTROL_WORKERS_DIE || atomic_load(&s->control->jobs_wait);
	if (in_vain && s->futile > FUTILE_MAX + s->slots && !anyone_works(s)) {
		atomic_store(&s->control->failure_error, error);
		atomic_store(&s->control->failure, kind);
		(void)control_ring_parent(s->control, s->env.socket);
	}
}

static void
process_event(struct supervisor *s, unsigned index, enum process_event event)
{
	struct worker_process *p = &s->process[index];
	pid_t before = p->pid;
	int error = process_handle(&s->env, p, index, event);

	if (p->pid != 0 && before == 0)
		s->alive++;
	if (error != 0)
		start_was_futile(s, index, CONTROL_FORK_FAILS, error);
}

/* Have the slot filled, if it is to be and nothing speaks against it now. */
static void
process_refill(struct supervisor *s, unsigned index)
{
	struct worker_process *p = &s->process[index];

	if (!is_wanted(s, index)) {
		process_event(s, index, EVENT_LEAVE);
		return;
	}
	if (atomic_load(&s->control->failure) != CONTROL_WORKS ||
	    (p->until != CLOCK_NEVER && p->until > s->env.now))
		return;
	if (orphans_hold_mailbox(s)) {
		p->until = clock_after(s->env.now, ORPHANS_NS);
		return;
	}
	process_event(s, index, EVENT_WANTED);
}

static void
worker_died(struct supervisor *s, unsigned index)
{
	struct worker_process *p = &s->process[index];
	unsigned parity = p->generation & 1;

	s->alive--;
	int useful = process_reap(&s->env, p, index);
	if (useful) {
		p->until = CLOCK_NEVER;
	} else {
		struct crash_note *note =
		    &shared_slot(s->setup->worker.shared, index)->crash[parity];
		int left = atomic_load(&note->left);
		if (left == LEAVE_INIT_FAILED)
			start_was_futile(s, index, CONTROL_INIT_FAILS, atomic_load(&note->error));
		else if (left == LEAVE_SETUP_FAILED)
			start_was_futile(s, index, CONTROL_BROKEN, atomic_load(&note->error));
		else
			start_was_futile(s, index, CONTROL_WORKERS_DIE,
			    s->control->slot[index].obituary[parity].wait_status);
	}
	process_refill(s, index);
	s->orphans_due = 1;
}

static void
children_check(struct supervisor *s)
{
	siginfo_t info;

	for (;;) {
		memset(&info, 0, sizeof info);
		if (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WCONTINUED | WNOHANG | WNOWAIT) ==
		    -1) {
			if (errno == EINTR)
				continue;
			break;
		}
		if (info.si_pid == 0)
			break;
		unsigned i = 0;
		while (i < s->slots && s->process[i].pid != info.si_pid)
			i++;
		int ended = info.si_code == CLD_EXITED || info.si_code == CLD_KILLED ||
		    info.si_code == CLD_DUMPED;
		if (ended && i < s->slots) {
			worker_died(s, i);
			continue;
		}
		/* An orphan of a job's, or a stop: take the report. */
		(void)waitid(P_PID, (id_t)info.si_pid, &info,
		    WEXITED | WSTOPPED | WCONTINUED | WNOHANG);
		if (i == s->slots) {
			s->orphans_due = 1;
		} else if (!ended) {
			s->process[i].is_stopped = info.si_code == CLD_STOPPED;
			if (info.si_code == CLD_STOPPED)
				process_event(s, i, EVENT_STOPPED);
		}
	}
	if (s->orphans_due)
		(void)orphans_kill(s);
}

/* Whether the parent has asked for the end of the run that is under way there. */
static int
end_is_asked(struct supervisor *s, unsigned index, _Atomic uint64_t *request)
{
	struct worker_process *p = &s->process[index];
	uint64_t ticket = atomic_load_explicit(request, memory_order_relaxed);

	if (ticket == 0 || !atomic_compare_exchange_strong(request, &ticket, 0) || p->pid == 0 ||
	    process_claim(&s->env, p, index, ticket) == NULL)
		return 0;
	p->asked = ticket;
	return 1;
}

/* What the parent has asked for since the last look. */
static void
requests_check(struct supervisor *s)
{
	unsigned wanted = atomic_load(&s->control->workers_wanted);
	int stop = (int)atomic_load(&s->control->stop);

	for (unsigned i = 0; i < s->slots; i++) {
		struct worker_process *p = &s->process[i];
		struct control_slot *slot = &s->control->slot[i];
		if (end_is_asked(s, i, &slot->cancel_ticket))
			process_event(s, i, EVENT_END_RUN);
		if (end_is_asked(s, i, &slot->kill_ticket))
			process_event(s, i, EVENT_KILL_RUN);
		uint32_t faulty =
		    atomic_load_explicit(&slot->kill_generation, memory_order_relaxed);
		if (faulty != 0) {
			atomic_store(&slot->kill_generation, 0);
			if (p->pid != 0 && p->generation == faulty) {
				p->for_cause = 1;
				process_event(s, i, EVENT_KILL);
			}
		}
		int leaving = stop ? 2 : i >= wanted;
		if (p->pid != 0 && leaving > p->leaving)
			process_event(s, i, EVENT_LEAVE);
		else if (p->pid == 0)
			process_refill(s, i);
	}
}

/* 0, or -1: the parent is gone. */
static int
socket_check(struct supervisor *s)
{
	int passed, heard;

	while ((heard = fd_heard(s->env.socket, &passed)) == 1) {
		if (passed == -1)
			continue;
		/* The next slot's results pipe. */
		if (s->slots == SHARED_WORKERS_MAX) {
			(void)close(passed);
			continue;
		}
		s->process[s->slots].results = fd_raise_to(passed, s->setup->worker.fd_base);
		s->process[s->slots].capture = -1;
		s->process[s->slots].until = CLOCK_NEVER;
		s->process[s->slots].generation =
		    atomic_load(&s->control->slot[s->slots].generation);
		s->slots++;
	}
	return heard;
}

/* End the runs whose time has come; when to look again. */
static int64_t
deadlines_check(struct supervisor *s)
{
	int64_t now = s->env.now, next = CLOCK_NEVER;
	int64_t watch = atomic_load(&s->control->watch_ns);
	int pool_over = now >= atomic_load(&s->control->pool_deadline);

	if (watch > 0 && atomic_load(&s->control->timed_jobs) == 0) {
		/* No job with a timeout: sleep without one, unless it came just now. */
		int64_t none = 0;
		atomic_store(&s->control->watch_ns, 0);
		if (atomic_load(&s->control->timed_jobs) != 0)
			(void)atomic_compare_exchange_strong(&s->control->watch_ns, &none, watch);
		else
			watch = 0;
	}
	if (!pool_over)
		next = atomic_load(&s->control->pool_deadline);
	if (watch <= 0 && !pool_over)
		return next;
	if (watch > 0)
		next = clock_earlier(next, clock_after(now, watch));
	for (unsigned i = 0; i < s->slots; i++) {
		struct worker_process *p = &s->process[i];
		struct shared_slot *slot = shared_slot(s->setup->worker.shared, i);
		uint64_t ticket = atomic_load(&slot->run_ticket);
		int64_t deadline = atomic_load(&slot->run_deadline);
		if (p->pid == 0 || ticket == 0)
			continue;
		if (!pool_over && deadline > now) {
			next = clock_earlier(next, deadline);
			continue;
		}
		next = clock_earlier(next, clock_after(now, RECHECK_NS));
		claim_word *claim = process_claim(&s->env, p, i, ticket);
		if (claim == NULL)
			continue;
		unsigned parity = p->generation & 1;
		uint64_t claimed = claim_make(ticket, i, parity, CLAIM_CLAIMED);
		enum claim_state why = deadline <= now ? CLAIM_TIMED_OUT : CLAIM_CANCELLED;
		if (atomic_compare_exchange_strong(claim, &claimed,
			claim_make(ticket, i, parity, why))) {
			p->asked = ticket;
			process_event(s, i, EVENT_END_RUN);
		} else if (claim_state(claimed) == CLAIM_DONE && p->is_stopped) {
			/* It has returned in time, and was stopped before it could say what. */
			(void)kill(p->pid, SIGCONT);
		}
	}
	return next;
}

/* Timers of the processes, and of captured output; when to look again. */
static int64_t
timers_check(struct supervisor *s)
{
	int64_t next = CLOCK_NEVER;
	int trims = s->setup->worker.output == FORKPOOL_OUTPUT_CAPTURE &&
	    !jobs_have_own_process(&s->setup->worker);

	if (trims && s->env.now >= s->trim_at)
		s->trim_at = clock_after(s->env.now, TRIM_NS);
	else
		trims = 0;
	for (unsigned i = 0; i < s->slots; i++) {
		struct worker_process *p = &s->process[i];
		if (p->until <= s->env.now) {
			p->until = CLOCK_NEVER;
			if (p->pid != 0)
				process_event(s, i, EVENT_TIME);
			else
				process_refill(s, i);
		}
		if (p->pid != 0 &&
		    atomic_load_explicit(&shared_slot(s->setup->worker.shared, i)->run_ticket,
			memory_order_relaxed) != 0 &&
		    s->setup->worker.output == FORKPOOL_OUTPUT_CAPTURE &&
		    !jobs_have_own_process(&s->setup->worker)) {
			if (trims)
				capture_trim(p->capture, s->setup->worker.output_max);
			next = clock_earlier(next, s->trim_at);
		}
		next = clock_earlier(next, p->until);
	}
	return next;
}

_Noreturn void
supervisor_loop(struct supervisor *s)
{
	for (;;) {
		atomic_store(&s->control->supervisor_rung, 0);
		s->env.now = clock_now();
		children_check(s);
		requests_check(s);
		int64_t next = deadlines_check(s);
		next = clock_earlier(next, timers_check(s));
		if (atomic_load(&s->control->stop) && s->alive == 0)
			supervisor_end(s);
		if (!s->is_up && s->slots >= atomic_load(&s->control->workers_wanted)) {
			s->is_up = 1;
			atomic_store(&s->control->started, 1);
			(void)control_ring_parent(s->control, s->env.socket);
		}

		struct pollfd fds[] = {
			{ .fd = s->env.socket, .events = POLLIN },
			{ .fd = s->bell[0], .events = POLLIN },
			{ .fd = s->caller_handle, .events = POLLIN },
		};
		/* Without a handle for the caller's process, its end is seen by the socket, and, where
		   a child of the caller's holds that open, by the parent's id. */
		if (s->caller_handle == -1)
			next = clock_earlier(next, clock_after(s->env.now, CLOCK_S));
		int n = poll(fds, sizeof fds / sizeof fds[0], clock_poll_ms(next, clock_now()));
		if (n == -1)
			continue; /* EINTR; ENOMEM passes as well */
		if (fds[1].revents != 0) {
			char drain[64];
			while (read(s->bell[0], drain, sizeof drain) > 0)
				continue;
		}
		if (fds[2].revents != 0 || getppid() != s->caller ||
		    (fds[0].revents != 0 && socket_check(s) == -1))
			supervisor_end(s); /* the caller is gone */
	}
}

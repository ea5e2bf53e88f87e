/* SPDX-License-Identifier: BSD-2-Clause */
/* The supervisor's loop: reap, refill slots, obey the caller, end overdue runs, sleep until
   something happens. */
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
#include "lib/os/os.h"
#include "lib/supervisor/orphans.h"
#include "lib/supervisor/suspension.h"

/* A crash loop: more than FUTILE_MAX workers, beyond one for each slot, in a row died without
   having run anything (or could not be forked), and no worker is left that works.  The pause before
   each next start doubles from PAUSE_MIN to PAUSE_MAX. */
#define FUTILE_MAX 10
#define PAUSE_MIN  CLOCK_MS
#define PAUSE_MAX  CLOCK_S
/* Poll interval while a run is overdue: its claim may be made only now, or it started at the pool's
   deadline. */
#define OVERDUE_POLL_NS (2 * CLOCK_MS)
/* Poll interval while orphans keep a slot from its next worker. */
#define ORPHANS_POLL_NS CLOCK_MS
/* How often captured output is held against its cap while runs go on. */
#define TRIM_NS (50 * CLOCK_MS)

static struct shared_slot *
shared_of(const struct supervisor *s, unsigned index)
{
	return shared_slot(s->env.setup->shared, index);
}

static _Noreturn void
supervisor_end(struct supervisor *s)
{
	for (unsigned i = 0; i < s->slots; i++)
		if (s->slot[i].pid != 0)
			(void)kill(s->slot[i].pid, SIGKILL);
	/* Reap the workers, then kill and reap whatever they left behind, until no child is
	   left. */
	for (unsigned i = 0; i < s->slots; i++)
		while (s->slot[i].pid != 0 && waitpid(s->slot[i].pid, NULL, 0) == -1 &&
		    errno == EINTR)
			continue;
	unsigned slots = s->slots;
	s->slots = s->alive = 0;
	while (orphans_kill(s) == 0 && (waitpid(-1, NULL, 0) != -1 || errno != ECHILD))
		while (waitpid(-1, NULL, WNOHANG) > 0)
			continue; /* there may be thousands, which are looked at each time */
	cgroup_remove(&s->env.setup->sandbox.cgroup, slots);
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

/* How many runs all workers have started so far. */
static uint64_t
runs_total(const struct supervisor *s)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < s->slots; i++)
		total += atomic_load_explicit(&shared_of(s, i)->runs, memory_order_relaxed);
	return total;
}

static int
anyone_works(const struct supervisor *s)
{
	for (unsigned i = 0; i < s->slots; i++)
		if (s->slot[i].pid != 0 && atomic_load(&shared_of(s, i)->ready) == READY_IS)
			return 1;
	return 0;
}

/* One more start led nowhere: wait before the slot's next, and report a failure where no worker
   works. */
static void
start_was_futile(struct supervisor *s, unsigned index, enum control_failure kind, int error)
{
	uint64_t runs = runs_total(s);

	if (!s->is_up && s->first && kind == CONTROL_FORK_FAILS) {
		/* A pool opens with all its workers or not at all. */
		atomic_store(&s->control->failure_error, error);
		atomic_store(&s->control->started, 2);
		(void)control_ring_parent(s->control, s->env.socket);
		supervisor_end(s);
	}
	if (runs != s->runs_seen)
		s->futile = 0;
	s->runs_seen = runs;
	/* One that was late has taken as long as many that fail. */
	s->futile += kind == CONTROL_INIT_LATE ? FUTILE_MAX : 1;
	s->slot[index].until = clock_after(s->env.now, pause_after(s->futile));
	/* While no job waits, idle workers that somebody kills are no crash loop. */
	int in_vain = kind != CONTROL_WORKERS_DIE || atomic_load(&s->control->jobs_wait);
	if (in_vain && s->futile > FUTILE_MAX + s->slots && !anyone_works(s)) {
		atomic_store(&s->control->failure_error, error);
		atomic_store(&s->control->failure, kind);
		(void)control_ring_parent(s->control, s->env.socket);
	}
}

static void
slot_send(struct supervisor *s, unsigned index, enum slot_event event)
{
	struct worker_slot *w = &s->slot[index];
	pid_t before = w->pid;
	int error = slot_handle(&s->env, w, index, event);

	if (w->pid != 0 && before == 0)
		s->alive++;
	if (error != 0)
		start_was_futile(s, index, CONTROL_FORK_FAILS, error);
}

/* Start the empty slot's next worker, if one is wanted and may start now. */
static void
slot_refill(struct supervisor *s, unsigned index)
{
	struct worker_slot *w = &s->slot[index];

	if (!is_wanted(s, index)) {
		slot_send(s, index, EVENT_LEAVE);
		return;
	}
	if (suspension_is_on(s) || atomic_load(&s->control->failure) != CONTROL_WORKS ||
	    (w->until != CLOCK_NEVER && w->until > s->env.now))
		return;
	if (orphans_hold_mailbox(s)) {
		w->until = clock_after(s->env.now, ORPHANS_POLL_NS);
		return;
	}
	slot_send(s, index, EVENT_WANTED);
}

static void
worker_died(struct supervisor *s, unsigned index)
{
	struct worker_slot *w = &s->slot[index];
	unsigned parity = w->generation & 1;

	s->alive--;
	int useful = slot_reap(&s->env, w, index);
	if (useful) {
		w->until = CLOCK_NEVER;
	} else {
		struct crash_note *note = &shared_of(s, index)->crash[parity];
		int left = atomic_load(&note->left);
		if (w->init_late)
			start_was_futile(s, index, CONTROL_INIT_LATE, ETIMEDOUT);
		else if (left == LEAVE_INIT_FAILED)
			start_was_futile(s, index, CONTROL_INIT_FAILS, atomic_load(&note->error));
		else if (left == LEAVE_SETUP_FAILED)
			start_was_futile(s, index, CONTROL_BROKEN, atomic_load(&note->error));
		else
			start_was_futile(s, index, CONTROL_WORKERS_DIE,
			    s->control->slot[index].obituary[parity].wait_status);
	}
	slot_refill(s, index);
	s->orphans_due = 1;
}

/* The kernel's next report on a child: it ended, was stopped or continued.  Not taken off the
   queue.  0: none. */
static int
child_report(siginfo_t *info)
{
	int r;

	do {
		memset(info, 0, sizeof *info);
		r = waitid(P_ALL, 0, info, WEXITED | WSTOPPED | WCONTINUED | WNOHANG | WNOWAIT);
	} while (r == -1 && errno == EINTR);
	return r == 0 && info->si_pid != 0;
}

static void
children_check(struct supervisor *s)
{
	siginfo_t info;

	while (child_report(&info)) {
		unsigned i = 0;
		while (i < s->slots && s->slot[i].pid != info.si_pid)
			i++;
		int ended = info.si_code == CLD_EXITED || info.si_code == CLD_KILLED ||
		    info.si_code == CLD_DUMPED;
		if (ended && i < s->slots) {
			worker_died(s, i);
			continue;
		}
		/* An orphan, or a worker that was stopped or continued: take the report. */
		(void)waitid(P_PID, (id_t)info.si_pid, &info,
		    WEXITED | WSTOPPED | WCONTINUED | WNOHANG);
		if (i == s->slots) {
			s->orphans_due = 1;
		} else if (info.si_code == CLD_TRAPPED) {
			/* A job has made this process its worker's tracer (PTRACE_TRACEME): let
			   the signal do what it would have done. */
			os_trace_end(info.si_pid, info.si_status & 0x7f);
		} else if (!ended) {
			s->slot[i].is_stopped = info.si_code == CLD_STOPPED;
			if (info.si_code == CLD_STOPPED)
				slot_send(s, i, EVENT_STOPPED);
		}
	}
	if (s->orphans_due)
		(void)orphans_kill(s);
}

/* Whether the parent's request (a ticket) is for the run that is under way in the slot.  Clears the
   request. */
static int
end_is_asked(struct supervisor *s, unsigned index, _Atomic uint64_t *request)
{
	struct worker_slot *w = &s->slot[index];
	uint64_t ticket = atomic_load_explicit(request, memory_order_relaxed);

	if (ticket == 0 || !atomic_compare_exchange_strong(request, &ticket, 0) || w->pid == 0 ||
	    slot_claim(&s->env, w, index, ticket) == NULL)
		return 0;
	w->asked = ticket;
	return 1;
}

/* Act on what the parent has asked for since the last call. */
static void
requests_check(struct supervisor *s)
{
	unsigned wanted = atomic_load(&s->control->workers_wanted);
	int stop = (int)atomic_load(&s->control->stop);

	for (unsigned i = 0; i < s->slots; i++) {
		struct worker_slot *w = &s->slot[i];
		struct control_slot *slot = &s->control->slot[i];
		if (end_is_asked(s, i, &slot->cancel_ticket))
			slot_send(s, i, EVENT_END_RUN);
		if (end_is_asked(s, i, &slot->kill_ticket))
			slot_send(s, i, EVENT_KILL_RUN);
		uint32_t faulty =
		    atomic_load_explicit(&slot->kill_generation, memory_order_relaxed);
		if (faulty != 0) {
			atomic_store(&slot->kill_generation, 0);
			if (w->pid != 0 && w->generation == faulty) {
				w->for_cause = 1;
				slot_send(s, i, EVENT_KILL);
			}
		}
		enum leaving leaving = LEAVING_NO;
		if (stop)
			leaving = LEAVING_AT_ONCE;
		else if (i >= wanted)
			leaving = LEAVING_AFTER_RUN;
		if (w->pid != 0 && leaving > w->leaving)
			slot_send(s, i, EVENT_LEAVE);
		else if (w->pid == 0)
			slot_refill(s, i);
	}
}

/* Receive new slots' results pipes.  0, or -1: the parent is gone. */
static int
socket_check(struct supervisor *s)
{
	int passed, heard;

	while ((heard = fd_heard(s->env.socket, &passed)) == 1) {
		if (passed == -1)
			continue;
		if (s->slots == SHARED_WORKERS_MAX) {
			(void)close(passed);
			continue;
		}
		struct worker_slot *w = &s->slot[s->slots];
		w->results = fd_raise_to(passed, s->env.setup->fd_base);
		w->capture = -1;
		w->until = CLOCK_NEVER;
		w->generation = atomic_load(&s->control->slot[s->slots].generation);
		s->slots++;
	}
	return heard;
}

/* End the run that is overdue in the slot; why: TIMED_OUT or CANCELLED. */
static void
overdue_end(struct supervisor *s, unsigned index, uint64_t ticket, enum claim_state why)
{
	struct worker_slot *w = &s->slot[index];
	enum claim_state was = slot_claim_settle(&s->env, w, index, ticket, why);

	if (was == CLAIM_CLAIMED) {
		w->asked = ticket;
		slot_send(s, index, EVENT_END_RUN);
	} else if (was == CLAIM_DONE && w->is_stopped) {
		/* The run was over in time, and its worker stopped before it could send the
		   result. */
		(void)kill(w->pid, SIGCONT);
	}
}

/* End the runs that are overdue.  Returns when to call this again. */
static int64_t
deadlines_check(struct supervisor *s)
{
	int64_t now = s->env.now, next = CLOCK_NEVER;
	int64_t watch = atomic_load(&s->control->watch_ns);
	int pool_over = now >= atomic_load(&s->control->pool_deadline);

	if (watch > 0 && atomic_load(&s->control->timed_jobs) == 0) {
		/* No job has a timeout: stop polling, unless one with a timeout came at this
		   moment. */
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
		struct shared_slot *slot = shared_of(s, i);
		uint64_t ticket = atomic_load(&slot->run_ticket);
		int64_t deadline = atomic_load(&slot->run_deadline);
		int64_t worker_now = now - s->slot[i].paused_ns;
		if (s->slot[i].pid == 0 || ticket == 0 || s->slot[i].still.is_on)
			continue;
		slot_mend(&s->env, &s->slot[i], i);
		if (!pool_over && deadline > worker_now) {
			next = clock_earlier(next, clock_after(now, deadline - worker_now));
			continue;
		}
		next = clock_earlier(next, clock_after(now, OVERDUE_POLL_NS));
		overdue_end(s, i, ticket,
		    deadline <= worker_now ? CLAIM_TIMED_OUT : CLAIM_CANCELLED);
	}
	return next;
}

/* Kill the slot's worker if its worker_init() has taken too long.  Returns when to look again. */
static int64_t
init_check(struct supervisor *s, unsigned index)
{
	struct worker_slot *w = &s->slot[index];

	if (w->pid == 0 || w->init_until == CLOCK_NEVER || w->still.is_on)
		return CLOCK_NEVER;
	if (s->env.now < w->init_until)
		return w->init_until;
	w->init_until = CLOCK_NEVER;
	/* By an exchange, so that a worker that has just become ready is not killed with a job. */
	uint32_t not_yet = READY_NOT;
	if (atomic_compare_exchange_strong(&shared_of(s, index)->ready, &not_yet, READY_LATE)) {
		w->init_late = 1;
		slot_send(s, index, EVENT_KILL);
	}
	return CLOCK_NEVER;
}

/* Fire the slots' timers, and trim captured output.  Returns when to call this again. */
static int64_t
timers_check(struct supervisor *s)
{
	int64_t next = CLOCK_NEVER;
	/* Where jobs have their own processes, their worker takes the output in and keeps it below
	   the cap. */
	int captures = s->env.setup->output == FORKPOOL_OUTPUT_CAPTURE &&
	    !jobs_have_own_process(s->env.setup);
	int trims = captures && s->env.now >= s->trim_at;

	if (trims)
		s->trim_at = clock_after(s->env.now, TRIM_NS);
	for (unsigned i = 0; i < s->slots; i++) {
		struct worker_slot *w = &s->slot[i];
		const bool runs = slot_clock_runs(w);
		if (runs && w->until <= s->env.now) {
			w->until = CLOCK_NEVER;
			if (w->pid != 0)
				slot_send(s, i, EVENT_TIME);
			else
				slot_refill(s, i);
		}
		if (captures && w->pid != 0 &&
		    atomic_load_explicit(&shared_of(s, i)->run_ticket, memory_order_relaxed) != 0) {
			if (trims)
				capture_trim(w->capture, s->env.setup->output_max);
			next = clock_earlier(next, s->trim_at);
		}
		next = clock_earlier(next, init_check(s, i));
		if (runs)
			next = clock_earlier(next, w->until);
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
		/* What the caller asked for before it suspended the pool comes before that. */
		requests_check(s);
		int64_t next = suspension_check(s);
		next = clock_earlier(next, deadlines_check(s));
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
		/* Without a pidfd the socket tells of the caller's end; where a child of the
		   caller's holds the socket open, only getppid() does, so poll that. */
		if (s->caller_handle == -1)
			next = clock_earlier(next, clock_after(s->env.now, CLOCK_S));
		int n = poll(fds, sizeof fds / sizeof fds[0], clock_poll_ms(next, clock_now()));
		if (n == -1)
			continue; /* EINTR, or ENOMEM, which is over in a moment */
		if (fds[1].revents != 0)
			(void)fd_drop(s->bell[0]);
		if (fds[2].revents != 0 || getppid() != s->caller ||
		    (fds[0].revents != 0 && socket_check(s) == -1))
			supervisor_end(s); /* the caller is gone */
	}
}

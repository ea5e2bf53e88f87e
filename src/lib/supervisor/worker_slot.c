/* SPDX-License-Identifier: BSD-2-Clause */
/* A worker slot's state machine: start, end, stop, kill and reap its worker. */
#include "config.h"
#include "lib/supervisor/worker_slot.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/ipc/packet_pipe.h"
#include "lib/job/stdio_capture.h"
#include "lib/os/clock.h"
#include "lib/os/fd.h"

/* How long to wait for a SIGSTOP to take effect: in an uninterruptible sleep a process stops only
   later. */
#define STOP_WAIT_NS CLOCK_S

typedef int slot_action(struct slot_environment *, struct worker_slot *, unsigned index);

static struct shared_slot *
shared_of(const struct slot_environment *e, unsigned index)
{
	return shared_slot(e->setup->shared, index);
}

claim_word *
slot_claim(const struct slot_environment *e, const struct worker_slot *w, unsigned index,
    uint64_t ticket)
{
	struct shared_slot *slot = shared_of(e, index);
	uint32_t entry = atomic_load(&slot->run_entry);

	if (ticket == 0 || entry >= e->setup->entries ||
	    atomic_load(&slot->run_ticket) != ticket)
		return NULL;
	claim_word *claim = shared_claim(e->setup->shared, entry);
	uint64_t word = atomic_load(claim);
	if (claim_ticket(word) != ticket || !claim_is_by(word, index, w->generation & 1))
		return NULL;
	return claim;
}

enum claim_state
slot_claim_settle(const struct slot_environment *e, const struct worker_slot *w, unsigned index,
    uint64_t ticket, enum claim_state why)
{
	const unsigned parity = w->generation & 1;
	uint64_t word = claim_make(ticket, index, parity, CLAIM_CLAIMED);
	claim_word *claim = slot_claim(e, w, index, ticket);

	if (claim == NULL)
		return CLAIM_FREE;
	if (atomic_compare_exchange_strong(claim, &word, claim_make(ticket, index, parity, why)))
		return CLAIM_CLAIMED;
	/* The word may have become another run's between slot_claim() and here. */
	if (claim_ticket(word) != ticket || !claim_is_by(word, index, parity))
		return CLAIM_FREE;
	return claim_state(word);
}

static int
start(struct slot_environment *e, struct worker_slot *w, unsigned index)
{
	struct control_slot *slot = &e->control->slot[index];
	uint32_t generation = w->generation + 1 == 0 ? 2 : w->generation + 1;
	unsigned parity = generation & 1;
	sigset_t all, before;

	w->state = SLOT_WAITS;
	w->until = CLOCK_NEVER;
	if (atomic_load(&slot->obituary[parity].full))
		return 0; /* the parent rings once it has read the obituary */
	if (w->results == -1)
		return EMFILE; /* no descriptor was free when the pipe came over the socket */
	if (e->setup->output == FORKPOOL_OUTPUT_CAPTURE && !jobs_have_own_process(e->setup) &&
	    w->capture == -1 && (w->capture = capture_file(e->setup->fd_base)) == -1)
		return errno;
	if (w->capture != -1)
		capture_empty(w->capture);
	(void)packet_pipe_restore(w->results);
	shared_slot_clear(shared_of(e, index), parity);
	w->runs_before = atomic_load(&shared_of(e, index)->runs);

	/* Before the worker can send anything with this generation. */
	atomic_store(&slot->last_pid[parity], 0);
	atomic_store(&slot->generation, generation);
	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	if (pid == 0)
		worker_main(e->setup, e->supervisor, index, generation, w->results, w->capture);
	int error = errno;
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	if (pid == -1)
		return error;
	w->state = SLOT_RUNS;
	w->pid = pid;
	w->generation = generation;
	w->leaving = LEAVING_NO;
	w->for_cause = w->is_stopped = 0;
	w->asked = w->ticket = w->killing = 0;
	w->init_late = 0;
	w->still.is_on = false;
	w->paused_ns = 0;
	w->init_until = e->setup->init == NULL || e->setup->init_timeout_ns < 0 ?
	    CLOCK_NEVER : clock_after(clock_now(), e->setup->init_timeout_ns);
	atomic_store(&slot->last_pid[parity], pid);
	atomic_store(&slot->pid, pid);
	atomic_fetch_add(&e->control->workers_started, 1);
	return 0;
}

static int
none_wanted(struct slot_environment *e, struct worker_slot *w, unsigned index)
{
	(void)e;
	(void)index;
	w->state = SLOT_EMPTY;
	w->until = CLOCK_NEVER;
	return 0;
}

/* Continue the worker; a later stop has to be reported anew. */
static void
resume(struct worker_slot *w)
{
	(void)kill(w->pid, SIGCONT);
	w->is_stopped = 0;
}

static int64_t
later(int64_t time, int64_t span)
{
	return time == CLOCK_NEVER ? CLOCK_NEVER : clock_after(time, span);
}

static int
suspend(struct slot_environment *e, struct worker_slot *w, unsigned index)
{
	(void)index;
	standstill_begin(&w->still, w->pid, w->is_stopped, e->now);
	return 0;
}

void
slot_spare(struct worker_slot *w)
{
	w->is_stopped &= w->still.spares_worker;
	standstill_end(&w->still, w->pid);
}

void
slot_mend(const struct slot_environment *e, const struct worker_slot *w, unsigned index)
{
	_Atomic int64_t *paused_ns = &shared_of(e, index)->paused_ns;

	if (atomic_load_explicit(paused_ns, memory_order_relaxed) != w->paused_ns)
		atomic_store(paused_ns, w->paused_ns);
}

/* The time that has passed at the standstill; 0: there is none. */
static int64_t
pause_of(const struct worker_slot *w)
{
	return w->still.is_on ? clock_since(w->still.since, clock_now()) : 0;
}

/* The time that they stood still is nobody's: all clocks go on where they were. */
static int
go_on(struct slot_environment *e, struct worker_slot *w, unsigned index)
{
	const int64_t pause = pause_of(w);

	if (!w->still.is_on)
		return 0;
	w->paused_ns += pause;
	w->until = later(w->until, pause);
	w->init_until = later(w->init_until, pause);
	slot_mend(e, w, index);
	if (jobs_have_own_process(e->setup))
		atomic_store(&mailboxes_at(e->setup->mailboxes, index)->paused_ns, w->paused_ns);
	slot_spare(w);
	return 0;
}

static int
end_run(struct slot_environment *e, struct worker_slot *w, unsigned index)
{
	w->ticket = w->asked;
	atomic_store(&shared_of(e, index)->end_ticket, w->ticket);
	(void)kill(w->pid, SIGTERM);
	(void)go_on(e, w, index);
	resume(w); /* a stopped process does not act on SIGTERM */
	w->state = SLOT_ENDING;
	w->until = clock_after(e->now, e->grace_ns);
	return 0;
}

static int
kill_now(struct slot_environment *e, struct worker_slot *w, unsigned index)
{
	(void)e;
	(void)index;
	(void)kill(w->pid, SIGKILL);
	w->state = SLOT_KILLED;
	w->until = CLOCK_NEVER;
	return 0;
}

/* The worker is stopped: kill it only if the run that is to end is still under way, or one that was
   to end without a grace since then. */
static int
kill_or_continue(struct slot_environment *e, struct worker_slot *w, unsigned index)
{
	if (slot_claim(e, w, index, w->ticket) != NULL ||
	    slot_claim(e, w, index, w->killing) != NULL)
		return kill_now(e, w, index);
	if (!w->still.is_on)
		resume(w);
	w->state = SLOT_RUNS;
	w->until = CLOCK_NEVER;
	/* Another run may have begun before the stop, and the parent have asked for its end. */
	if (w->asked != w->ticket && slot_claim(e, w, index, w->asked) != NULL)
		return end_run(e, w, index);
	return 0;
}

/* The run `ticket` has no grace left: stop the worker, to see whether it is still at that run. */
static int
stop_to_compare(struct slot_environment *e, struct worker_slot *w, unsigned index)
{
	(void)kill(w->pid, SIGSTOP);
	if (w->is_stopped)
		return kill_or_continue(e, w, index);
	w->state = SLOT_STOPPING;
	w->until = clock_after(e->now, STOP_WAIT_NS);
	return 0;
}

static int
grace_over(struct slot_environment *e, struct worker_slot *w, unsigned index)
{
	if (w->leaving == LEAVING_AT_ONCE)
		return kill_now(e, w, index); /* the pool stops: no later run is to be spared */
	if (slot_claim(e, w, index, w->ticket) == NULL) {
		w->state = SLOT_RUNS; /* the run has ended, as it was asked to */
		w->until = CLOCK_NEVER;
		return 0;
	}
	return stop_to_compare(e, w, index);
}

static int
kill_run(struct slot_environment *e, struct worker_slot *w, unsigned index)
{
	if (w->killing == w->asked)
		return 0; /* the run is being ended already: its grace goes on */
	w->killing = w->ticket = w->asked;
	if (!jobs_have_own_process(e->setup))
		return stop_to_compare(e, w, index);
	/* The worker kills the job's process and lives on; if it does not in time, it is killed
	   itself. */
	atomic_store(&shared_of(e, index)->kill_ticket, w->ticket);
	(void)end_run(e, w, index);
	w->until = clock_after(e->now, e->kill_ns);
	return 0;
}

/* The worker is being stopped: kill_or_continue() compares tickets then. */
static int
kill_when_stopped(struct slot_environment *e, struct worker_slot *w, unsigned index)
{
	(void)e;
	(void)index;
	w->killing = w->asked;
	return 0;
}

static int
leave(struct slot_environment *e, struct worker_slot *w, unsigned index)
{
	struct shared_slot *slot = shared_of(e, index);
	int stop = (int)atomic_load(&e->control->stop);

	w->leaving = stop ? LEAVING_AT_ONCE : LEAVING_AFTER_RUN;
	atomic_store(&slot->leave, 1);
	if (stop) {
		w->asked = atomic_load(&slot->run_ticket);
		(void)slot_claim_settle(e, w, index, w->asked, CLAIM_CANCELLED);
		return end_run(e, w, index);
	}
	/* Wake the worker if it waits for a packet.  A run under way goes on to its end. */
	(void)kill(w->pid, SIGTERM);
	return 0;
}

static int
leave_mark(struct slot_environment *e, struct worker_slot *w, unsigned index)
{
	w->leaving = atomic_load(&e->control->stop) ? LEAVING_AT_ONCE : LEAVING_AFTER_RUN;
	atomic_store(&shared_of(e, index)->leave, 1);
	if (w->leaving == LEAVING_AT_ONCE && w->state == SLOT_STOPPING)
		return kill_now(e, w, index);
	return 0;
}

static int
died(struct slot_environment *e, struct worker_slot *w, unsigned index)
{
	(void)e;
	(void)index;
	w->still.is_on = false;
	w->state = SLOT_WAITS; /* the supervisor's loop says when to start the next, if at all */
	w->until = CLOCK_NEVER;
	return 0;
}

/* NULL: the event changes nothing in that state. */
static slot_action *const action[SLOT_STATES][SLOT_EVENTS] = {
	[SLOT_EMPTY] = {
		[EVENT_WANTED] = start,
	},
	[SLOT_WAITS] = {
		[EVENT_WANTED] = start,
		[EVENT_TIME] = start,
		[EVENT_LEAVE] = none_wanted,
	},
	[SLOT_RUNS] = {
		[EVENT_END_RUN] = end_run,
		[EVENT_KILL_RUN] = kill_run,
		[EVENT_LEAVE] = leave,
		[EVENT_KILL] = kill_now,
		[EVENT_SUSPEND] = suspend,
		[EVENT_GO_ON] = go_on,
		[EVENT_DIED] = died,
	},
	[SLOT_ENDING] = {
		[EVENT_TIME] = grace_over,
		[EVENT_END_RUN] = end_run, /* a later run is to end: the earlier one has ended */
		[EVENT_KILL_RUN] = kill_run,
		[EVENT_LEAVE] = leave,
		[EVENT_KILL] = kill_now,
		[EVENT_SUSPEND] = suspend,
		[EVENT_GO_ON] = go_on,
		[EVENT_DIED] = died,
	},
	[SLOT_STOPPING] = {
		[EVENT_TIME] = kill_or_continue,
		[EVENT_STOPPED] = kill_or_continue,
		[EVENT_KILL_RUN] = kill_when_stopped,
		[EVENT_LEAVE] = leave_mark,
		[EVENT_KILL] = kill_now,
		[EVENT_SUSPEND] = suspend,
		[EVENT_GO_ON] = go_on,
		[EVENT_DIED] = died,
	},
	[SLOT_KILLED] = {
		[EVENT_LEAVE] = leave_mark,
		[EVENT_DIED] = died,
	},
};

int
slot_handle(struct slot_environment *e, struct worker_slot *w, unsigned index,
    enum slot_event event)
{
	slot_action *act = action[w->state][event];

	return act != NULL ? act(e, w, index) : 0;
}

/* Put what the run under way had printed into the spool, for the parent. */
static void
output_keep(const struct slot_environment *e, const struct worker_slot *w, unsigned index,
    struct obituary *obituary)
{
	uint64_t size = capture_size(w->capture);
	uint64_t keep = size < e->setup->output_max ? size : e->setup->output_max;

	if (keep > 0 &&
	    spool_keep_output(&e->setup->spool, index, w->generation & 1, w->capture, keep) == -1)
		keep = 0;
	obituary->output_len = keep;
	obituary->output_lost = size - keep;
	capture_empty(w->capture);
}

/*
 * Whether the kernel has killed for memory in the worker's cgroup during the run.  It picks the
 * job's processes first, but while these, dead already, still give back what sockets hold, it may
 * find nobody left but the worker.
 */
static int
over_memory(const struct slot_environment *e, const struct worker_slot *w, unsigned index,
    int status)
{
	uint64_t pids = 0, kills = 0;

	return jobs_have_own_process(e->setup) && e->setup->limits.memory > 0 &&
	    w->state != SLOT_KILLED && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL &&
	    cgroup_events(&e->setup->sandbox.cgroup, index, &pids, &kills) == 0 &&
	    kills > atomic_load(&shared_of(e, index)->oom_kills);
}

int
slot_reap(struct slot_environment *e, struct worker_slot *w, unsigned index)
{
	struct shared_slot *slot = shared_of(e, index);
	struct control_slot *control = &e->control->slot[index];
	unsigned parity = w->generation & 1;
	struct obituary *obituary = &control->obituary[parity];
	int status = 0;

	/* The worker is a zombie, so the number of its group cannot belong to anybody else. */
	(void)kill(-w->pid, SIGKILL);
	while (waitpid(w->pid, &status, 0) == -1 && errno == EINTR)
		continue;
	int in_order =
	    WIFEXITED(status) && atomic_load(&slot->crash[parity].left) == LEAVE_IN_ORDER;
	int has_run = atomic_load(&slot->runs) != w->runs_before;

	obituary->generation = w->generation;
	obituary->pid = w->pid;
	obituary->wait_status = status;
	obituary->for_cause = w->for_cause;
	obituary->over_memory = over_memory(e, w, index, status);
	obituary->run_ticket = atomic_load(&slot->run_ticket);
	obituary->run_started = atomic_load(&slot->run_started);
	if (clock_can_be(obituary->run_started)) /* by clock_now(), as if nothing had paused it */
		obituary->run_started += w->paused_ns + pause_of(w);
	obituary->ended_ns = clock_now();
	obituary->output_len = obituary->output_lost = 0;
	if (w->capture != -1 && !in_order)
		output_keep(e, w, index, obituary);
	if (!in_order && w->leaving == LEAVING_NO)
		atomic_fetch_add(&e->control->workers_died, 1);
	atomic_store(&control->pid, 0);
	w->pid = 0;
	atomic_store(&obituary->full, 1);
	(void)slot_handle(e, w, index, EVENT_DIED);
	(void)control_ring_parent(e->control, e->socket);
	return has_run || in_order || w->leaving != LEAVING_NO;
}

/* SPDX-License-Identifier: BSD-2-Clause */
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

/* How long a SIGSTOP may take to be seen (a process in an uninterruptible sleep takes it later). */
#define STOP_WAIT_NS CLOCK_S

typedef int process_action(struct process_environment *, struct worker_process *, unsigned index);

static struct shared_slot *
slot_of(const struct process_environment *e, unsigned index)
{
	return shared_slot(e->setup->shared, index);
}

claim_word *
process_claim(const struct process_environment *e, const struct worker_process *p, unsigned index,
    uint64_t ticket)
{
	struct shared_slot *slot = slot_of(e, index);
	uint32_t entry = atomic_load(&slot->run_entry);

	if (ticket == 0 || entry >= e->setup->shared->entries ||
	    atomic_load(&slot->run_ticket) != ticket)
		return NULL;
	claim_word *claim = shared_claim(e->setup->shared, entry);
	uint64_t word = atomic_load(claim);
	if (claim_ticket(word) != ticket || !claim_is_by(word, index, p->generation & 1))
		return NULL;
	return claim;
}

static int
start(struct process_environment *e, struct worker_process *p, unsigned index)
{
	struct control_slot *slot = &e->control->slot[index];
	uint32_t generation = p->generation + 1 == 0 ? 2 : p->generation + 1;
	unsigned parity = generation & 1;
	sigset_t all, before;

	p->state = PROCESS_WAITS;
	p->until = CLOCK_NEVER;
	if (atomic_load(&slot->obituary[parity].full))
		return 0; /* the parent rings when it has read it */
	if (p->results == -1)
		return EMFILE; /* there was no room for it when it came */
	if (e->setup->output == FORKPOOL_OUTPUT_CAPTURE && !jobs_have_own_process(e->setup) &&
	    p->capture == -1 && (p->capture = capture_file(e->setup->fd_base)) == -1)
		return errno;
	if (p->capture != -1)
		capture_empty(p->capture);
	(void)packet_pipe_restore(p->results);
	shared_slot_clear(slot_of(e, index), parity);
	p->runs_before = atomic_load(&slot_of(e, index)->runs);

	/* Before it can send anything that bears that number. */
	atomic_store(&slot->last_pid[parity], 0);
	atomic_store(&slot->generation, generation);
	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	if (pid == 0)
		worker_main(e->setup, e->supervisor, index, generation, p->results, p->capture);
	int error = errno;
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	if (pid == -1)
		return error;
	p->state = PROCESS_RUNS;
	p->pid = pid;
	p->generation = generation;
	p->leaving = p->for_cause = p->is_stopped = 0;
	p->asked = p->ticket = p->killing = 0;
	atomic_store(&slot->last_pid[parity], pid);
	atomic_store(&slot->pid, pid);
	atomic_fetch_add(&e->control->workers_started, 1);
	return 0;
}

static int
none_wanted(struct process_environment *e, struct worker_process *p, unsigned index)
{
	(void)e;
	(void)index;
	p->state = PROCESS_NONE;
	p->until = CLOCK_NEVER;
	return 0;
}

/* What was known of a stop is not known any more: the next one is to be waited for. */
static void
resume(struct worker_process *p)
{
	(void)kill(p->pid, SIGCONT);
	p->is_stopped = 0;
}

static int
end_run(struct process_environment *e, struct worker_process *p, unsigned index)
{
	p->ticket = p->asked;
	atomic_store(&slot_of(e, index)->end_ticket, p->ticket);
	(void)kill(p->pid, SIGTERM);
	resume(p); /* a stopped process would take no SIGTERM */
	p->state = PROCESS_ENDING;
	p->until = clock_after(e->now, e->grace_ns);
	return 0;
}

static int
kill_now(struct process_environment *e, struct worker_process *p, unsigned index)
{
	(void)e;
	(void)index;
	(void)kill(p->pid, SIGKILL);
	p->state = PROCESS_KILLED;
	p->until = CLOCK_NEVER;
	return 0;
}

/* Nothing moves in the process now: kill it only if it is still at the run that is to end, or at one that was to end
   at once since. */
static int
kill_or_continue(struct process_environment *e, struct worker_process *p, unsigned index)
{
	if (process_claim(e, p, index, p->ticket) != NULL ||
	    process_claim(e, p, index, p->killing) != NULL)
		return kill_now(e, p, index);
	resume(p);
	p->state = PROCESS_RUNS;
	p->until = CLOCK_NEVER;
	/* Another run may have come under way before the stop, and its end been asked for. */
	return p->asked != p->ticket && process_claim(e, p, index, p->asked) != NULL ?
	    end_run(e, p, index) :
	    0;
}

/* The run `ticket` has no grace any more: stop the process, to compare. */
static int
stop_to_look(struct process_environment *e, struct worker_process *p, unsigned index)
{
	(void)kill(p->pid, SIGSTOP);
	if (p->is_stopped)
		return kill_or_continue(e, p, index);
	p->state = PROCESS_STOPPING;
	p->until = clock_after(e->now, STOP_WAIT_NS);
	return 0;
}

static int
grace_over(struct process_environment *e, struct worker_process *p, unsigned index)
{
	if (p->leaving == 2)
		return kill_now(e, p, index); /* the whole pool goes: there is no run to spare */
	if (process_claim(e, p, index, p->ticket) == NULL) {
		p->state = PROCESS_RUNS;  /* the run is over, as it was asked */
		p->until = CLOCK_NEVER;
		return 0;
	}
	return stop_to_look(e, p, index);
}

static int
kill_run(struct process_environment *e, struct worker_process *p, unsigned index)
{
	if (p->killing == p->asked)
		return 0; /* once more: the time for it does not begin anew */
	p->killing = p->ticket = p->asked;
	if (!jobs_have_own_process(e->setup))
		return stop_to_look(e, p, index);
	/* The worker kills the job's process, and lives on; or goes with it, if it does not come to that. */
	atomic_store(&slot_of(e, index)->kill_ticket, p->ticket);
	(void)end_run(e, p, index);
	p->until = clock_after(e->now, e->kill_ns);
	return 0;
}

/* It is being stopped: what it runs is seen then. */
static int
kill_when_stopped(struct process_environment *e, struct worker_process *p, unsigned index)
{
	(void)e;
	(void)index;
	p->killing = p->asked;
	return 0;
}

static int
leave(struct process_environment *e, struct worker_process *p, unsigned index)
{
	struct shared_slot *slot = slot_of(e, index);
	int stop = (int)atomic_load(&e->control->stop);

	p->leaving = stop ? 2 : 1;
	atomic_store(&slot->leave, 1);
	if (stop) {
		uint64_t ticket = atomic_load(&slot->run_ticket);
		claim_word *claim = process_claim(e, p, index, ticket);
		if (claim != NULL) {
			uint64_t claimed =
			    claim_make(ticket, index, p->generation & 1, CLAIM_CLAIMED);
			(void)atomic_compare_exchange_strong(claim, &claimed,
			    claim_make(ticket, index, p->generation & 1, CLAIM_CANCELLED));
		}
		p->asked = ticket;
		return end_run(e, p, index);
	}
	/* It may be waiting for a packet: this has it look.  A run goes on to its end. */
	(void)kill(p->pid, SIGTERM);
	return 0;
}

static int
leave_at_once(struct process_environment *e, struct worker_process *p, unsigned index)
{
	p->leaving = atomic_load(&e->control->stop) ? 2 : 1;
	atomic_store(&slot_of(e, index)->leave, 1);
	if (p->leaving == 2 && p->state == PROCESS_STOPPING)
		return kill_now(e, p, index);
	return 0;
}

static int
died(struct process_environment *e, struct worker_process *p, unsigned index)
{
	(void)e;
	(void)index;
	p->state = PROCESS_WAITS; /* the supervisor says when, if at all */
	p->until = CLOCK_NEVER;
	return 0;
}

/* NULL: nothing to do. */
static process_action *const action[PROCESS_STATES][PROCESS_EVENTS] = {
	[PROCESS_NONE] = {
		[EVENT_WANTED] = start,
	},
	[PROCESS_WAITS] = {
		[EVENT_WANTED] = start,
		[EVENT_TIME] = start,
		[EVENT_LEAVE] = none_wanted,
	},
	[PROCESS_RUNS] = {
		[EVENT_END_RUN] = end_run,
		[EVENT_KILL_RUN] = kill_run,
		[EVENT_LEAVE] = leave,
		[EVENT_KILL] = kill_now,
		[EVENT_DIED] = died,
	},
	[PROCESS_ENDING] = {
		[EVENT_TIME] = grace_over,
		[EVENT_END_RUN] = end_run, /* of a later run: the earlier one is over */
		[EVENT_KILL_RUN] = kill_run,
		[EVENT_LEAVE] = leave,
		[EVENT_KILL] = kill_now,
		[EVENT_DIED] = died,
	},
	[PROCESS_STOPPING] = {
		[EVENT_TIME] = kill_or_continue,
		[EVENT_STOPPED] = kill_or_continue,
		[EVENT_KILL_RUN] = kill_when_stopped,
		[EVENT_LEAVE] = leave_at_once,
		[EVENT_KILL] = kill_now,
		[EVENT_DIED] = died,
	},
	[PROCESS_KILLED] = {
		[EVENT_LEAVE] = leave_at_once,
		[EVENT_DIED] = died,
	},
};

int
process_handle(struct process_environment *e, struct worker_process *p, unsigned index,
    enum process_event event)
{
	process_action *act = action[p->state][event];

	return act != NULL ? act(e, p, index) : 0;
}

/* What the run under way had printed, for the parent. */
static void
output_keep(const struct process_environment *e, const struct worker_process *p, unsigned index,
    struct obituary *obituary)
{
	uint64_t size = capture_size(p->capture);
	uint64_t keep = size < e->setup->output_max ? size : e->setup->output_max;

	if (keep > 0 &&
	    spool_keep_output(&e->setup->spool, index, p->generation & 1, p->capture, keep) == -1)
		keep = 0;
	obituary->output_len = keep;
	obituary->output_lost = size - keep;
	capture_empty(p->capture);
}

int
process_reap(struct process_environment *e, struct worker_process *p, unsigned index)
{
	struct shared_slot *slot = slot_of(e, index);
	struct control_slot *control = &e->control->slot[index];
	unsigned parity = p->generation & 1;
	struct obituary *obituary = &control->obituary[parity];
	int status = 0;

	/* It is still there as a zombie, so the number of its group can be nobody else's. */
	(void)kill(-p->pid, SIGKILL);
	while (waitpid(p->pid, &status, 0) == -1 && errno == EINTR)
		continue;
	int in_order =
	    WIFEXITED(status) && atomic_load(&slot->crash[parity].left) == LEAVE_IN_ORDER;
	int has_run = atomic_load(&slot->runs) != p->runs_before;

	obituary->generation = p->generation;
	obituary->pid = p->pid;
	obituary->wait_status = status;
	obituary->asked_to_leave = p->leaving;
	obituary->for_cause = p->for_cause;
	obituary->run_ticket = atomic_load(&slot->run_ticket);
	obituary->run_started = atomic_load(&slot->run_started);
	obituary->ended_ns = clock_now();
	obituary->output_len = obituary->output_lost = 0;
	if (p->capture != -1 && !in_order)
		output_keep(e, p, index, obituary);
	if (!in_order && !p->leaving)
		atomic_fetch_add(&e->control->workers_died, 1);
	atomic_store(&control->pid, 0);
	p->pid = 0;
	atomic_store(&obituary->full, 1);
	(void)process_handle(e, p, index, EVENT_DIED);
	(void)control_ring_parent(e->control, e->socket);
	return has_run || in_order || p->leaving;
}

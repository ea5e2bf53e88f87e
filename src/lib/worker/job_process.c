/* SPDX-License-Identifier: BSD-2-Clause */
/* A job's process, from its worker's side. */
#include "config.h"
#include "lib/worker/job_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/job/crash.h"
#include "lib/os/clock.h"
#include "lib/os/fd.h"
#include "lib/os/os.h"
#include "lib/sandbox/limits.h"
#include "lib/sandbox/sandbox.h"
#include "lib/worker/descendants.h"
#include "lib/worker/job_verdict.h"

/* Size of the stack of a process that only executes a program; untouched pages cost nothing. */
#define BORROWED_STACK ((size_t)1 << 20)
/* Poll interval for processor time: the time left until its limit, within these bounds. */
#define CPU_POLL_MIN_NS (2 * CLOCK_MS)
#define CPU_POLL_MAX_NS (20 * CLOCK_MS)
/* So long after it was killed a process that has not ended is killed again, with what it has
   made since. */
#define KILL_AGAIN_NS (20 * CLOCK_MS)
/* Poll interval where there are other threads: they inherit the blocked signals from worker_init(),
   but one that has unblocked them may take our SIGCHLD. */
#define THREADS_POLL_NS (10 * CLOCK_MS)
/* Poll interval while a reader of inherited output is slow; where possible SIGIO comes before
   that. */
#define OUTPUT_POLL_NS (10 * CLOCK_MS)

int
job_processes_init(struct job_processes *p, const struct worker_setup *setup, unsigned worker,
    const struct pid_namespace *ns)
{
	struct rlimit stack = { .rlim_cur = RLIM_INFINITY };
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	*p = (struct job_processes){ .setup = setup, .self = getpid(), .worker = worker,
		.ns = *ns };
	p->paused_ns = &shared_slot(setup->shared, worker)->paused_ns;
	p->area_size = (setup->value_max + page - 1) / page * page;
	p->mailbox = mailboxes_at(setup->mailboxes, worker);
	mailboxes_keep(setup->mailboxes, worker);
	p->area = os_map_shared(p->area_size);
	if (p->area == NULL || (p->hidden = os_memory_hidden(sizeof *p->hidden)) == NULL)
		return -1;
	mailbox_clear(p->mailbox, p->area, p->area_size);
	/* The jobs' processes inherit the crash handlers with this note. */
	(void)getrlimit(RLIMIT_STACK, &stack);
	crash_enter(&p->mailbox->note, &setup->limits,
	    stack.rlim_cur == RLIM_INFINITY ? 0 : (uint64_t)stack.rlim_cur);
	(void)os_adopt_orphans();
	/* Without the list of its children the worker cannot find what a job leaves behind.  On a
	   system that has no such list, it ends the job's process group instead. */
	if ((p->children = fd_raise(os_children_open())) == -1 && errno != ENOSYS &&
	    sandbox_allows_processes(&setup->sandbox))
		return -1;
	return job_output_init(&p->output, setup->output,
	    setup->sandbox.level == FORKPOOL_ISOLATE_SANDBOX, setup->output_max);
}

/* The limits that the cgroup has met since the last call, a set of 1 << enum forkpool_limit: its
   counts only grow. */
static unsigned
cgroup_met(struct job_processes *p)
{
	uint64_t pids = 0, kills = 0;
	unsigned met = 0;

	if (p->setup->sandbox.cgroup.dir == -1 ||
	    cgroup_events(&p->setup->sandbox.cgroup, p->worker, &pids, &kills) == -1)
		return 0;
	if (pids > p->pids_hits)
		met |= 1u << FORKPOOL_LIMIT_PROCESSES;
	if (kills > p->oom_kills)
		met |= 1u << FORKPOOL_LIMIT_MEMORY;
	p->pids_hits = pids;
	p->oom_kills = kills;
	return met;
}

/* What a job's address space may be, besides its limit on memory; 0: that is no measure of its
   memory, as with programs, or with as many threads as it likes, which a cgroup bounds. */
static uint64_t
space_allowed(const struct worker_setup *setup)
{
	if (sandbox_allows_processes(&setup->sandbox))
		return 0;
	if (!setup->sandbox.threads)
		return limits_space_used();
	return setup->limits.processes == 0 ?
	    0 :
	    limits_space_used() + limits_space_of_threads(setup->limits.processes);
}

int
job_processes_confine(struct job_processes *p, void *state, struct sandbox_fault *fault)
{
	unsigned threads = os_threads();

	p->state = state;
	(void)cgroup_met(p); /* forget what earlier workers met */
	for (int fd = 0; fd <= 2; fd++)
		p->flags[fd] = fcntl(fd, F_GETFL);
	const struct sandbox *sandbox = &p->setup->sandbox;
	p->limits = (struct limits_base){
		.memory = limits_memory_used(),
		.space = space_allowed(p->setup),
		/* The worker is one of its user's, and init another, but for a job with a user of
		   its own. */
		.processes = !sandbox->counts_processes ? LIMITS_UNCOUNTED :
		    sandbox->identity.own_user ? 0 : p->ns.init != 0 ? 2 : 1,
	};
	memory_watch_init(&p->memory, p->limits.memory, p->setup->limits.memory);
	p->has_threads = threads != 1;
	p->can_raw_fork = threads == 1 && !os_sanitized() && os_fork_raw_prepare() == 0;
	/* Values and output that the worker keeps are charged to the cgroup, too. */
	struct forkpool_limits together = p->setup->limits;
	if (together.memory > 0)
		together.memory += 2 * (int64_t)(p->setup->value_max + p->setup->output_max);
	/* A process that executes a program needs no copy of this memory.  In a sandbox it has too
	   much to do before. */
	if (p->can_raw_fork && p->setup->executes && sandbox->level == FORKPOOL_ISOLATE_JOB)
		p->stack = os_map_private(BORROWED_STACK);
	return sandbox_enter_worker_late(&p->setup->sandbox, &p->ns, p->worker, &together, threads,
	    &p->gated, fault);
}

/* Processor time that the cgroup has used without the worker itself; -1: it is not counted. */
static int64_t
cgroup_time(const struct job_processes *p)
{
	int64_t all, own;

	if (cgroup_cpu_ns(&p->setup->sandbox.cgroup, p->worker, &all) != 1 ||
	    (own = clock_read(CLOCK_PROCESS_CPUTIME_ID)) == -1)
		return -1;
	return all - own;
}

/* Processor time of the run by its cgroup's count; 0 where it is not counted. */
static int64_t
cgroup_cpu_used(const struct job_processes *p)
{
	int64_t now = p->cgroup_before == -1 ? -1 : cgroup_time(p);

	return now == -1 ? 0 : now - p->cgroup_before;
}

/* When to check processor time next; 0: it is used up. */
static int64_t
cpu_check(struct job_processes *p, int64_t now)
{
	int64_t used = descendants_cpu_ns(&p->meter, p->children, &p->ns, p->pid,
	    sandbox_allows_processes(&p->setup->sandbox));
	int64_t counted = cgroup_cpu_used(p);
	int64_t left = p->setup->limits.cpu_ns - (counted > used ? counted : used);

	if (left <= 0)
		return 0;
	if (left < CPU_POLL_MIN_NS)
		left = CPU_POLL_MIN_NS;
	if (left > CPU_POLL_MAX_NS)
		left = CPU_POLL_MAX_NS;
	return clock_after(now, left);
}

static void
signal_job(const struct job_processes *p, int signo)
{
	/* The job has a group of its own once its function runs; before, it is a single process. */
	int group = atomic_load(&p->mailbox->stage) >= MAILBOX_ENTERED;

	(void)os_kill(group ? -p->pid : p->pid, signo);
}

/* Have the run end: with SIGTERM and its grace, or, for END_KILL, at once. */
static void
end_begin(struct job_processes *p, int how)
{
	p->ending = how;
	if (how >= END_KILL) {
		p->kill_at = job_clock(p);
		return;
	}
	p->kill_at = clock_after(job_clock(p), p->setup->grace_ns);
	signal_job(p, SIGTERM);
	signal_job(p, SIGCONT); /* a stopped process does not act on SIGTERM */
}

/* Do what has become due. */
static void
timers_check(struct job_processes *p)
{
	int64_t now = job_clock(p);

	if (now >= p->cpu_at && (p->cpu_at = cpu_check(p, now)) == 0) {
		p->over_cpu = 1;
		p->cpu_at = CLOCK_NEVER;
		p->kill_at = now;
	}
	memory_watch_check(&p->memory, p->children, p->ns.init, p->pid,
	    sandbox_allows_processes(&p->setup->sandbox), now);
	if (now >= p->kill_at) {
		signal_job(p, SIGKILL);
		(void)os_kill(p->pid, SIGKILL); /* it may have left its group */
		p->kill_at = CLOCK_NEVER;
		/* A descendant that traces the process keeps its end from being seen, and may have
		   left the group, too: do it again until the end is there. */
		if (sandbox_allows_processes(&p->setup->sandbox)) {
			descendants_kill(p->children, p->ns.init, p->pid);
			p->kill_at = clock_after(now, KILL_AGAIN_NS);
		}
	}
}

static int
has_ended(const struct job_processes *p)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT) == -1 ||
	    (info.si_pid != 0 && descendants_is_end(&info));
}

/* A SIGTERM that somebody else sent the worker: let it act as if it were not blocked. */
static void
sigterm_pass_on(const struct job_processes *p, const siginfo_t *info)
{
	sigset_t term;

	if (info->si_pid == p->supervisor || info->si_pid == p->self)
		return; /* self: another thread took the supervisor's SIGTERM and passed it on */
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	(void)sigprocmask(SIG_UNBLOCK, &term, NULL);
	(void)raise(SIGTERM);
}

/*
 * Wait until the process has ended, without reaping it.  All events come as signals, which are
 * blocked: so none can slip in between a check and the wait, no handler has to run, and no
 * descriptor is needed.
 */
static void
end_await(struct job_processes *p)
{
	sigset_t set;
	siginfo_t info;
	int slow = 0; /* a reader of the job's output is slow */
	bool more = false; /* there may be descendants that have ended and are not reaped */

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	job_output_await(&p->output, &set);
	for (;;) {
		/* A SIGTERM that came before the signals were blocked went to the handler. */
		if (p->end_asked > p->ending)
			end_begin(p, p->end_asked);
		int64_t next = clock_earlier(clock_earlier(p->cpu_at, p->kill_at), p->memory.at);
		if (p->has_threads)
			next = clock_earlier(next, clock_after(job_clock(p), THREADS_POLL_NS));
		if (slow)
			next = clock_earlier(next, clock_after(job_clock(p), OUTPUT_POLL_NS));
		int64_t left = next == CLOCK_NEVER ? -1 : next - job_clock(p);
		if (more || (next != CLOCK_NEVER && left < 0))
			left = 0;
		int signo = os_signal_wait(&set, &info, left);
		if (signo == SIGCHLD && info.si_pid == p->pid && descendants_is_end(&info))
			return;
		if (signo == SIGTERM) {
			sigterm_pass_on(p, &info);
			if (p->end_wanted() > p->ending)
				end_begin(p, p->end_wanted());
		} else if (signo == SIGIO) {
			slow = !job_output_drain(&p->output);
		} else if (has_ended(p)) {
			return; /* another SIGCHLD was pending, so this process's own was lost */
		} else {
			if (signo == SIGCHLD && p->ending && info.si_code == CLD_STOPPED)
				signal_job(p, SIGCONT); /* it stopped after end_begin() */
			more = sandbox_allows_processes(&p->setup->sandbox) &&
			    descendants_reap(&p->meter, p->pid, p->has_threads);
		}
		if (slow && signo != SIGIO)
			slow = !job_output_drain(&p->output);
		if (next != CLOCK_NEVER)
			timers_check(p);
	}
}

static void
mailbox_fill(struct job_processes *p, const struct wire_job *job, int64_t deadline)
{
	struct mailbox *w = p->mailbox;
	struct forkpool_context *c = &w->context;

	context_begin(c, job, deadline);
	c->cooperative = job->cooperative;
	c->worker = p->worker;
	c->value_max = p->setup->value_max;
	c->state = p->state;
	c->progress = w->progress;
	c->paused_ns = &w->paused_ns;
	mailbox_paused(w, p->paused_ns);
	c->area = p->area;
	c->area_room = p->spool != NULL ? spool_room(p->spool) : p->area_size;
	if (job->args != NULL)
		wire_copy(w->args, job->args, job->args_len);
}

/* A job shares its standard descriptors with later jobs and others: set their flags to what they
   were.  (A filter does not let a job change them.) */
static void
standard_flags_restore(const struct job_processes *p)
{
	for (int fd = 0; fd <= 2; fd++)
		if (p->flags[fd] != -1 && fcntl(fd, F_GETFL) != p->flags[fd])
			(void)os_set_flags(fd, p->flags[fd]);
}

static int
borrower_main(void *birth)
{
	job_child_main(birth);
}

/* No borrowing for arguments in the arena: the process maps them, and the mapping would stay in the
   worker. */
static pid_t
job_fork(const struct job_processes *p, struct job_birth *birth)
{
	if (p->stack != NULL && birth->job->args != NULL)
		return os_fork_borrowing(borrower_main, birth, p->stack, BORROWED_STACK);
	birth->refusal_size = mailbox_refusal_size();
	pid_t pid = p->can_raw_fork || p->gated ? os_fork_raw() : fork();
	if (pid == 0)
		job_child_main(birth);
	return pid;
}

/* Fork the job's process, all signals blocked.  0; -1 and errno. */
static int
process_start(struct job_processes *p, struct job_birth *birth)
{
	const int64_t cpu_limit = p->setup->limits.cpu_ns;

	job_output_begin(&p->output);
	p->output_is_out = 1;
	p->cgroup_before = cpu_limit > 0 ? cgroup_time(p) : -1;
	errno = 0; /* an error that the worker met is not the job's */
	pid_t pid = job_fork(p, birth);
	if (pid == -1)
		return -1;
	p->pid = pid;
	p->kill_at = CLOCK_NEVER;
	p->cpu_at = cpu_limit > 0 ? clock_after(job_clock(p), CPU_POLL_MIN_NS) : CLOCK_NEVER;
	p->ending = END_NONE;
	p->over_cpu = 0;
	memory_watch_begin(&p->memory, job_clock(p));
	p->meter = (struct descendants_meter){ 0 };
	return 0;
}

/* Reap the process, which has ended, and end what it left behind.  Returns its wait status. */
static int
process_reap(struct job_processes *p, struct rusage *usage, struct descendants *left)
{
	const bool may_leave = sandbox_allows_processes(&p->setup->sandbox);
	struct pid_namespace_left before;
	int status = 0;

	*left = (struct descendants){ 0 };
	(void)pid_namespace_reaped(&p->ns, &before);
	if (p->children == -1 && may_leave)
		(void)os_kill(-p->pid, SIGKILL); /* nobody can find those that left the group */
	pid_t reaped;
	do
		reaped = wait4(p->pid, &status, 0, usage);
	while (reaped == -1 ? errno == EINTR : WIFSTOPPED(status));
	if (reaped == -1) {
		/* No other process can have reaped it: the system does not tell how it ended. */
		status = SIGKILL;
		memset(usage, 0, sizeof *usage);
	}
	if (may_leave && descendants_end(p->children, &p->ns, p->pid, left) == -1)
		p->damaged = errno;
	if (p->damaged == 0 && pid_namespace_refresh(&p->ns) == -1)
		p->damaged = errno;
	/* What had ended before the process did it has not left, but the time is the job's.  The
	   last ones that init has reaped may have become its children by the process's end. */
	left->count -= may_leave ? before.earlier : 0;
	left->user_ns += p->meter.reaped.user_ns;
	left->system_ns += p->meter.reaped.system_ns;
	return status;
}

/* Whether the process was killed because somebody had killed the first one of its namespace. */
static bool
fell_with_namespace(const struct job_processes *p, int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && p->ending == END_NONE &&
	    !p->over_cpu && pid_namespace_is_gone(&p->ns);
}

/* What the process and its descendants used. */
static void
usage_fill(const struct job_processes *p, const struct rusage *usage,
    const struct descendants *left, struct wire_result *result)
{
	result->user_ns = clock_from_timeval(&usage->ru_utime) + left->user_ns;
	result->cpu_ns = result->user_ns + clock_from_timeval(&usage->ru_stime) +
	    left->system_ns + p->meter.gone;
	/* Processes that were killed, and whose parent waits for none, are in no count but the
	   meter's. */
	if (p->meter.most > result->cpu_ns)
		result->cpu_ns = p->meter.most;
	/* The cgroup counts to a tick; the other counts are exact, but for processes that nobody
	   has waited for. */
	int64_t counted = cgroup_cpu_used(p);
	if (counted > result->cpu_ns + CPU_POLL_MAX_NS)
		result->cpu_ns = counted;
	result->max_rss = (int64_t)usage->ru_maxrss * OS_MAXRSS_UNIT;
}

void
job_process_run(struct job_processes *p, const struct wire_job *job, int64_t deadline,
    claim_word *claim, struct wire_result *result)
{
	struct wire_job own = *job; /* as the process sees it: no pointer into the packet */
	struct job_facts facts = {
		.setup = p->setup,
		.mailbox = p->mailbox,
		.refusal = mailbox_refusal(p->mailbox),
		.memory = &p->memory,
		.text = p->hidden->text,
		.text_size = sizeof p->hidden->text,
		.address = p->hidden->address,
	};
	struct job_birth birth = {
		.setup = p->setup, .mailbox = p->mailbox, .job = &own,
		.refusal = mailbox_refusal(p->mailbox),
		.worker = p->self, .ns = &p->ns, .limits = &p->limits,
	};
	struct descendants left;
	struct rusage usage;
	sigset_t all, before;

	mailbox_fill(p, job, deadline);
	own.id = NULL;
	own.args = job->args != NULL ? p->mailbox->args : NULL;
	result->has_process = 1;
	result->exit_code = -1;

	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	if (process_start(p, &birth) == -1) {
		int error = errno;
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
		facts.namespace_gone = pid_namespace_is_gone(&p->ns);
		p->damaged = facts.namespace_gone ? error : 0;
		job_not_forked(&facts, result, error);
		return;
	}
	end_await(p);
	facts.status = process_reap(p, &usage, &left);
	p->output_is_out = job_output_drain(&p->output);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);

	if (sandbox_allows_processes(&p->setup->sandbox))
		standard_flags_restore(p);
	result->pid = p->pid;
	usage_fill(p, &usage, &left, result);
	facts.claim = claim_state(atomic_load(claim));
	facts.over_cpu = p->over_cpu;
	facts.namespace_gone = fell_with_namespace(p, facts.status);
	if (facts.namespace_gone)
		p->damaged = EPIPE;
	facts.descendants = left.count;
	facts.output_lost = p->output.lost;
	facts.met = cgroup_met(p);
	job_judge(&facts, result);
}

void
job_process_done(struct job_processes *p)
{
	if (!p->output_is_out)
		job_output_finish(&p->output);
	mailbox_clear(p->mailbox, p->area, p->area_size);
}

/* SPDX-License-Identifier: BSD-2-Clause */
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

/* Of a process that only executes a program; no page of it is touched before it is needed. */
#define BORROWED_STACK ((size_t)1 << 20)
/* How often processor time is held against its limit, at most and at least. */
#define CPU_LOOK_MIN (2 * CLOCK_MS)
#define CPU_LOOK_MAX (20 * CLOCK_MS)
/* Threads inherit the signals that are blocked while worker_init() makes them; where one has let them in again, what was
   meant for the thread that waits may be gone. */
#define THREADS_POLL (10 * CLOCK_MS)
/* While a reader of inherited output is slow; where it can be, a signal tells before that. */
#define OUTPUT_LOOK (10 * CLOCK_MS)

int
job_processes_init(struct job_processes *p, const struct worker_setup *setup, unsigned worker)
{
	struct rlimit stack = { .rlim_cur = RLIM_INFINITY };
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	*p = (struct job_processes){ .setup = setup, .self = getpid(), .worker = worker };
	p->area_size = (setup->value_max + page - 1) / page * page;
	p->mailbox = mailboxes_at(setup->mailboxes, worker);
	mailboxes_keep(setup->mailboxes, worker);
	p->area = os_map_shared(p->area_size);
	if (p->area == NULL || (p->hidden = os_memory_hidden(sizeof *p->hidden)) == NULL)
		return -1;
	mailbox_clear(p->mailbox, p->area, p->area_size);
	/* For the processes to come: as it is, they inherit it. */
	(void)getrlimit(RLIMIT_STACK, &stack);
	crash_enter(&p->mailbox->note, &setup->limits,
	    stack.rlim_cur == RLIM_INFINITY ? 0 : (uint64_t)stack.rlim_cur);
	(void)os_adopt_orphans();
	/* Without it nobody could find what a job left behind; a system that never has it is left with the group. */
	if ((p->children = fd_raise(os_children_open())) == -1 && errno != ENOSYS &&
	    sandbox_allows_processes(&setup->sandbox))
		return -1;
	return job_output_init(&p->output, setup->output,
	    setup->sandbox.level == FORKPOOL_ISOLATE_SANDBOX, setup->output_max);
}

/* What the cgroup has to say of a run that did not end well: it counts, and only up. */
static unsigned
cgroup_met(struct job_processes *p)
{
	uint64_t pids = 0, kills = 0;
	unsigned met = 0;

	if (p->setup->sandbox.cgroup.dir == -1 ||
	    cgroup_events(&p->setup->sandbox.cgroup, p->worker, &pids, &kills) == -1)
		return 0;
	if (pids > p->pids_hits)
		met |= 1u << LIMIT_PROCESSES;
	if (kills > p->oom_kills)
		met |= 1u << LIMIT_MEMORY;
	p->pids_hits = pids;
	p->oom_kills = kills;
	return met;
}

int
job_processes_confine(struct job_processes *p, void *state, const char **step, unsigned *layer)
{
	unsigned threads = os_threads();

	p->state = state;
	(void)cgroup_met(p); /* what was before */
	for (int fd = 0; fd <= 2; fd++)
		p->flags[fd] = fcntl(fd, F_GETFL);
	const struct sandbox *sandbox = &p->setup->sandbox;
	p->limits = (struct limits_base){
		.memory = limits_memory_used(),
		/* With programs of all kinds, or threads, address space is no measure of memory. */
		.space = sandbox_allows_processes(sandbox) ? 0 : limits_space_used(),
		.processes = sandbox->counts_processes ? 1 : LIMITS_UNCOUNTED,
	};
	p->max_rss_before = (int64_t)limits_resident();
	p->has_threads = threads != 1;
	p->can_raw_fork = threads == 1 && !os_sanitized() && os_fork_bare_prepare() == 0;
	/* What the worker keeps of values and output is charged to the cgroup too. */
	struct forkpool_limits together = p->setup->limits;
	if (together.memory > 0)
		together.memory += 2 * (int64_t)(p->setup->value_max + p->setup->output_max);
	/* A program's own memory begins when it is executed.  In a sandbox there is too much to do before. */
	if (p->can_raw_fork && p->setup->executes && sandbox->level == FORKPOOL_ISOLATE_JOB)
		p->stack = os_map_private(BORROWED_STACK);
	return sandbox_enter_worker_late(&p->setup->sandbox, p->worker, &together, threads,
	    &p->gated, step, layer);
}

/* What its cgroup has used beside the worker itself; -1: nobody counts that. */
static int64_t
cgroup_time(const struct job_processes *p)
{
	int64_t all, own;

	if (cgroup_cpu_ns(&p->setup->sandbox.cgroup, p->worker, &all) != 1 ||
	    (own = clock_read(CLOCK_PROCESS_CPUTIME_ID)) == -1)
		return -1;
	return all - own;
}

/* Of the run, as its cgroup has it; 0 where that is not known. */
static int64_t
cgroup_cpu_used(const struct job_processes *p)
{
	int64_t now = p->cgroup_before == -1 ? -1 : cgroup_time(p);

	return now == -1 ? 0 : now - p->cgroup_before;
}

/* When processor time has to be looked at next; 0: it is used up. */
static int64_t
cpu_left(struct job_processes *p, int64_t now)
{
	int64_t used = descendants_cpu_ns(&p->meter, p->children, p->pid,
	    sandbox_allows_processes(&p->setup->sandbox));
	int64_t counted = cgroup_cpu_used(p),
		left = p->setup->limits.cpu_ns - (counted > used ? counted : used);

	if (left <= 0)
		return 0;
	return clock_after(now,
	    left < CPU_LOOK_MIN     ? CPU_LOOK_MIN :
		left > CPU_LOOK_MAX ? CPU_LOOK_MAX :
				      left);
}

static void
signal_job(const struct job_processes *p, int signo)
{
	/* Its group is its own once the function runs; before that there is one process. */
	int group = atomic_load(&p->mailbox->stage) >= MAILBOX_ENTERED;

	(void)os_kill(group ? -p->pid : p->pid, signo);
}

/* It is to end, and has the grace for that, if any. */
static void
tell(struct job_processes *p, int how)
{
	p->told = how;
	if (how >= END_KILL) {
		p->kill_at = clock_now();
		return;
	}
	p->kill_at = clock_after(clock_now(), p->setup->grace_ns);
	signal_job(p, SIGTERM);
	signal_job(p, SIGCONT); /* a stopped process would take no SIGTERM */
}

/* What has become due; when to look again. */
static int64_t
timers_check(struct job_processes *p)
{
	int64_t now = clock_now();

	if (now >= p->cpu_at && (p->cpu_at = cpu_left(p, now)) == 0) {
		p->over_cpu = 1;
		p->cpu_at = CLOCK_NEVER;
		p->kill_at = now;
	}
	if (now >= p->kill_at) {
		signal_job(p, SIGKILL);
		(void)os_kill(p->pid, SIGKILL); /* it may have left the group, but not its number */
		p->kill_at = CLOCK_NEVER;
	}
	return clock_earlier(p->cpu_at, p->kill_at);
}

static int
has_ended(const struct job_processes *p)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT) == -1 ||
	    info.si_pid != 0;
}

/* Whoever sent it: as in any process that has it not blocked. */
static void
sigterm_pass_on(const struct job_processes *p, const siginfo_t *info)
{
	sigset_t term;

	if (info->si_pid == p->supervisor || info->si_pid == p->self)
		return; /* the latter: another thread got it, and its handler has sent it on */
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	(void)sigprocmask(SIG_UNBLOCK, &term, NULL);
	(void)raise(SIGTERM);
}

/*
 * Until the process has ended; it is not reaped.  All that can come is a signal, and those are blocked: so none
 * can slip in between a look and the wait, no handler has to run, and no descriptor is needed.
 */
static void
end_await(struct job_processes *p)
{
	sigset_t set;
	siginfo_t info;
	int slow = 0; /* somebody does not read what the job prints */

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	job_output_await(&p->output, &set);
	for (;;) {
		/* One that came before the signals were blocked has been to the handler. */
		if (p->end_asked > p->told)
			tell(p, p->end_asked);
		int64_t next = clock_earlier(p->cpu_at, p->kill_at);
		if (p->has_threads)
			next = clock_earlier(next, clock_after(clock_now(), THREADS_POLL));
		if (slow)
			next = clock_earlier(next, clock_after(clock_now(), OUTPUT_LOOK));
		int64_t left = next == CLOCK_NEVER ? -1 : next - clock_now();
		int signo = os_signal_wait(&set, &info, next != CLOCK_NEVER && left < 0 ? 0 : left);
		if (signo == SIGCHLD && info.si_pid == p->pid && (info.si_code == CLD_EXITED ||
		    info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED))
			return;
		if (signo == SIGTERM) {
			sigterm_pass_on(p, &info);
			if (p->is_meant() > p->told)
				tell(p, p->is_meant());
		} else if (signo == SIGIO) {
			slow = !job_output_drain(&p->output);
		} else if (has_ended(p)) {
			return; /* of several signals of a kind one is kept */
		} else if (signo == SIGCHLD && p->told && info.si_code == CLD_STOPPED) {
			signal_job(p, SIGCONT); /* it stopped only now, and is to come to its end */
		}
		if (slow && signo != SIGIO)
			slow = !job_output_drain(&p->output);
		if (next != CLOCK_NEVER)
			(void)timers_check(p);
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
	c->area = p->area;
	if (job->args != NULL)
		wire_copy(w->args, job->args, job->args_len);
}

/* A job shares its standard descriptors with those after it, and with whoever else has them: the flags are as they
   were.  (A filter does not let them be changed.) */
static void
standard_restore(const struct job_processes *p)
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

/* Arguments that lie in the arena get a mapping, which would stay in memory that is borrowed. */
static pid_t
job_fork(const struct job_processes *p, struct job_birth *birth)
{
	if (p->stack != NULL && birth->job->args != NULL)
		return os_fork_borrowing(borrower_main, birth, p->stack, BORROWED_STACK);
	pid_t pid = p->can_raw_fork || p->gated ? os_fork_bare() : fork();
	if (pid == 0)
		job_child_main(birth);
	return pid;
}

void
job_process_run(struct job_processes *p, const struct wire_job *job, int64_t deadline,
    claim_word *claim, struct wire_result *result)
{
	struct wire_job own = *job; /* as the process is to see it: nothing in it points into the packet */
	struct job_facts facts = {
		.setup = p->setup,
		.mailbox = p->mailbox,
		.max_rss_before = p->max_rss_before,
		.text = p->hidden->text,
		.text_size = sizeof p->hidden->text,
		.address = p->hidden->address,
	};
	struct descendants left = { 0 };
	struct rusage usage;
	sigset_t all, before;
	int status = 0;

	mailbox_fill(p, job, deadline);
	own.id = NULL;
	own.args = job->args != NULL ? p->mailbox->args : NULL;
	struct job_birth birth = {
		.setup = p->setup, .mailbox = p->mailbox, .job = &own,
		.worker = p->self, .limits = &p->limits,
	};
	result->has_process = 1;
	result->exit_code = -1;
	job_output_begin(&p->output);
	p->output_is_out = 1;
	p->cgroup_before = p->setup->limits.cpu_ns > 0 ? cgroup_time(p) : -1;

	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	errno = 0; /* what this process met with is not what the job does */
	pid_t pid = job_fork(p, &birth);
	if (pid == -1) {
		int error = errno;
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
		job_not_forked(&facts, result, error);
		return;
	}
	p->pid = pid;
	p->kill_at = CLOCK_NEVER;
	p->cpu_at =
	    p->setup->limits.cpu_ns > 0 ? clock_after(clock_now(), CPU_LOOK_MIN) : CLOCK_NEVER;
	p->told = p->over_cpu = 0;
	p->meter = (struct descendants_meter){ 0 };
	end_await(p);
	if (p->children == -1 && sandbox_allows_processes(&p->setup->sandbox))
		(void)os_kill(-pid, SIGKILL); /* those that have not left its group: nobody can see the others */
	while (wait4(pid, &status, 0, &usage) == -1)
		if (errno != EINTR) {
			/* Nobody but this process can have reaped it; nothing is known of it that could be believed. */
			status = SIGKILL;
			memset(&usage, 0, sizeof usage);
			break;
		}
	if (sandbox_allows_processes(&p->setup->sandbox))
		descendants_end(p->children, pid, &left);
	p->output_is_out = job_output_drain(&p->output);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);

	if (sandbox_allows_processes(&p->setup->sandbox))
		standard_restore(p);
	result->pid = pid;
	result->user_ns = clock_from_timeval(&usage.ru_utime) + left.user_ns;
	result->cpu_ns =
	    result->user_ns + clock_from_timeval(&usage.ru_stime) + left.system_ns + p->meter.gone;
	/* Of processes that were killed, and whose parent waits for none, nobody was told. */
	if (p->meter.most > result->cpu_ns)
		result->cpu_ns = p->meter.most;
	/* To a tick; what the process has told is exact, but for what nobody has waited for. */
	int64_t counted = cgroup_cpu_used(p);
	if (counted > result->cpu_ns + CPU_LOOK_MAX)
		result->cpu_ns = counted;
	result->max_rss = (int64_t)usage.ru_maxrss * OS_MAXRSS_UNIT;
	facts.claim = claim_state(atomic_load(claim));
	facts.status = status;
	facts.over_cpu = p->over_cpu;
	facts.args_mapped = job->args == NULL ? job->args_len : 0;
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

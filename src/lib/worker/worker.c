/* SPDX-License-Identifier: BSD-2-Clause */
/* The worker process: its birth, its signals, and its loop over packets of jobs. */
#include "config.h"
#include "lib/worker/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/ipc/packet_pipe.h"
#include "lib/job/crash.h"
#include "lib/job/stdio_capture.h"
#include "lib/os/clock.h"
#include "lib/os/fd.h"
#include "lib/os/last_frame.h"
#include "lib/os/os.h"
#include "lib/sandbox/limits.h"
#include "lib/worker/worker_run.h"

/* A sched_yield() that took so long has let another process run. */
#define YIELDED_NS CLOCK_US
/* Poll interval of the first worker that does not read: whether one more reader is needed. */
#define READER_POLL_NS (2 * CLOCK_MS)

extern char **environ;

/* How the supervisor wants the run under way to end: enum run_end.  A SIGTERM may be for an earlier
   run. */
static int
run_end_wanted(void)
{
	uint64_t running = worker_self.run_ticket;

	if (running == 0 || atomic_load(&worker_self.slot->end_ticket) != running)
		return 0;
	return atomic_load(&worker_self.slot->kill_ticket) == running ? END_KILL : END_GRACEFUL;
}

/* 1: the process goes on; 0: it ends of this SIGTERM. */
static int
sigterm_survive(int signo, const siginfo_t *info)
{
	/* A job's own process has inherited this handler from its worker. */
	if (job_process_is_child(&worker_self.own_process)) {
		struct forkpool_context *job = &worker_self.own_process.mailbox->context;
		if (job->cooperative)
			job->cancelled = 1;
		return job->cooperative != 0;
	}
	if (info->si_pid != worker_self.supervisor && !worker_self.forwarded)
		return 0; /* somebody else sent it */
	if (!pthread_equal(pthread_self(), worker_self.thread)) {
		/* A thread that a job left running took it. */
		worker_self.forwarded = 1;
		(void)pthread_kill(worker_self.thread, signo);
		return 1;
	}
	worker_self.forwarded = 0;
	int wanted = run_end_wanted();
	if (atomic_load(&worker_self.slot->leave) && worker_self.in_pool_io)
		siglongjmp(worker_self.leave, 1);
	if (jobs_have_own_process(worker_self.setup)) {
		worker_self.own_process.end_asked |= wanted; /* the job's process is to end */
		return 1;
	}
	if (wanted == END_NONE)
		return 1; /* it is for a run that is over */
	if (worker_self.cooperative)
		worker_self.context.cancelled = 1;
	return worker_self.cooperative;
}

static void
on_sigterm(int signo, siginfo_t *info, void *context)
{
	int saved = errno;

	(void)context;
	if (!sigterm_survive(signo, info)) {
		/* The process ends when this handler returns and SIGTERM is no longer blocked. */
		(void)signal(SIGTERM, SIG_DFL);
		(void)raise(SIGTERM);
	}
	errno = saved;
}

/* Remove the caller's handlers; as across an exec, ignored signals (SIGPIPE, for one) stay
   ignored. */
static void
signals_reset(void)
{
	struct sigaction action;

	for (int signo = 1; signo < NSIG; signo++) {
		if (signo == SIGKILL || signo == SIGSTOP || sigaction(signo, NULL, &action) == -1)
			continue;
		if (action.sa_handler == SIG_DFL ||
		    (action.sa_handler == SIG_IGN && signo != SIGCHLD && signo != SIGTERM))
			continue;
		memset(&action, 0, sizeof action);
		sigemptyset(&action.sa_mask);
		action.sa_handler = SIG_DFL;
		(void)sigaction(signo, &action, NULL);
	}
	memset(&action, 0, sizeof action);
	sigemptyset(&action.sa_mask);
	action.sa_sigaction = on_sigterm;
	action.sa_flags = SA_SIGINFO;
	(void)sigaction(SIGTERM, &action, NULL);
}

/*
 * Wait for the next packet without sleeping: short jobs follow each other sooner than a sleeper is
 * woken.  0: none came.
 */
static ssize_t
packet_spin(struct wire_packet *packet)
{
	struct shared *shared = worker_self.setup->shared;
	uint32_t seen = atomic_load_explicit(&shared->packets, memory_order_relaxed);

	if (!atomic_load_explicit(&shared->spin, memory_order_relaxed))
		return 0;
	ssize_t n = packet_pipe_read_now(worker_self.jobs.fd, packet);
	int64_t now = clock_meter_now(&worker_self.meter), until = now + SHARED_SPIN_NS;
	while (n == 0 && now < until) {
		uint32_t packets = atomic_load_explicit(&shared->packets, memory_order_relaxed);
		int64_t before = now;
		if (packets != seen) {
			seen = packets;
			n = packet_pipe_read_now(worker_self.jobs.fd, packet);
		} else {
			(void)sched_yield();
		}
		now = clock_meter_now(&worker_self.meter);
		if (now - before > YIELDED_NS && n == 0)
			break; /* others want this processor */
	}
	return n > 0 ? n : 0; /* packet_pipe_read() will report an error */
}

/*
 * This worker is not among the readers now: wait until there are more.  The caller adds readers
 * where jobs become longer or nothing moves; but the caller may be busy elsewhere, so the first
 * waiting worker checks, too.
 */
static void
reader_await(uint32_t readers)
{
	struct shared *shared = worker_self.setup->shared;
	uint32_t packets = atomic_load_explicit(&shared->packets, memory_order_relaxed);
	bool first = worker_self.index == readers;
	int64_t wait_ns = first && packets != worker_self.packets_seen ? READER_POLL_NS : CLOCK_S;

	os_word_wait(&shared->readers, readers, wait_ns);
	if (first && packet_pipe_holds(worker_self.jobs.fd) == 1 &&
	    atomic_load_explicit(&shared->packets, memory_order_relaxed) == packets &&
	    atomic_compare_exchange_strong(&shared->readers, &readers, SHARED_READERS_ALL))
		os_word_wake(&shared->readers); /* a packet has been in the pipe all that time */
	worker_self.packets_seen = packets;
}

static void
worker_loop(void)
{
	static struct wire_packet own_packet;
	struct wire_packet *packet = jobs_have_own_process(worker_self.setup) ?
	    &worker_self.own_process.hidden->packet :
	    &own_packet;

	while (worker_self.setup->jobs_per_worker == 0 ||
	    worker_self.runs < worker_self.setup->jobs_per_worker) {
		identities_check();
		atomic_store_explicit(&worker_self.slot->reading, 1, memory_order_release);
		worker_self.in_pool_io = 1;
		if (atomic_load(&worker_self.slot->leave))
			break;
		uint32_t readers =
		    atomic_load_explicit(&worker_self.setup->shared->readers, memory_order_relaxed);
		if (worker_self.index >= readers) {
			atomic_store_explicit(&worker_self.slot->reading, 0, memory_order_release);
			reader_await(readers);
			worker_self.in_pool_io = 0;
			continue;
		}
		ssize_t n = packet_spin(packet);
		if (n == 0)
			n = packet_pipe_read(worker_self.jobs.fd, packet);
		worker_self.in_pool_io = 0;
		atomic_store_explicit(&worker_self.slot->reading, 0, memory_order_release);
		if (n > 0)
			packet_run(packet, (size_t)n);
		else if (n == 0)
			(void)fd_set_nonblocking(worker_self.jobs.fd, 0);
		else if (errno == EPIPE)
			break; /* the caller is gone */
		else if (errno != EINTR)
			worker_end(LEAVE_DAMAGED, errno);
	}
	worker_self.in_pool_io = 0;
}

/* Unmap this memory but for a part, which stays where it is as a private copy. */
static int
unmap_but(void *map, size_t size, const void *kept, size_t kept_len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), before = (uintptr_t)kept % page;
	void *copy = NULL;

	if (kept_len > 0) {
		if ((copy = os_map_private(kept_len)) == NULL)
			return -1;
		memcpy(copy, kept, kept_len);
	}
	(void)munmap(map, size);
	if (kept_len == 0)
		return 0;
	char *at = (char *)(uintptr_t)kept;
	if (mmap(at - before, before + kept_len, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		return -1;
	memcpy(at, copy, kept_len);
	return munmap(copy, kept_len);
}

int
worker_shed_other_pool(void)
{
	const struct worker_setup *other = worker_self.setup;
	const struct job_processes *own = &worker_self.own_process;
	struct worker *w = &worker_self;

	if (other == NULL)
		return 0;
	if (jobs_have_own_process(other)) {
		/* All else is hidden from the jobs' processes. */
		if (own->mailbox == NULL)
			return 0;
		if (own->area != NULL)
			(void)munmap(own->area, own->area_size);
		return unmap_but(own->mailbox, sizeof *own->mailbox, own->mailbox,
		    sizeof *own->mailbox);
	}
	shared_destroy(other->shared, other->entries);
	if (w->spool.map != NULL)
		(void)munmap(w->spool.map, (size_t)other->spool.values);
	return w->arena_map == NULL ? 0 :
				      unmap_but(w->arena_map, w->arena_size, w->large_args,
					  w->large_args_len);
}

int
worker_prepare(const struct worker_setup *setup)
{
	/* This pool may be opened in a job of another pool, whose worker left its state here. */
	memset(&worker_self, 0, sizeof worker_self);
	worker_self.supervisor = -1; /* a SIGTERM ends this process, whoever sends it */
	signals_reset();
	crash_install();
	if (!setup->core_dumps)
		os_no_core(setup->sandbox.level != FORKPOOL_ISOLATE_WORKER);
	(void)os_exit_guard();
	if (dup2(setup->null, STDIN_FILENO) == -1)
		return -1;
	return capture_prepare(setup->output, setup->null);
}

/* Where each job has a process of its own: hide the pool from the jobs' processes. */
static void
own_process_enter(const struct worker_setup *setup)
{
	struct sandbox_fault fault;
	struct pid_namespace ns;

	if (limits_enter_worker(&setup->limits, setup->sandbox.level) == -1 ||
	    sandbox_enter_worker(&setup->sandbox, &ns, &fault) == -1 ||
	    shared_hide_from_fork(setup->shared, setup->entries) == -1 ||
	    job_processes_init(&worker_self.own_process, setup, worker_self.index, &ns) == -1)
		worker_end(LEAVE_SETUP_FAILED, errno);
	worker_self.own_process.supervisor = getppid();
	worker_self.own_process.end_wanted = run_end_wanted;
	worker_self.own_process.spool = &worker_self.spool;
	if (setup->environment != NULL)
		environ = setup->environment;
}

/* The part that comes after worker_init(). */
static void
own_process_confine(void)
{
	struct sandbox_fault fault;
	sigset_t child;

	(void)signal(SIGCHLD, SIG_DFL); /* worker_init() may have changed both */
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	(void)sigprocmask(SIG_UNBLOCK, &child, NULL);
	spool_writer_map(&worker_self.spool);
	if (job_processes_confine(&worker_self.own_process, worker_self.context.state, &fault) ==
	    -1)
		worker_end(LEAVE_SETUP_FAILED, errno);
}

/* Set up what this worker does not share with the others. */
static void
worker_enter(int job_pipe, int results)
{
	const struct worker_setup *setup = worker_self.setup;
	struct rlimit stack = { 0 };
	int keep[7 + LANDLOCK_DESCRIPTORS_MAX] = { job_pipe, results, setup->arena_fd,
		setup->spool.fd, worker_self.capture, setup->sandbox.cgroup.dir,
		setup->sandbox.cgroup.pids_dir };
	size_t kept = 7 + landlock_descriptors(&setup->sandbox.landlock, keep + 7);
	char name[16];

	(void)snprintf(name, sizeof name, "forkpool:%u", worker_self.index);
	os_process_name(name);
	(void)setsid();
	(void)signal(SIGCHLD, SIG_DFL);
	/* Where the system could not hide it from the fork. */
	(void)munmap(setup->control, sizeof *setup->control);
	descriptors_close_others(&setup->descriptors, keep, kept);
	worker_self.jobs = identity_of(job_pipe);
	worker_self.results = identity_of(results);
	worker_self.arena = identity_of(setup->arena_fd);
	worker_self.values = identity_of(setup->spool.fd);
	if (worker_self.capture != -1)
		worker_self.output = identity_of(worker_self.capture);
	(void)setrlimit(RLIMIT_NOFILE, &setup->open_files); /* the supervisor may have raised it */
	if (jobs_have_own_process(setup)) {
		own_process_enter(setup);
	} else {
		if ((worker_self.capture != -1 && capture_enter(worker_self.capture) == -1) ||
		    limits_enter(&setup->limits) == -1)
			worker_end(LEAVE_SETUP_FAILED, errno);
		(void)getrlimit(RLIMIT_STACK, &stack);
		crash_enter(worker_self.note, &setup->limits,
		    stack.rlim_cur == RLIM_INFINITY ? 0 : (uint64_t)stack.rlim_cur);
		crash_own();
	}
	canary_mark(&setup->canary, CANARY_WORKER);
}

/* worker_init(), jobs, worker_exit(). */
static _Noreturn void
worker_live(void)
{
	const struct worker_setup *setup = worker_self.setup;

	if (setup->init != NULL) {
		int error = setup->init(setup->arg, &worker_self.context.state);
		if (error != 0)
			worker_end(LEAVE_INIT_FAILED, error);
	}
	if (jobs_have_own_process(setup))
		own_process_confine();
	uint32_t not_yet = READY_NOT;
	if (!atomic_compare_exchange_strong(&worker_self.slot->ready, &not_yet, READY_IS))
		worker_end(LEAVE_INIT_FAILED, ETIMEDOUT);
	/* Save the mask: the jump comes from the handler of SIGTERM, where SIGTERM is blocked. */
	if (sigsetjmp(worker_self.leave, 1) == 0)
		worker_loop();
	worker_self.in_pool_io = 0; /* a second SIGTERM must not come here again */
	/* Results that were not written stay in the outbox, which the parent reads. */
	if (setup->exit != NULL)
		setup->exit(setup->arg, worker_self.context.state);
	(void)fflush(stdout);
	worker_end(LEAVE_IN_ORDER, 0);
}

static void
thread_ended(void *arg)
{
	(void)arg;
	exit(0);
}

/*
 * A function of the caller's may end its thread by pthread_exit(), or have it cancelled: that is to
 * end the process, as it does where the thread is the only one.  Else the other threads would live
 * on, and nobody would hear of the run's end.  The processes of jobs inherit this.  It also keeps
 * the frames of the caller, which lie below the worker's own, from being unwound.
 */
static _Noreturn void
worker_live_in_thread(void)
{
	pthread_cleanup_push(thread_ended, NULL);
	worker_live();
	pthread_cleanup_pop(0);
}

/* Not inlined: its caller's frame is not the last. */
__attribute__((noinline)) _Noreturn void
worker_main(const struct worker_setup *setup, pid_t supervisor, unsigned index, uint32_t generation,
    int results, int capture)
{
	sigset_t none;

	/* An exception that leaves a job's function is nobody's, and ends the process: the fork has
	   copied the handlers of the caller's functions, but these are not the job's callers. */
	LAST_FRAME();
	(void)os_die_with_parent(SIGKILL);
	if (getppid() != supervisor)
		_exit(1);
	worker_self.setup = setup;
	worker_self.index = index;
	worker_self.generation = generation;
	worker_self.parity = generation & 1;
	worker_self.slot = shared_slot(setup->shared, index);
	worker_self.box = &worker_self.slot->outbox[worker_self.parity];
	worker_self.note = &worker_self.slot->crash[worker_self.parity];
	worker_self.capture = capture;
	worker_self.thread = pthread_self();
	atomic_store(&worker_self.slot->pid, getpid());
	worker_enter(setup->job_pipe, results);
	worker_self.supervisor = supervisor;
	spool_writer_init(&worker_self.spool, &setup->spool,
	    &worker_self.slot->values_taken[worker_self.parity], index, worker_self.parity);
	worker_self.context.worker = index;
	worker_self.context.value_max = setup->value_max;
	worker_self.context.progress = worker_self.slot->progress;
	worker_self.context.paused_ns = &worker_self.slot->paused_ns;
	worker_self.context.spool = &worker_self.spool;
	worker_self.context.canary = &setup->canary;
	clock_meter_init(&worker_self.meter);
	outbox_begin();
	sigemptyset(&none);
	if (jobs_have_own_process(setup)) {
		/* This thread waits for these signals: threads that worker_init() makes must not
		   take them. */
		sigaddset(&none, SIGIO);
		sigaddset(&none, SIGCHLD);
	}
	(void)pthread_sigmask(SIG_SETMASK, &none, NULL);
	worker_live_in_thread();
}

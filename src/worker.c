#include "config.h"
#include "worker.h"

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
#include <sys/stat.h>
#include <unistd.h>

#include "capture.h"
#include "clock.h"
#include "context.h"
#include "crash.h"
#include "fd.h"
#include "limits.h"
#include "os.h"
#include "packet_pipe.h"

#define CANARY_WORKER 0x776f726bu

/* Address space, not memory: pages are there once they are read. */
#define ARENA_MAPPED_MIN ((size_t)64 << 20)

/* A job of this length is reported at once, not with the rest of its packet. */
#define LONG_RUN_NS (100 * CLOCK_US)

/* A sched_yield() of this length has let somebody else run. */
#define YIELDED_NS  CLOCK_US
/* For so many packets after that it is not tried again. */
#define CROWDED_PACKETS 64u

/* Which open file a descriptor was at first. */
struct fd_identity {
	int   fd;
	dev_t device;
	ino_t inode;
};

struct worker {
	const struct worker_setup *setup;
	struct shared_slot *slot;
	struct outbox      *box;
	struct crash_note  *note;
	unsigned  index, parity;
	uint32_t  generation;
	uint64_t  runs;
	int64_t   now;                /* the time when the last run ended, or the packet came */
	struct clock_meter meter;
	unsigned  crowded;            /* packets until lingering is tried again */
	pid_t     supervisor;
	int       capture;
	struct fd_identity jobs, results, arena, values, output;
	struct spool_writer spool;
	struct wire_writer  out;
	struct forkpool_context context;

	unsigned char *arena_map;     /* to read from; NULL: not yet */
	size_t         arena_size;

	/* Shared with the signal handler. */
	pthread_t thread;
	volatile uint64_t     run_ticket;     /* the function that runs; 0 none */
	volatile sig_atomic_t cooperative;
	volatile sig_atomic_t in_pool_io;     /* blocked in the pool's pipes: may be left */
	volatile sig_atomic_t forwarded;
	sigjmp_buf leave;
};

static struct worker self; /* a worker is a process, and the signal handler has to find it */

static _Noreturn void
worker_end(enum crash_leave how, int error)
{
	atomic_store(&self.note->error, error);
	atomic_store(&self.note->left, how);
	_exit(how == LEAVE_IN_ORDER ? 0 : 1);
}

static void
on_sigterm(int signo, siginfo_t *info, void *context)
{
	int saved = errno;
	struct shared_slot *slot = self.slot;

	(void)context;
	if (info->si_pid == self.supervisor || self.forwarded) {
		if (!pthread_equal(pthread_self(), self.thread)) {
			/* A thread that a job left running got it. */
			self.forwarded = 1;
			(void)pthread_kill(self.thread, signo);
			errno = saved;
			return;
		}
		self.forwarded = 0;
		uint64_t running = self.run_ticket;
		int meant = running != 0 && atomic_load(&slot->end_ticket) == running;
		if (atomic_load(&slot->leave) && self.in_pool_io)
			siglongjmp(self.leave, 1);
		if (!meant) {
			errno = saved; /* for a run that is over */
			return;
		}
		if (self.cooperative) {
			self.context.cancelled = 1;
			errno = saved;
			return;
		}
	}
	/* Meant for this run, or sent by somebody else: the process ends of it on return. */
	(void)signal(SIGTERM, SIG_DFL);
	(void)raise(SIGTERM);
	errno = saved;
}

/* Handlers were the caller's; what was ignored stays so (SIGPIPE, for one), as across an exec. */
static void
signals_reset(void)
{
	struct sigaction action;

	for (int signo = 1; signo < NSIG; signo++) {
		if (signo == SIGKILL || signo == SIGSTOP || sigaction(signo, NULL, &action) == -1)
			continue;
		if (action.sa_handler == SIG_DFL || (action.sa_handler == SIG_IGN && signo != SIGCHLD &&
		    signo != SIGTERM))
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

static struct fd_identity
identity_of(int fd)
{
	struct fd_identity id = { .fd = fd };
	struct stat st;

	if (fstat(fd, &st) == 0) {
		id.device = st.st_dev;
		id.inode = st.st_ino;
	}
	return id;
}

/* Before anything goes into or out of it: a job may have closed it, and opened a file there. */
static void
identity_check(const struct fd_identity *id)
{
	struct stat st;

	if (fstat(id->fd, &st) == -1 || st.st_dev != id->device || st.st_ino != id->inode)
		worker_end(LEAVE_DAMAGED, EBADF);
}

/* The same for all but the results pipe, which is looked at when it is used. */
static void
identities_check(void)
{
	identity_check(&self.jobs);
	identity_check(&self.arena);
	identity_check(&self.values);
	if (self.capture != -1)
		identity_check(&self.output);
}

static void
outbox_begin(void)
{
	wire_begin(&self.out, &self.box->packet, WIRE_RESULTS, self.index, self.generation);
}

/* The results that wait become a packet in the pipe.  Blocks while the parent does not read. */
static void
outbox_flush(void)
{
	if (self.out.frames == 0)
		return;
	identity_check(&self.results);
	size_t len = wire_end(&self.out);
	for (;;) {
		self.in_pool_io = 1;
		if (atomic_load(&self.slot->leave))
			siglongjmp(self.leave, 1); /* the parent reads the outbox itself */
		int r = packet_pipe_write(self.results.fd, &self.box->packet, len);
		self.in_pool_io = 0;
		if (r == 1)
			break;
		if (r == 0)
			(void)packet_pipe_restore(self.results.fd);
		else if (errno != EINTR)
			worker_end(LEAVE_DAMAGED, errno);
	}
	/* A death before the first store shows the frames twice, never not at all. */
	atomic_store_explicit(&self.box->fill, 0, memory_order_relaxed);
	atomic_fetch_add_explicit(&self.box->flushes, 1, memory_order_release);
	atomic_thread_fence(memory_order_release);
	outbox_begin();
}

/* The frames so far are there to be found, should the process die; each counts once its claim is
   DONE. */
static inline void
outbox_publish(void)
{
	atomic_store_explicit(&self.box->fill, (uint64_t)self.out.frames << 32 | self.out.used,
	    memory_order_release);
}

/* What the run printed goes behind its value in the spool. */
static void
output_collect(struct wire_result *result)
{
	capture_flush_stdio();
	uint64_t size = capture_size(self.capture);
	if (size == 0)
		return;
	uint64_t keep = size < self.setup->output_max ? size : self.setup->output_max;
	if (!self.context.in_spool)
		spool_begin(&self.spool);
	uint64_t offset = self.spool.base + self.spool.at;
	if (spool_append_file(&self.spool, self.capture, keep) == -1)
		keep = 0;
	capture_empty(self.capture);
	result->output_len = keep;
	result->output_offset = offset;
	result->output_lost = size - keep;
}

/* The run is over: its claim says so, unless the supervisor or the parent was first. */
static void
claim_settle(const struct wire_job *job, int64_t ended)
{
	uint64_t claimed = claim_make(job->ticket, self.index, self.parity, CLAIM_CLAIMED);

	(void)atomic_compare_exchange_strong(shared_claim(self.setup->shared, job->entry), &claimed,
	    claim_make(job->ticket, self.index, self.parity,
	    ended < self.context.deadline ? CLAIM_DONE : CLAIM_TIMED_OUT));
}

/*
 * First the frame in the outbox, then the claim: DONE means that the result can be found, whatever
 * becomes of this process.  Where the claim is settled otherwise the parent goes by the claim.
 * If the packet or the spool has no room the claim comes first: that may wait for the parent, and the time
 * must not be held against the job.
 */
static void
result_send(const struct wire_job *job, int returned, int64_t started, int64_t ended)
{
	struct forkpool_context *c = &self.context;

	if (returned == 0 && !c->in_spool && c->message_len == 0 && self.capture == -1 &&
	    wire_put_plain_result(&self.out, job->entry, job->ticket, started, ended - started, c->value, c->value_len)) {
		outbox_publish();
		claim_settle(job, ended);
		return;
	}
	struct wire_result result = {
		.entry = job->entry, .ticket = job->ticket,
		.outcome = returned == 0 ? FORKPOOL_OK : FORKPOOL_FAILED, .error = returned,
		.started_ns = started, .run_ns = ended - started,
		.message = c->message, .message_len = c->message_len,
	};
	if (returned == 0 && c->value_len > 0) {
		result.value_len = c->value_len;
		if (c->in_spool)
			result.value_offset = self.spool.base + self.spool.start;
		else
			result.value = c->value;
	}
	if (self.capture != -1) {
		if (!c->in_spool && spool_must_wait(&self.spool))
			claim_settle(job, ended);
		output_collect(&result);
	}
	if ((returned == 0 && c->in_spool) || result.output_len > 0)
		spool_commit(&self.spool);
	if (!wire_put_result(&self.out, &result)) {
		claim_settle(job, ended);
		outbox_flush();
		(void)wire_put_result(&self.out, &result); /* an empty packet has room for any */
	}
	outbox_publish();
	claim_settle(job, ended);
}

/*
 * Arguments that did not travel in the packet: read in place, through a mapping that is kept and grows
 * as the arena does.  The parent has written all of them before it sent the frame, and takes no page back
 * while a job has its arguments there.  NULL: no memory for that mapping.
 */
static const void *
args_fetch(const struct wire_job *job)
{
	uint64_t end = job->args_offset + job->args_len;

	if (end > self.arena_size) {
		size_t size = self.arena_size > 0 ? self.arena_size : ARENA_MAPPED_MIN;
		while (size < end)
			size *= 2;
		if (self.arena_map != NULL)
			(void)munmap(self.arena_map, self.arena_size);
		self.arena_size = 0;
		self.arena_map = mmap(NULL, size, PROT_READ, MAP_SHARED, self.setup->arena_fd, 0);
		if (self.arena_map == MAP_FAILED) {
			self.arena_map = NULL;
			return NULL;
		}
		self.arena_size = size;
	}
	return self.arena_map + job->args_offset;
}

/* 1 it was this worker's to run and has run, 0 it was not. */
static int
job_run(struct wire_job *job)
{
	struct shared_slot *slot = self.slot;
	int64_t started = self.now;
	int64_t timeout = job->timeout_ns != 0 ? job->timeout_ns : self.setup->timeout_ns;
	int64_t deadline = timeout > 0 ? clock_after(started, timeout) : CLOCK_NEVER;

	if (job->entry >= self.setup->shared->entries)
		return 0;
	/* The slot speaks of the run before the claim is made, so that whoever sees the claim finds
	   its deadline too; who reads the slot checks it against the claim. */
	claim_word *claim = shared_claim(self.setup->shared, job->entry);
	atomic_store_explicit(&slot->run_entry, job->entry, memory_order_relaxed);
	atomic_store_explicit(&slot->run_started, started, memory_order_relaxed);
	atomic_store_explicit(&slot->run_deadline, deadline, memory_order_relaxed);
	atomic_store_explicit(&slot->run_ticket, job->ticket, memory_order_release);
	context_begin(&self.context, job, deadline);
	self.cooperative = job->cooperative != 0;
	self.run_ticket = job->ticket;
	uint64_t expected = claim_make(job->ticket, 0, 0, CLAIM_OFFERED);
	if (!atomic_compare_exchange_strong(claim, &expected,
	    claim_make(job->ticket, self.index, self.parity, CLAIM_CLAIMED))) {
		self.run_ticket = 0;
		atomic_store_explicit(&slot->run_ticket, 0, memory_order_relaxed);
		return 0;
	}
	atomic_store_explicit(&slot->runs, atomic_load_explicit(&slot->runs, memory_order_relaxed) + 1,
	    memory_order_relaxed);

	int returned;
	if (job->args == NULL && (job->args = args_fetch(job)) == NULL)
		returned = forkpool_fail(&self.context, ENOMEM, "no memory for %zu bytes of arguments", job->args_len);
	else
		returned = job->fn(&self.context, job->args, job->args_len);
	self.run_ticket = 0;

	if (!canary_holds(&self.setup->canary, CANARY_WORKER))
		_exit(0); /* a process that the job forked, and that returned from it */
	int64_t ended = clock_meter_now(&self.meter);
	result_send(job, returned, started, ended);
	atomic_store_explicit(&slot->run_ticket, 0, memory_order_release);
	if (self.context.has_progress) {
		self.context.has_progress = 0;
		atomic_store_explicit(&slot->progress_done, 0, memory_order_relaxed);
		atomic_store_explicit(&slot->progress_total, 0, memory_order_relaxed);
	}
	if (self.capture == -1 && capture_stdio_waits())
		capture_flush_stdio();
	self.now = ended;
	self.runs++;
	return 1;
}

static void
packet_run(const struct wire_packet *packet, size_t len)
{
	struct wire_reader reader;
	struct wire_job job;

	if (wire_open(&reader, WIRE_JOBS, packet, len) == -1)
		return;
	self.now = clock_meter_now(&self.meter);
	/* What is left unclaimed here, for whatever reason, is offered again by the parent. */
	while (wire_get_job(&reader, &job) == 1) {
		if (atomic_load_explicit(&self.slot->leave, memory_order_relaxed) || self.now >=
		    atomic_load_explicit(&self.setup->shared->pool_deadline, memory_order_relaxed))
			break;
		int64_t before = self.now;
		if (!job_run(&job))
			continue;
		if (self.now - before >= LONG_RUN_NS) {
			outbox_flush();
			identities_check();
		}
		if (self.setup->jobs_per_worker > 0 && self.runs >= self.setup->jobs_per_worker)
			break;
	}
	outbox_flush();
}

/*
 * The next packet while it is worth waiting for awake: where jobs are short the next ones come soon, and
 * being woken takes longer than they do.  0: none came.
 */
static ssize_t
packet_linger(struct wire_packet *packet)
{
	struct shared *shared = self.setup->shared;
	uint32_t seen = atomic_load_explicit(&shared->packets, memory_order_relaxed);

	if (!atomic_load_explicit(&shared->linger, memory_order_relaxed))
		return 0;
	if (self.crowded > 0) {
		self.crowded--;
		return 0;
	}
	ssize_t n = packet_pipe_read_now(self.jobs.fd, packet);
	int64_t now = clock_meter_now(&self.meter), until = now + SHARED_LINGER_NS;
	while (n == 0 && now < until) {
		uint32_t packets = atomic_load_explicit(&shared->packets, memory_order_relaxed);
		int64_t before = now;
		if (packets != seen) {
			seen = packets;
			n = packet_pipe_read_now(self.jobs.fd, packet);
		} else {
			(void)sched_yield();
		}
		now = clock_meter_now(&self.meter);
		if (now - before > YIELDED_NS && n == 0) {
			self.crowded = CROWDED_PACKETS; /* others want this processor: it is theirs */
			break;
		}
	}
	return n > 0 ? n : 0; /* an error is read()'s to tell */
}

static void
worker_loop(void)
{
	static struct wire_packet packet;

	while (self.setup->jobs_per_worker == 0 || self.runs < self.setup->jobs_per_worker) {
		identities_check();
		atomic_store_explicit(&self.slot->reading, 1, memory_order_release);
		self.in_pool_io = 1;
		if (atomic_load(&self.slot->leave))
			break;
		ssize_t n = packet_linger(&packet);
		if (n == 0)
			n = packet_pipe_read(self.jobs.fd, &packet);
		self.in_pool_io = 0;
		atomic_store_explicit(&self.slot->reading, 0, memory_order_release);
		if (n > 0)
			packet_run(&packet, (size_t)n);
		else if (n == 0)
			(void)fd_set_nonblocking(self.jobs.fd, 0);
		else if (errno == EPIPE)
			break; /* the caller is gone */
		else if (errno != EINTR)
			worker_end(LEAVE_DAMAGED, errno);
	}
	self.in_pool_io = 0;
}

int
worker_prepare(const struct worker_setup *setup)
{
	memset(&self, 0, sizeof self); /* of another pool's worker, where this pool is opened in a job */
	self.supervisor = -1;          /* a SIGTERM of anybody's ends this process */
	signals_reset();
	crash_install();
	os_no_core();
	(void)os_exit_guard();
	if (fd_redirect("/dev/null", O_RDONLY, STDIN_FILENO) == -1)
		return -1;
	return capture_prepare(setup->output);
}

/* What is this worker's alone. */
static void
worker_enter(int job_pipe, int results)
{
	const struct worker_setup *setup = self.setup;
	uint64_t memory_max = 0;
	struct rlimit stack = { 0 };
	int keep[] = { job_pipe, results, setup->arena_fd, setup->spool.fd, self.capture };
	char name[16];

	(void)snprintf(name, sizeof name, "forkpool:%u", self.index);
	os_process_name(name);
	(void)setsid();
	(void)signal(SIGCHLD, SIG_DFL);
	(void)munmap(setup->control, sizeof *setup->control); /* where it could not be hidden */
	fd_close_all_but(keep, sizeof keep / sizeof keep[0]);
	self.jobs = identity_of(job_pipe);
	self.results = identity_of(results);
	self.arena = identity_of(setup->arena_fd);
	self.values = identity_of(setup->spool.fd);
	if (self.capture != -1)
		self.output = identity_of(self.capture);
	(void)setrlimit(RLIMIT_NOFILE, &setup->open_files); /* the supervisor may have raised its own */
	if ((self.capture != -1 && capture_enter(self.capture) == -1) ||
	    limits_enter(&setup->limits, &memory_max) == -1)
		worker_end(LEAVE_SETUP_FAILED, errno);
	(void)getrlimit(RLIMIT_STACK, &stack);
	crash_enter(self.note, memory_max, stack.rlim_cur == RLIM_INFINITY ? 0 : (uint64_t)stack.rlim_cur);
	canary_mark(&setup->canary, CANARY_WORKER);
}

_Noreturn void
worker_main(const struct worker_setup *setup, pid_t supervisor, unsigned index, uint32_t generation,
    int results, int capture)
{
	sigset_t none;

	(void)os_die_with_parent(SIGKILL);
	if (getppid() != supervisor)
		_exit(1);
	self.setup = setup;
	self.index = index;
	self.generation = generation;
	self.parity = generation & 1;
	self.slot = shared_slot(setup->shared, index);
	self.box = &self.slot->outbox[self.parity];
	self.note = &self.slot->crash[self.parity];
	self.capture = capture;
	self.thread = pthread_self();
	atomic_store(&self.slot->pid, getpid());
	worker_enter(setup->job_pipe, results);
	self.supervisor = supervisor;
	spool_writer_init(&self.spool, &setup->spool, &self.slot->values_taken[self.parity], index, self.parity);
	self.context.worker = index;
	self.context.value_max = setup->value_max;
	self.context.slot = self.slot;
	self.context.spool = &self.spool;
	clock_meter_init(&self.meter);
	outbox_begin();
	sigemptyset(&none);
	(void)pthread_sigmask(SIG_SETMASK, &none, NULL);

	if (setup->init != NULL) {
		int error = setup->init(setup->arg, &self.context.state);
		if (error != 0)
			worker_end(LEAVE_INIT_FAILED, error);
	}
	atomic_store(&self.slot->ready, 1);
	/* With the mask: the jump is made out of the handler of SIGTERM, where that is blocked. */
	if (sigsetjmp(self.leave, 1) == 0)
		worker_loop();
	self.in_pool_io = 0; /* a second SIGTERM must not come here again */
	/* The results that were not written stay in the outbox, and the parent reads it. */
	if (setup->exit != NULL)
		setup->exit(setup->arg, self.context.state);
	(void)fflush(stdout);
	worker_end(LEAVE_IN_ORDER, 0);
}

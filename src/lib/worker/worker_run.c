/* SPDX-License-Identifier: BSD-2-Clause */
/* Claim a packet's jobs, run them, here or in processes of their own, and send their results. */
#include "config.h"
#include "lib/worker/worker_run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/ipc/packet_pipe.h"
#include "lib/job/job_call.h"
#include "lib/job/stdio_capture.h"
#include "lib/os/os.h"
#include "lib/os/usdt.h"

/* At least so much of the arena is mapped: a page that is not read costs address space alone. */
#define ARENA_MAPPED_MIN ((size_t)64 << 20)

/* After a run of this length the results are sent at once, not with the rest of the packet. */
#define LONG_RUN_NS (100 * CLOCK_US)
/* Where jobs have their own processes: send the results when the first has waited so long. */
#define LONG_WAIT_NS CLOCK_MS

alignas(2048) struct worker worker_self;

_Noreturn void
worker_end(enum crash_leave how, int error)
{
	atomic_store(&worker_self.note->error, error);
	atomic_store(&worker_self.note->left, how);
	_exit(how == LEAVE_IN_ORDER ? 0 : 1);
}

struct fd_identity
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

/* Before using a descriptor of the pool's: a job may have closed it and opened a file in its
   place. */
static void
identity_check(const struct fd_identity *id)
{
	struct stat st;

	if (fstat(id->fd, &st) == -1 || st.st_dev != id->device || st.st_ino != id->inode)
		worker_end(LEAVE_DAMAGED, EBADF);
}

/* All but the results pipe, which is checked when it is used. */
void
identities_check(void)
{
	if (jobs_have_own_process(worker_self.setup))
		return; /* no job is ever in this process */
	identity_check(&worker_self.jobs);
	identity_check(&worker_self.arena);
	identity_check(&worker_self.values);
	if (worker_self.capture != -1)
		identity_check(&worker_self.output);
}

void
outbox_begin(void)
{
	wire_begin(&worker_self.out, &worker_self.box->packet, WIRE_RESULTS, worker_self.index,
	    worker_self.generation);
}

/* Read the worker's clock, as slot_clock() does.  Call also after anything that may have taken
   long: the next run's time begins now. */
static inline void
clock_look(void)
{
	const _Atomic int64_t *paused_ns = &worker_self.slot->paused_ns;
	int64_t paused, now;

	do {
		paused = atomic_load_explicit(paused_ns, memory_order_acquire);
		now = clock_meter_now(&worker_self.meter);
	} while (atomic_load_explicit(paused_ns, memory_order_acquire) != paused);
	worker_self.paused_ns = paused;
	worker_self.now = now - paused;
}

/* The moment of the last look, by clock_now(). */
static inline int64_t
system_now(void)
{
	return worker_self.now + worker_self.paused_ns;
}

/* Send the results in the outbox as a packet.  Blocks while the parent does not read. */
static void
outbox_flush(void)
{
	if (worker_self.out.frames == 0)
		return;
	if (!jobs_have_own_process(worker_self.setup))
		identity_check(&worker_self.results);
	size_t len = wire_end(&worker_self.out);
	for (;;) {
		worker_self.in_pool_io = 1;
		if (atomic_load(&worker_self.slot->leave))
			siglongjmp(worker_self.leave, 1); /* the parent reads the outbox itself */
		int r = packet_pipe_write(worker_self.results.fd, &worker_self.box->packet, len);
		worker_self.in_pool_io = 0;
		if (r == 1)
			break;
		if (r == 0)
			(void)packet_pipe_restore(worker_self.results.fd);
		else if (errno != EINTR)
			worker_end(LEAVE_DAMAGED, errno);
	}
	/* If the process dies before the first store, the parent finds the frames twice, never not
	   at all. */
	atomic_store_explicit(&worker_self.box->fill, 0, memory_order_relaxed);
	atomic_fetch_add_explicit(&worker_self.box->flushes, 1, memory_order_release);
	atomic_thread_fence(memory_order_release);
	outbox_begin();
	clock_look();
}

/* Let the parent find the frames so far, should the process die; each counts once its claim is
   DONE. */
static inline void
outbox_publish(void)
{
	atomic_store_explicit(&worker_self.box->fill,
	    (uint64_t)worker_self.out.frames << 32 | worker_self.out.used, memory_order_release);
}

/* Append the run's output to its value in the spool. */
static void
output_collect(struct wire_result *result)
{
	capture_flush_stdio();
	uint64_t size = capture_size(worker_self.capture);
	if (size == 0)
		return;
	uint64_t keep = size < worker_self.setup->output_max ? size : worker_self.setup->output_max;
	if (!worker_self.context.is_large)
		spool_begin(&worker_self.spool);
	uint64_t offset = worker_self.spool.base + worker_self.spool.at;
	if (spool_append_file(&worker_self.spool, worker_self.capture, keep) == -1)
		keep = 0;
	capture_empty(worker_self.capture);
	result->output_len = keep;
	result->output_offset = offset;
	result->output_lost = size - keep;
}

/* The run is over: settle its claim, unless the supervisor or the parent has settled it already. */
static void
claim_settle(const struct wire_job *job, int64_t ended)
{
	uint64_t claimed =
	    claim_make(job->ticket, worker_self.index, worker_self.parity, CLAIM_CLAIMED);

	(void)atomic_compare_exchange_strong(shared_claim(worker_self.setup->shared, job->entry),
	    &claimed,
	    claim_make(job->ticket, worker_self.index, worker_self.parity,
		ended < worker_self.context.deadline ? CLAIM_DONE : CLAIM_TIMED_OUT));
}

/*
 * The frame comes first, then the claim: DONE means that the parent finds the result, whatever
 * happens to this process.  Where the claim is settled otherwise the parent goes by the claim.  If
 * the packet or the spool has no room, the claim comes first: waiting for the parent must not count
 * as the job's time.
 */
static void
result_put(const struct wire_job *job, const struct wire_result *result, int64_t ended)
{
	if (!wire_put_result(&worker_self.out, result)) {
		claim_settle(job, ended);
		outbox_flush();
		/* An empty packet has room for any result. */
		(void)wire_put_result(&worker_self.out, result);
	}
	outbox_publish();
	claim_settle(job, ended);
}

/* Send the result of a run in this process. */
static void
result_send(const struct wire_job *job, int returned, int64_t started, int64_t ended)
{
	struct forkpool_context *c = &worker_self.context;

	if (returned == 0 && !c->is_large && c->message_len == 0 && worker_self.capture == -1 &&
	    wire_put_plain_result(&worker_self.out, job->entry, job->ticket,
		worker_self.started_ns, ended - started, c->value, c->value_len)) {
		outbox_publish();
		claim_settle(job, ended);
		return;
	}
	struct wire_result result = {
		.entry = job->entry, .ticket = job->ticket,
		.outcome = returned == 0 ? FORKPOOL_OK : FORKPOOL_FAILED, .error = returned,
		.started_ns = worker_self.started_ns, .run_ns = ended - started,
		.message = c->message, .message_len = c->message_len,
	};
	if (returned == 0 && c->value_len > 0) {
		result.value_len = c->value_len;
		if (c->is_large)
			result.value_offset = worker_self.spool.base + worker_self.spool.start;
		else
			result.value = c->value;
	}
	if (worker_self.capture != -1) {
		if (!c->is_large && spool_must_wait(&worker_self.spool))
			claim_settle(job, ended);
		output_collect(&result);
		clock_look();
	}
	if ((returned == 0 && c->is_large) || result.output_len > 0)
		spool_commit(&worker_self.spool);
	result_put(job, &result, ended);
}

/* Send the result of a run in a process of its own.  Large values and output go through the spool,
   as well. */
static void
result_pass_on(const struct wire_job *job, struct wire_result *result, int64_t ended)
{
	const struct job_processes *own_process = &worker_self.own_process;
	char text[120];
	bool large = result->value == NULL && result->value_len > 0;

	result->output_lost = own_process->output.lost;
	if (large || own_process->output.kept_len > 0) {
		if (spool_must_wait(&worker_self.spool))
			claim_settle(job, ended);
		spool_begin(&worker_self.spool);
		uint64_t offset = worker_self.spool.base + worker_self.spool.at;
		if (large &&
		    spool_append(&worker_self.spool, own_process->area,
			(size_t)result->value_len) == 0) {
			result->value_offset = offset;
		} else if (large) {
			(void)snprintf(text, sizeof text, "its value could not be kept: %s",
			    strerror(errno));
			result->outcome = FORKPOOL_LOST;
			result->value_len = 0;
			result->message = text;
			result->message_len = strlen(text);
		}
		offset = worker_self.spool.base + worker_self.spool.at;
		if (own_process->output.kept_len > 0 &&
		    spool_append(&worker_self.spool, own_process->output.kept,
			(size_t)own_process->output.kept_len) == 0) {
			result->output_len = own_process->output.kept_len;
			result->output_offset = offset;
		} else {
			result->output_lost += own_process->output.kept_len;
		}
		if (result->value_len > 0 || result->output_len > 0)
			spool_commit(&worker_self.spool);
		clock_look();
	}
	result_put(job, result, ended);
}

/*
 * Arguments that did not fit into the packet are read in place, through a mapping that is kept and
 * grows with the arena.  The parent wrote them before it sent the frame, and frees no page while a
 * job has its arguments there.  NULL: no memory for the mapping.
 */
static const void *
args_fetch(const struct wire_job *job)
{
	uint64_t end = job->args_offset + job->args_len;

	if (end > worker_self.arena_size) {
		size_t size = worker_self.arena_size;
		if (size == 0)
			size = ARENA_MAPPED_MIN;
		while (size < end && size <= SIZE_MAX / 2)
			size *= 2;
		if (size < end)
			return NULL;
		if (worker_self.arena_map != NULL)
			(void)munmap(worker_self.arena_map, worker_self.arena_size);
		worker_self.arena_size = 0;
		worker_self.arena_map =
		    mmap(NULL, size, PROT_READ, MAP_SHARED, worker_self.setup->arena_fd, 0);
		if (worker_self.arena_map == MAP_FAILED) {
			worker_self.arena_map = NULL;
			return NULL;
		}
		worker_self.arena_size = size;
	}
	return worker_self.arena_map + job->args_offset;
}

/* Run the job in this process. */
static void
run_here(struct wire_job *job, int64_t started)
{
	struct forkpool_context *c = &worker_self.context;
	bool large = job->args == NULL;
	int returned;

	if (large && (job->args = args_fetch(job)) != NULL) {
		worker_self.large_args = job->args;
		worker_self.large_args_len = job->args_len;
	}
	if (job->args == NULL)
		returned =
		    forkpool_fail(c, ENOMEM, "no memory for %zu bytes of arguments", job->args_len);
	else
		returned = job_call(job->fn, c, job->args, job->args_len);
	worker_self.run_ticket = 0;
	if (large)
		worker_self.large_args_len = 0;

	if (!canary_holds(&worker_self.setup->canary, CANARY_WORKER))
		_exit(0); /* the job forked this process, and the process returned from the job */
	clock_look();
	result_send(job, returned, started, worker_self.now);
	if (c->has_progress) {
		c->has_progress = 0;
		atomic_store_explicit(&c->progress[0], 0, memory_order_relaxed);
		atomic_store_explicit(&c->progress[1], 0, memory_order_relaxed);
	}
	if (worker_self.capture == -1 && capture_stdio_waits())
		capture_flush_stdio();
}

/* Run the job in a process of its own. */
static void
run_in_own_process(const struct wire_job *job, int64_t started, int64_t deadline)
{
	struct wire_result result = {
		.entry = job->entry, .ticket = job->ticket,
		.started_ns = worker_self.started_ns,
	};

	job_process_run(&worker_self.own_process, job, deadline,
	    shared_claim(worker_self.setup->shared, job->entry), &result);
	worker_self.run_ticket = 0;
	clock_look();
	result.run_ns = worker_self.now - started;
	result_pass_on(job, &result, worker_self.now);
	if (!worker_self.own_process.output_is_out) {
		/* Only this worker waits for a slow reader, not the caller: send the result, and
		   stop the deadline. */
		atomic_store_explicit(&worker_self.slot->run_ticket, 0, memory_order_release);
		outbox_flush();
	}
	job_process_done(&worker_self.own_process);
	if (worker_self.own_process.damaged != 0) {
		outbox_flush();
		worker_end(LEAVE_DAMAGED, worker_self.own_process.damaged);
	}
}

/* Claim the job and run it.  1; 0: it was no longer this worker's to claim. */
static int
job_run(struct wire_job *job)
{
	struct shared_slot *slot = worker_self.slot;
	int64_t started = worker_self.now;
	int64_t timeout = job->timeout_ns != 0 ? job->timeout_ns : worker_self.setup->timeout_ns;
	int64_t deadline = timeout > 0 ? clock_after(started, timeout) : CLOCK_NEVER;

	if (job->entry >= worker_self.setup->entries)
		return 0;
	/* Describe the run in the slot before claiming it, so that whoever sees the claim finds its
	   deadline; whoever reads the slot checks it against the claim. */
	claim_word *claim = shared_claim(worker_self.setup->shared, job->entry);
	atomic_store_explicit(&slot->run_entry, job->entry, memory_order_relaxed);
	atomic_store_explicit(&slot->run_started, started, memory_order_relaxed);
	atomic_store_explicit(&slot->run_deadline, deadline, memory_order_relaxed);
	if (worker_self.setup->sandbox.cgroup.dir != -1)
		atomic_store_explicit(&slot->oom_kills, worker_self.own_process.oom_kills,
		    memory_order_relaxed);
	atomic_store_explicit(&slot->run_ticket, job->ticket, memory_order_release);
	if (!jobs_have_own_process(worker_self.setup))
		context_begin(&worker_self.context, job, deadline);
	worker_self.context.deadline = deadline;
	worker_self.cooperative = job->cooperative != 0;
	worker_self.started_ns = system_now();
	worker_self.own_process.end_asked = 0;
	worker_self.run_ticket = job->ticket;
	uint64_t expected = claim_make(job->ticket, 0, 0, CLAIM_OFFERED);
	if (!atomic_compare_exchange_strong(claim, &expected,
	    claim_make(job->ticket, worker_self.index, worker_self.parity, CLAIM_CLAIMED))) {
		worker_self.run_ticket = 0;
		atomic_store_explicit(&slot->run_ticket, 0, memory_order_relaxed);
		return 0;
	}
	atomic_store_explicit(&slot->runs,
	    atomic_load_explicit(&slot->runs, memory_order_relaxed) + 1, memory_order_relaxed);
	PROBE_JOB_CLAIM(job->seq, worker_self.index);

	if (jobs_have_own_process(worker_self.setup))
		run_in_own_process(job, started, deadline);
	else
		run_here(job, started);
	atomic_store_explicit(&slot->run_ticket, 0, memory_order_release);
	worker_self.runs++;
	return 1;
}

/* No run begins while the pool is suspended.  The supervisor stops this worker too, but for the end
   of a run that is cancelled meanwhile. */
static void
suspended_await(void)
{
	struct shared *shared = worker_self.setup->shared;

	outbox_flush();
	worker_self.in_pool_io = 1;
	while (atomic_load(&shared->suspended)) {
		if (atomic_load(&worker_self.slot->leave))
			siglongjmp(worker_self.leave, 1);
		os_word_wait(&shared->suspended, 1, CLOCK_S);
	}
	worker_self.in_pool_io = 0;
	clock_look();
}

void
packet_run(const struct wire_packet *packet, size_t len)
{
	struct wire_reader reader;
	struct wire_job job;

	if (wire_open(&reader, WIRE_JOBS, packet, len) == -1)
		return;
	/* Where the jobs' namespace was killed while there was none, another worker runs them. */
	if (jobs_have_own_process(worker_self.setup) &&
	    pid_namespace_is_gone(&worker_self.own_process.ns))
		worker_end(LEAVE_DAMAGED, EPIPE);
	clock_look();
	int64_t began = worker_self.now;
	/* The parent offers again whatever is left unclaimed here. */
	while (wire_get_job(&reader, &job) == 1) {
		if (atomic_load_explicit(&worker_self.setup->shared->suspended,
			memory_order_relaxed))
			suspended_await();
		if (atomic_load_explicit(&worker_self.slot->leave, memory_order_relaxed) ||
		    system_now() >=
			atomic_load_explicit(&worker_self.setup->shared->pool_deadline,
			    memory_order_relaxed))
			break;
		int64_t before = worker_self.now;
		if (!job_run(&job))
			continue;
		/* Jobs with their own processes are all long, and waking the caller for each costs
		   a tenth of a job: there the time counts that the first result has waited. */
		bool due = jobs_have_own_process(worker_self.setup) ?
		    worker_self.now - began >= LONG_WAIT_NS :
		    worker_self.now - before >= LONG_RUN_NS;
		if (due) {
			began = worker_self.now;
			outbox_flush();
			identities_check();
		}
		if (worker_self.setup->jobs_per_worker > 0 &&
		    worker_self.runs >= worker_self.setup->jobs_per_worker)
			break;
	}
	outbox_flush();
}

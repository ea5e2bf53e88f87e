/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "lib/dispatch/offers.h"

#include <errno.h>

#include "lib/ipc/packet_pipe.h"
#include "lib/os/os.h"

/* Work worth sending in one packet; below FLOOR, sharing it out fairly costs more than it gives. */
#define BATCH_NS  (100 * CLOCK_US)
#define FLOOR_NS  (10 * CLOCK_US)
/* Where each job has a process of its own: a packet for each would wake worker and caller for each. */
#define BATCH_APART_NS (4 * CLOCK_MS)
/* What a job costs a worker besides its function. */
#define OVERHEAD_NS 60
/* Ahead of each worker: so many packets, the one it works on included, or so much work, whichever
   is more. */
#define AHEAD     3u
#define AHEAD_NS  (200 * CLOCK_US)
#define BATCH_MAX (WIRE_PACKET_SIZE / 48u)
/* Unclaimed for less than this, a job may just be about to be claimed. */
#define SETTLE_NS (200 * CLOCK_US)
#define TICK_MIN  CLOCK_MS
/* With so many workers at most a moment of waiting awake costs less than falling asleep. */
#define LINGER_WORKERS 16u
#define READERS_PER_PROCESSOR 2u

void
supervisor_ring(struct dispatcher *d)
{
	if (d->socket != -1)
		(void)control_ring_supervisor(d->control, d->socket);
}

/* The supervisor sleeps no longer than the smallest timeout in use, lest one job start and expire
   in its sleep. */
static void
watch_lower(struct dispatcher *d, int64_t timeout_ns)
{
	int64_t watch = atomic_load(&d->control->watch_ns);

	if (watch == 0 || watch > timeout_ns) {
		atomic_store(&d->control->watch_ns, timeout_ns);
		supervisor_ring(d);
	}
}

static void
timed_job_begins(struct dispatcher *d, struct job *job, int64_t timeout_ns)
{
	job->timed = 1;
	/* Counted before the watch is read; the supervisor clears and counts the other way round, so
	   one of the two sees the other. */
	atomic_store(&d->control->timed_jobs, ++d->timed_jobs);
	watch_lower(d, timeout_ns);
}

void
timed_job_over(struct dispatcher *d, struct job *job)
{
	job->timed = 0;
	atomic_store(&d->control->timed_jobs, --d->timed_jobs);
	d->watch_stale = true;
}

bool
offer_revoke(struct dispatcher *d, struct job *job)
{
	uint64_t offered = claim_make(job->ticket, 0, 0, CLAIM_OFFERED);

	if (!atomic_compare_exchange_strong(shared_claim(d->shared, job->entry), &offered,
	    claim_make(job->ticket, 0, 0, CLAIM_REVOKED)))
		return false;
	inflight_remove(d, job);
	return true;
}

/*
 * Where jobs are short and workers many, few workers do best: each packet wakes the one that has slept
 * longest, and whose memory is cold.  So only some of them read then.
 */
static void
readers_set(struct dispatcher *d, uint32_t readers)
{
	if (atomic_load_explicit(&d->shared->readers, memory_order_relaxed) != readers) {
		atomic_store(&d->shared->readers, readers);
		os_word_wake(&d->shared->readers);
	}
}

void
offers_size(struct dispatcher *d)
{
	int64_t run_ns = d->run_ns > 0 ? d->run_ns : BATCH_NS;
	int64_t batch = (jobs_have_own_process(&d->setup.worker) ? BATCH_APART_NS : BATCH_NS) / run_ns,
		floor = FLOOR_NS / run_ns, ahead = AHEAD_NS / run_ns;

	d->batch = batch < 1 ? 1 : batch > BATCH_MAX ? BATCH_MAX : (unsigned)batch;
	d->floor = floor < 1 ? 1 : floor > d->batch ? d->batch : (unsigned)floor;
	if (ahead < AHEAD * d->batch)
		ahead = AHEAD * d->batch;
	d->offered_max = d->workers * (uint32_t)ahead;
	bool shorts = d->run_ns > 0 && d->run_ns <= SHARED_SPIN_NS;
	unsigned some = READERS_PER_PROCESSOR * d->processors;
	bool limit = shorts && d->workers > LINGER_WORKERS && d->workers > some;
	d->readers = limit ? some : SHARED_READERS_ALL;
	readers_set(d, d->readers);
	d->spin = shorts && (limit || d->workers <= LINGER_WORKERS);
	atomic_store_explicit(&d->shared->spin, d->spin, memory_order_relaxed);
}

void
offers_learn(struct dispatcher *d, int64_t run_ns_total, unsigned jobs)
{
	int64_t mean = run_ns_total / jobs + OVERHEAD_NS;

	/* Up at once, down by and by: one long job behind a packet of short ones is what hurts. */
	if (mean > 4 * d->run_ns)
		d->run_ns = mean;
	else
		d->run_ns += (mean - d->run_ns) / 8;
	offers_size(d);
}

/* Write the packet that waits; false: the pipe is full, it waits on. */
static bool
packet_write(struct dispatcher *d)
{
	while (d->out_len > 0) {
		int r = packet_pipe_write(d->job_pipe[1], &d->out, d->out_len);
		if (r == -1 && errno == EINTR)
			continue;
		if (r != 1)
			return false; /* with any error but "full" the tick finds its jobs unclaimed */
		d->out_len = 0;
		atomic_fetch_add_explicit(&d->shared->packets, 1, memory_order_relaxed);
	}
	return true;
}

/* The packet being filled goes out as it is. */
static void
packet_close(struct dispatcher *d)
{
	if (d->writer.frames == 0)
		return;
	d->out_len = wire_end(&d->writer);
	d->writer.frames = 0;
	d->plain_room = 0;
	d->offered_at = d->stamp;
	d->tick_span = TICK_MIN;
	d->tick_at = clock_after(d->stamp, TICK_MIN);
	(void)packet_write(d);
}

static void
frame_of(const struct job *job, struct wire_job *frame)
{
	*frame = (struct wire_job){
		.entry = job->entry,
		.ticket = job->ticket,
		.seq = job->seq,
		.fn = job->fn,
		.attempt = job->attempts + 1,
		.cooperative = job->cooperative,
		.timeout_ns = job->timeout_ns,
		.id = job->id,
		.id_len = job->id_len,
		.args = job->args,
		.args_len = job->args_len,
		.args_offset = job->owns & JOB_OWNS_EXTENT ? job->extent->offset : 0,
	};
}

/* Into the packet being filled; false: it has no room. */
static inline bool
packet_add(struct dispatcher *d, struct job *job)
{
	int64_t timeout = job->timeout_ns != 0 ? job->timeout_ns : d->timeout_ns;

	if (d->writer.frames == 0) {
		size_t share = (d->inflight_count + d->jobs.queued) / d->workers;
		d->fill = share < d->floor ? d->floor :
		    share > d->batch       ? d->batch :
					     (unsigned)share;
		wire_begin(&d->writer, &d->out, WIRE_JOBS, 0, 0);
	}
	job->ticket = d->next_ticket;
	if (job->timeout_ns == 0 && job->attempts == 0 &&
	    (job->owns & (JOB_OWNS_ID | JOB_OWNS_EXTENT)) == 0) {
		if (!wire_put_plain_job(&d->writer, job->entry, job->ticket, job->seq, job->fn,
			job->cooperative, job->args, job->args_len))
			return false;
	} else {
		struct wire_job frame;
		frame_of(job, &frame);
		if (!wire_put_job(&d->writer, &frame))
			return false;
	}
	if (timeout > 0)
		timed_job_begins(d, job, timeout);
	inflight_add(d, job);
	return true;
}

/* How many more may follow without a look at the window, the queue and the clock. */
static void
plain_room_set(struct dispatcher *d)
{
	unsigned frames = d->writer.frames;

	d->plain_room = 0;
	if (frames == 0 || d->jobs.queued > 0 || d->timeout_ns > 0 ||
	    d->inflight_count >= d->offered_max)
		return;
	d->plain_room = d->fill > frames + 1 ? d->fill - frames - 1 : 0;
	if (d->plain_room > d->offered_max - d->inflight_count)
		d->plain_room = d->offered_max - d->inflight_count;
}

void
offers_put_any(struct dispatcher *d, struct job *job)
{
	if (d->jobs.queued > 0 || d->out_len > 0 || d->inflight_count >= d->offered_max) {
		job->submitted_ns = clock_now();
		job_table_enqueue(&d->jobs, job);
		return;
	}
	/* One look at the clock for a packet: it is filled in a row, or sent. */
	if (d->writer.frames == 0)
		d->stamp = clock_now();
	job->submitted_ns = d->stamp;
	if (!packet_add(d, job)) {
		packet_close(d);
		if (d->out_len > 0 || !packet_add(d, job)) {
			job_table_enqueue(&d->jobs, job);
			return;
		}
	}
	if (d->writer.frames >= d->fill || d->inflight_count <= d->workers)
		packet_close(d);
	else
		plain_room_set(d);
}

void
offers_send(struct dispatcher *d, bool all)
{
	struct job *job;

	if (!packet_write(d))
		return;
	if (d->jobs.queued > 0 && d->writer.frames == 0)
		d->stamp = clock_now();
	while (d->out_len == 0 && d->inflight_count < d->offered_max &&
	    (job = job_table_pop(&d->jobs)) != NULL) {
		if (!packet_add(d, job)) {
			job_table_requeue(&d->jobs, job);
			packet_close(d);
		} else if (d->writer.frames >= d->fill || d->inflight_count <= d->workers) {
			packet_close(d);
		}
	}
	if (all && d->out_len == 0)
		packet_close(d);
}

/* Idle workers by their own word, which costs a packet at most if it is wrong. */
static unsigned
idle_workers(struct dispatcher *d)
{
	unsigned idle = 0;

	for (unsigned i = 0; i < d->workers; i++)
		idle += atomic_load_explicit(&shared_slot(d->shared, i)->reading,
			    memory_order_relaxed) == 1 &&
		    atomic_load_explicit(&d->control->slot[i].pid, memory_order_relaxed) != 0;
	return idle;
}

bool
offers_again(struct dispatcher *d, int64_t now)
{
	uint32_t unclaimed = 0, stuck = 0;

	/* A packet that is not full, with a caller who neither waits nor submits more, but takes no result either. */
	if (d->writer.frames > 0 && d->out_len == 0)
		packet_close(d);
	INFLIGHT_FOREACH(d, entry) {
		enum claim_state state = claim_state(
		    atomic_load_explicit(shared_claim(d->shared, entry), memory_order_relaxed));
		unclaimed += state == CLAIM_OFFERED;
		stuck += state == CLAIM_DONE;
	}
	if (unclaimed == 0 || d->out_len > 0 || d->writer.frames > 0)
		return unclaimed + stuck > 0;
	unsigned idle = now - d->offered_at >= SETTLE_NS ? idle_workers(d) : 0;
	if (idle == 0 && d->results_taken == d->results_at_tick)
		readers_set(d, SHARED_READERS_ALL); /* nothing moves: those that read are busy */
	d->results_at_tick = d->results_taken;
	if (idle == 0 || packet_pipe_holds(d->job_pipe[0]) != 0)
		return true;

	uint32_t share = (unclaimed + idle - 1) / idle;
	d->stamp = now;
	INFLIGHT_FOREACH(d, entry) {
		struct job *job = job_table_at(&d->jobs, entry);
		struct wire_job frame;
		if (claim_state(atomic_load_explicit(shared_claim(d->shared, entry),
			memory_order_relaxed)) != CLAIM_OFFERED)
			continue;
		frame_of(job, &frame);
		if (d->writer.frames >= share)
			packet_close(d);
		if (d->writer.frames == 0 && d->out_len == 0)
			wire_begin(&d->writer, &d->out, WIRE_JOBS, 0, 0);
		if (d->out_len > 0)
			break; /* the pipe is full: what follows, at a later look */
		if (!wire_put_job(&d->writer, &frame)) {
			packet_close(d);
			if (d->out_len > 0)
				break;
			wire_begin(&d->writer, &d->out, WIRE_JOBS, 0, 0);
			(void)wire_put_job(&d->writer, &frame);
		}
		d->reoffers++;
	}
	packet_close(d);
	return true;
}

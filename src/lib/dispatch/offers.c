/* SPDX-License-Identifier: BSD-2-Clause */
/* Jobs out: packets filled, sent, and sent again; how large they are. */
#include "config.h"
#include "lib/dispatch/offers.h"

#include <errno.h>

#include "lib/ipc/packet_pipe.h"
#include "lib/os/os.h"

/* A packet holds this much work at most.  Less than FLOOR_NS is not shared out: being fair would
   cost more than it gives. */
#define BATCH_NS  (100 * CLOCK_US)
#define FLOOR_NS  (10 * CLOCK_US)
/* The same where each job has its own process: smaller packets would wake worker and caller for
   each job. */
#define BATCH_OWN_PROCESS_NS (4 * CLOCK_MS)
#define BATCH_MAX (WIRE_PACKET_SIZE / 48u)
/* What a job costs a worker besides its function. */
#define OVERHEAD_NS 60
/* Offer ahead for each worker so many packets, the one it works on included, or so much work,
   whichever is more. */
#define AHEAD     3u
#define AHEAD_NS  (200 * CLOCK_US)
/* A job unclaimed for less than this may just be about to be claimed. */
#define SETTLE_NS (200 * CLOCK_US)
/* After so long without any result, offer again even if no worker says that it is idle: what it
   says stands in memory that jobs may write over. */
#define STILL_NS  (100 * CLOCK_MS)
/* With so many workers at most, spinning for a moment costs less than sleep and wake-up. */
#define SPIN_WORKERS 16u
#define READERS_PER_PROCESSOR 2u

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
 * Where jobs are short and workers many, let only some workers read the job pipe: each packet wakes
 * the reader that has slept longest, and whose memory is cold.
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
	int64_t run_ns = d->out.run_ns > 0 ? d->out.run_ns : BATCH_NS;
	bool own_process = jobs_have_own_process(&d->link.setup.worker);
	int64_t batch = (own_process ? BATCH_OWN_PROCESS_NS : BATCH_NS) / run_ns;
	int64_t floor = FLOOR_NS / run_ns, ahead = AHEAD_NS / run_ns;

	d->out.batch = batch < 1 ? 1 : batch > BATCH_MAX ? BATCH_MAX : (unsigned)batch;
	d->out.floor = floor < 1 ? 1 : floor > d->out.batch ? d->out.batch : (unsigned)floor;
	if (ahead < AHEAD * d->out.batch)
		ahead = AHEAD * d->out.batch;
	d->out.offered_max = d->link.workers * (uint32_t)ahead;
	bool jobs_are_short = d->out.run_ns > 0 && d->out.run_ns <= SHARED_SPIN_NS;
	bool workers_are_few = d->link.workers <= SPIN_WORKERS;
	unsigned few = READERS_PER_PROCESSOR * d->options.processors;
	bool few_read = jobs_are_short && !workers_are_few && d->link.workers > few;
	d->out.readers = few_read ? few : SHARED_READERS_ALL;
	readers_set(d, d->out.readers);
	d->out.spin = jobs_are_short && (workers_are_few || few_read);
	atomic_store_explicit(&d->shared->spin, d->out.spin, memory_order_relaxed);
}

void
offers_learn(struct dispatcher *d, int64_t run_ns_total, unsigned jobs)
{
	int64_t mean = run_ns_total / jobs + OVERHEAD_NS;

	/* Up at once, down by and by: what hurts is a long job at the head of a packet of many. */
	if (mean > 4 * d->out.run_ns)
		d->out.run_ns = mean;
	else
		d->out.run_ns += (mean - d->out.run_ns) / 8;
	offers_size(d);
}

void
offers_mend(struct dispatcher *d)
{
	struct shared *s = d->shared;
	uint32_t readers = atomic_load_explicit(&s->readers, memory_order_relaxed);

	atomic_store_explicit(&s->spin, d->out.spin, memory_order_relaxed);
	if (readers != SHARED_READERS_ALL)
		readers_set(d, d->out.readers);
}

/* Write the packet that waits; false: the pipe is full, and it still waits. */
static bool
packet_write(struct dispatcher *d)
{
	while (d->out.packet_len > 0) {
		int r = packet_pipe_write(d->job_pipe[1], d->out.packet, d->out.packet_len);
		if (r == -1 && errno == EINTR)
			continue;
		if (r != 1)
			return false; /* full; on an error the tick finds the jobs unclaimed */
		d->out.packet_len = 0;
		atomic_fetch_add_explicit(&d->shared->packets, 1, memory_order_relaxed);
	}
	return true;
}

/* Send the packet being filled as it is. */
static void
packet_close(struct dispatcher *d)
{
	if (d->out.writer.frames == 0)
		return;
	d->out.packet_len = wire_end(&d->out.writer);
	d->out.writer.frames = 0;
	d->out.plain_room = 0;
	d->out.offered_at = d->out.begun_at;
	tick_restart(&d->tick, clock_after(d->out.begun_at, TICK_MIN));
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

/* Put the job into the packet being filled; false: it does not fit. */
static inline bool
packet_add(struct dispatcher *d, struct job *job)
{
	int64_t timeout = timeout_of(d, job);

	if (d->out.writer.frames == 0) {
		size_t share = (d->out.inflight_count + d->jobs.queued) / d->link.workers;
		if (share > d->out.batch)
			share = d->out.batch;
		d->out.fill = share < d->out.floor ? d->out.floor : (unsigned)share;
		wire_begin(&d->out.writer, d->out.packet, WIRE_JOBS, 0, 0);
	}
	job->ticket = d->out.next_ticket;
	if (job->timeout_ns == 0 && job->attempts == 0 &&
	    (job->owns & (JOB_OWNS_ID | JOB_OWNS_EXTENT)) == 0) {
		if (!wire_put_plain_job(&d->out.writer, job->entry, job->ticket, job->seq, job->fn,
			job->cooperative, job->args, job->args_len))
			return false;
	} else {
		struct wire_job frame;
		frame_of(job, &frame);
		if (!wire_put_job(&d->out.writer, &frame))
			return false;
	}
	if (timeout > 0)
		timeout_watch_begin(d, job, timeout);
	inflight_add(d, job);
	return true;
}

static inline bool
enough_offered(const struct dispatcher *d)
{
	return d->out.inflight_count >= d->out.offered_max;
}

/* The packet is full, or there is not even one offered job for each worker. */
static inline bool
packet_is_due(const struct dispatcher *d)
{
	return d->out.writer.frames >= d->out.fill || d->out.inflight_count <= d->link.workers;
}

/* How many more jobs may follow without a look at what is ahead, the queue and the clock. */
static void
plain_room_set(struct dispatcher *d)
{
	unsigned frames = d->out.writer.frames;

	d->out.plain_room = 0;
	if (frames == 0 || d->jobs.queued > 0 || d->options.timeout_ns > 0 || enough_offered(d))
		return;
	d->out.plain_room = d->out.fill > frames + 1 ? d->out.fill - frames - 1 : 0;
	if (d->out.plain_room > d->out.offered_max - d->out.inflight_count)
		d->out.plain_room = d->out.offered_max - d->out.inflight_count;
}

void
offers_put_any(struct dispatcher *d, struct job *job)
{
	if (d->jobs.queued > 0 || d->out.packet_len > 0 || enough_offered(d)) {
		job->submitted_ns = clock_now();
		job_table_enqueue(&d->jobs, job);
		return;
	}
	/* Read the clock once a packet: the caller fills it in a row, or it is sent. */
	if (d->out.writer.frames == 0)
		d->out.begun_at = clock_now();
	job->submitted_ns = d->out.begun_at;
	if (!packet_add(d, job)) {
		packet_close(d);
		if (d->out.packet_len > 0 || !packet_add(d, job)) {
			job_table_enqueue(&d->jobs, job);
			return;
		}
	}
	if (packet_is_due(d))
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
	if (d->jobs.queued > 0 && d->out.writer.frames == 0)
		d->out.begun_at = clock_now();
	while (d->out.packet_len == 0 && !enough_offered(d) &&
	    (job = job_table_pop(&d->jobs)) != NULL) {
		if (!packet_add(d, job)) {
			job_table_requeue(&d->jobs, job);
			packet_close(d);
		} else if (packet_is_due(d)) {
			packet_close(d);
		}
	}
	if (all && d->out.packet_len == 0)
		packet_close(d);
}

bool
offers_are_due(const struct dispatcher *d)
{
	return d->out.packet_len == 0 &&
	    (d->out.writer.frames > 0 || (d->jobs.queued > 0 && !enough_offered(d)));
}

/* Workers that say that they are idle; a wrong word costs a packet at most. */
static unsigned
idle_workers(struct dispatcher *d)
{
	unsigned idle = 0;

	for (unsigned i = 0; i < d->link.workers; i++)
		idle += atomic_load_explicit(&shared_slot(d->shared, i)->reading,
			    memory_order_relaxed) == 1 &&
		    atomic_load_explicit(&d->control->slot[i].pid, memory_order_relaxed) != 0;
	return idle;
}

static enum claim_state
claim_state_of(const struct dispatcher *d, uint32_t entry)
{
	return claim_state(
	    atomic_load_explicit(shared_claim(d->shared, entry), memory_order_relaxed));
}

/* Write one more frame of an offered job, share frames in a packet; false: the pipe is full. */
static bool
frame_repeat(struct dispatcher *d, const struct job *job, uint32_t share)
{
	struct wire_job frame;

	frame_of(job, &frame);
	if (d->out.writer.frames >= share)
		packet_close(d);
	if (d->out.writer.frames > 0 && wire_put_job(&d->out.writer, &frame))
		return true;
	packet_close(d);
	if (d->out.packet_len > 0)
		return false;
	wire_begin(&d->out.writer, d->out.packet, WIRE_JOBS, 0, 0);
	(void)wire_put_job(&d->out.writer, &frame); /* an empty packet has room for any job */
	return true;
}

bool
offers_again(struct dispatcher *d, int64_t now)
{
	uint32_t unclaimed = 0, stuck = 0;

	/* The packet is not full, and the caller neither waits, nor submits, nor takes results. */
	if (d->out.writer.frames > 0 && d->out.packet_len == 0)
		packet_close(d);
	INFLIGHT_FOREACH(d, entry) {
		enum claim_state state = claim_state_of(d, entry);
		unclaimed += state == CLAIM_OFFERED;
		stuck += state == CLAIM_DONE;
	}
	if (unclaimed == 0 || d->out.packet_len > 0 || d->out.writer.frames > 0)
		return unclaimed + stuck > 0;
	unsigned idle = now - d->out.offered_at >= SETTLE_NS ? idle_workers(d) : 0;
	if (idle == 0 && d->in.taken == d->out.taken_before) {
		readers_set(d, SHARED_READERS_ALL); /* nothing moves: the readers are busy */
		idle = now - d->out.offered_at >= STILL_NS;
	}
	d->out.taken_before = d->in.taken;
	if (idle == 0 || packet_pipe_holds(d->job_pipe[0]) != 0)
		return true;

	uint32_t share = (unclaimed + idle - 1) / idle;
	d->out.begun_at = now;
	INFLIGHT_FOREACH(d, entry) {
		if (claim_state_of(d, entry) != CLAIM_OFFERED)
			continue;
		if (!frame_repeat(d, job_table_at(&d->jobs, entry), share))
			break; /* the next tick offers the others */
		d->out.reoffers++;
	}
	packet_close(d);
	return true;
}

#include "config.h"
#include "offers.h"

#include <errno.h>
#include <string.h>

#include "packet_pipe.h"

/* Work worth sending in one packet; below FLOOR, sharing it out fairly costs more than it gives. */
#define BATCH_NS  (100 * CLOCK_US)
#define FLOOR_NS  (10 * CLOCK_US)
/* What a job costs a worker besides its function. */
#define OVERHEAD_NS 60
/* Packets ahead of each worker, the one it works on included. */
#define AHEAD     3u
#define BATCH_MAX (WIRE_PACKET_SIZE / 48u)
/* Unclaimed for less than this, a job may just be about to be claimed. */
#define SETTLE_NS (200 * CLOCK_US)
#define TICK_MIN  CLOCK_MS

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

static int64_t
job_timeout(const struct dispatcher *d, const struct job *job)
{
	return job->timeout_ns != 0 ? job->timeout_ns : d->timeout_ns;
}

void
inflight_add(struct dispatcher *d, struct job *job)
{
	int64_t timeout = job_timeout(d, job);

	job->state = JOB_OFFERED;
	job->inflight_at = d->inflight_count;
	d->inflight[d->inflight_count++] = job->entry;
	if (timeout > 0) {
		job->timed = 1;
		/* Counted before the watch is read; the supervisor clears and counts the other way
		   round, so one of the two sees the other. */
		atomic_store(&d->control->timed_jobs, ++d->timed_jobs);
		watch_lower(d, timeout);
	}
}

void
inflight_remove(struct dispatcher *d, struct job *job)
{
	uint32_t last = d->inflight[--d->inflight_count];

	d->inflight[job->inflight_at] = last;
	job_table_at(&d->jobs, last)->inflight_at = job->inflight_at;
	if (job->timed) {
		job->timed = 0;
		atomic_store(&d->control->timed_jobs, --d->timed_jobs);
		d->watch_stale = true;
	}
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

void
offers_learn(struct dispatcher *d, int64_t run_ns_total, unsigned jobs)
{
	int64_t mean = run_ns_total / jobs + OVERHEAD_NS;

	/* Up at once, down by and by: one long job behind a packet of short ones is what hurts. */
	if (mean > 4 * d->run_ns)
		d->run_ns = mean;
	else
		d->run_ns += (mean - d->run_ns) / 8;
	int64_t batch = BATCH_NS / (d->run_ns > 0 ? d->run_ns : 1);
	d->batch = batch < 1 ? 1 : batch > BATCH_MAX ? BATCH_MAX : (unsigned)batch;
}

static void
frame_of(const struct job *job, struct wire_job *frame)
{
	frame->entry = job->entry;
	frame->ticket = job->ticket;
	frame->seq = job->seq;
	frame->fn = job->fn;
	frame->attempt = job->attempts + 1;
	frame->cooperative = job->cooperative;
	frame->timeout_ns = job->timeout_ns;
	frame->id = job->id;
	frame->id_len = job->id_len;
	frame->args = job->args;
	frame->args_len = job->args_len;
	frame->args_offset = job->extent != NULL ? job->extent->offset : 0;
}

static size_t
frame_room(const struct job *job)
{
	return 32 + 32 + ((size_t)job->id_len + 15) / 16 * 16 +
	    (job->extent != NULL ? 0 : (job->args_len + 15) / 16 * 16);
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
	}
	return true;
}

static void
tick_soon(struct dispatcher *d, int64_t now)
{
	d->tick_span = TICK_MIN;
	d->tick_at = clock_after(now, TICK_MIN);
}

/* Jobs for the next packet. */
static unsigned
batch_now(const struct dispatcher *d)
{
	size_t queued = d->jobs.queued;
	size_t fair = (queued + d->workers - 1) / d->workers;
	size_t floor = d->run_ns > 0 ? (size_t)(FLOOR_NS / d->run_ns) : 1;

	if (fair < floor)
		fair = floor;
	if (fair > queued)
		fair = queued;
	return fair < d->batch ? (unsigned)fair : d->batch;
}

void
offers_send(struct dispatcher *d, bool partial)
{
	size_t window = (size_t)d->workers * AHEAD * d->batch;
	bool sent = false;

	if (!packet_write(d))
		return;
	while (d->jobs.queued > 0 && d->inflight_count < window && (partial || d->jobs.queued >= d->batch)) {
		struct wire_writer writer;
		struct job *job;
		unsigned n = batch_now(d);
		wire_begin(&writer, &d->out, WIRE_JOBS, 0, 0);
		while (n-- > 0 && (job = job_table_pop(&d->jobs)) != NULL) {
			struct wire_job frame;
			if (writer.used + frame_room(job) > sizeof d->out.bytes && writer.frames > 0) {
				job_table_requeue(&d->jobs, job);
				break;
			}
			job->ticket = d->next_ticket++;
			if (d->next_ticket > SHARED_TICKET_MAX)
				d->next_ticket = 1;
			frame_of(job, &frame);
			(void)wire_put_job(&writer, &frame);
			inflight_add(d, job);
			atomic_store_explicit(shared_claim(d->shared, job->entry),
			    claim_make(job->ticket, 0, 0, CLAIM_OFFERED), memory_order_release);
		}
		d->out_len = wire_end(&writer);
		sent = true;
		if (!packet_write(d))
			break;
	}
	if (sent) {
		d->offered_at = clock_now();
		tick_soon(d, d->offered_at);
	}
}

/* Idle workers by their own word, which costs a packet at most if it is wrong. */
static unsigned
idle_workers(struct dispatcher *d)
{
	unsigned idle = 0;

	for (unsigned i = 0; i < d->workers; i++)
		idle += atomic_load_explicit(&shared_slot(d->shared, i)->reading, memory_order_relaxed) == 1 &&
		    atomic_load_explicit(&d->control->slot[i].pid, memory_order_relaxed) != 0;
	return idle;
}

bool
offers_again(struct dispatcher *d, int64_t now)
{
	uint32_t unclaimed = 0, stuck = 0;

	for (uint32_t i = 0; i < d->inflight_count; i++) {
		enum claim_state state = claim_state(atomic_load_explicit(
		    shared_claim(d->shared, d->inflight[i]), memory_order_relaxed));
		unclaimed += state == CLAIM_OFFERED;
		stuck += state == CLAIM_DONE;
	}
	if (unclaimed == 0 || d->out_len > 0)
		return unclaimed + stuck > 0;
	unsigned idle = now - d->offered_at >= SETTLE_NS ? idle_workers(d) : 0;
	if (idle == 0 || packet_pipe_holds(d->job_pipe[0]) != 0)
		return true;

	uint32_t share = (unclaimed + idle - 1) / idle;
	struct wire_writer writer;
	wire_begin(&writer, &d->out, WIRE_JOBS, 0, 0);
	for (uint32_t i = 0; i < d->inflight_count; i++) {
		struct job *job = job_table_at(&d->jobs, d->inflight[i]);
		struct wire_job frame;
		if (claim_state(atomic_load_explicit(shared_claim(d->shared, job->entry),
		    memory_order_relaxed)) != CLAIM_OFFERED)
			continue;
		if (writer.frames > 0 && (writer.frames >= share || writer.used + frame_room(job) > sizeof d->out.bytes)) {
			d->out_len = wire_end(&writer);
			if (!packet_write(d))
				break; /* it goes later; what follows, at a later look */
			wire_begin(&writer, &d->out, WIRE_JOBS, 0, 0);
		}
		frame_of(job, &frame);
		(void)wire_put_job(&writer, &frame);
		d->reoffers++;
	}
	if (d->out_len == 0 && writer.frames > 0) {
		d->out_len = wire_end(&writer);
		(void)packet_write(d);
	}
	d->offered_at = now;
	return true;
}

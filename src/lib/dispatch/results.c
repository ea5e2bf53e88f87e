/* SPDX-License-Identifier: BSD-2-Clause */
/* Results in: packets read from the pipes and the outboxes, their frames checked and taken. */
#include "config.h"
#include "lib/dispatch/results.h"

#include <string.h>

#include "lib/dispatch/job_end.h"
#include "lib/dispatch/offers.h"
#include "lib/dispatch/result_value.h"
#include "lib/ipc/packet_pipe.h"
#include "lib/ipc/wire_result.h"
#include "lib/job/outcome.h"
#include "lib/os/clock.h"
#include "lib/sandbox/limits.h"

/* From so many results in a packet on, the longest run is left out of the average. */
#define OUTLIER_OF 8u
/* Of a process that has ended so many packets may be in its pipe.  More are of somebody who goes on
   writing, and would keep the caller for ever. */
#define DRAIN_MAX 4096u

_Static_assert(SHARED_CRASH_FRAMES <= WIRE_FRAMES_MAX, "a crash note fits into a frame");

/* Whether an honest worker could have sent this frame. */
static bool
frame_is_sound(const struct dispatcher *d, const struct wire_result *frame, unsigned worker,
    unsigned parity)
{
	bool own_process = jobs_have_own_process(&d->link.setup.worker);

	if (frame->outcome > (own_process ? FORKPOOL_LOST : FORKPOOL_FAILED) ||
	    (frame->outcome != FORKPOOL_OK && frame->value_len > 0) ||
	    (frame->has_process != 0) != own_process ||
	    (frame->outcome == FORKPOOL_OVER_LIMIT) != limit_ends_jobs(frame->limit))
		return false;
	if (frame->value_len > d->options.value_max || frame->output_len > d->options.output_max)
		return false;
	if (frame->value == NULL && frame->value_len > 0 &&
	    !spool_holds(&d->values.spool, worker, parity, frame->value_offset, frame->value_len))
		return false;
	return frame->output_len == 0 ||
	    spool_holds(&d->values.spool, worker, parity, frame->output_offset, frame->output_len);
}

static void
output_take(struct dispatcher *d, struct job *job, const struct wire_result *frame)
{
	struct job_details *details = job_details(&d->jobs, job);
	char message[80] = "";

	if (details == NULL)
		return;
	if (frame->output_len > 0) {
		details->output = spool_fetch(d, job->worker, job->parity, frame->output_offset,
		    frame->output_len);
		details->output_len = details->output != NULL ? (size_t)frame->output_len : 0;
	}
	if (frame->output_lost > 0 && details->message[0] == '\0') {
		outcome_add_output_lost(message, sizeof message, frame->output_lost);
		job_message(&d->jobs, job, message, strlen(message));
	}
}

/* Take what is known of a run only where it had its own process. */
static void
process_take(struct dispatcher *d, struct job *job, const struct wire_result *frame)
{
	job->pid = frame->pid;
	job->cpu_ns = frame->cpu_ns;
	job->user_ns = frame->user_ns;
	job->max_rss = frame->max_rss;
	job->end.error = frame->error;
	job->end.signal = frame->signal;
	job->end.exit_code = frame->exit_code;
	job->core_dumped = frame->core_dumped != 0;
	if (frame->limit == FORKPOOL_LIMIT_NONE && frame->frames == 0)
		return;
	struct job_details *details = job_details(&d->jobs, job);
	if (details == NULL)
		return; /* no memory: the outcome and the status tell, without words */
	details->limit = frame->limit;
	uint64_t address[WIRE_FRAMES_MAX];
	memcpy(address, frame->addresses, frame->frames * sizeof address[0]);
	job_frames(details, &d->jobs, address, frame->frames, frame->place);
}

/* Do for a result all that result_accept_plain() leaves out. */
static void
result_take_rest(struct dispatcher *d, struct job *job, const struct wire_result *frame,
    enum forkpool_outcome outcome)
{
	bool in_spool = frame->value == NULL && frame->value_len > 0;

	if (job_is_tried_again(d, job, outcome)) {
		if (in_spool || frame->output_len > 0)
			spool_taken(d, job->worker, job->parity);
		job_end(d, job, outcome);
		return;
	}
	if (frame->has_process)
		process_take(d, job, frame);
	job_message(&d->jobs, job, frame->message, frame->message_len);
	job_tell_core(d, job);
	if (frame->output_len > 0 || frame->output_lost > 0)
		output_take(d, job, frame);
	job->outcome = (uint8_t)outcome;
	if (outcome == FORKPOOL_OK) {
		job_drop_args(&d->arena, job);
		value_take(d, job, frame);
	}
	if ((in_spool && outcome != FORKPOOL_OK) || (!in_spool && frame->output_len > 0))
		spool_taken(d, job->worker, job->parity); /* value_fetch() does it for the others */
	job_end_finally(d, job, job->outcome);
}

/* The worker's pid as the supervisor has told it, or, before that, as the worker has. */
static pid_t
worker_pid(const struct dispatcher *d, unsigned worker, unsigned parity)
{
	pid_t pid =
	    atomic_load_explicit(&d->control->slot[worker].last_pid[parity], memory_order_relaxed);

	if (pid == 0)
		pid = atomic_load_explicit(&shared_slot(d->shared, worker)->pid,
		    memory_order_relaxed);
	return pid;
}

/* Take one frame: 1 it was a result, 0 it was seen before or does not count yet, -1 no worker could
   rightly send it. */
static int
result_accept(struct dispatcher *d, unsigned worker, unsigned parity,
    const struct wire_result *frame)
{
	struct job *job = job_table_at(&d->jobs, frame->entry);

	if (job == NULL)
		return -1;
	if (job->state != JOB_OFFERED || job->ticket != frame->ticket)
		return 0;
	claim_word *claim = shared_claim(d->shared, frame->entry);
	uint64_t word = atomic_load_explicit(claim, memory_order_acquire);
	if (claim_ticket(word) != frame->ticket || !claim_is_by(word, worker, parity) ||
	    !frame_is_sound(d, frame, worker, parity))
		return -1;
	if (claim_state(word) == CLAIM_CLAIMED)
		return 0; /* the outbox was read a moment before the worker settles its claim */
	/* What stopped the run is the claim's to say; what the function returned, the frame's. */
	enum forkpool_outcome outcome = outcome_of_claim(claim_state(word));
	if (outcome == FORKPOOL_OK && claim_state(word) != CLAIM_DONE)
		return -1;
	if (outcome == FORKPOOL_OK)
		outcome = frame->outcome;
	atomic_store_explicit(claim, CLAIM_FREE, memory_order_relaxed);
	inflight_remove(d, job);
	job_reset_result(job);
	job->attempts++;
	job->worker = worker;
	job->parity = parity;
	job->pid = worker_pid(d, worker, parity);
	job->started_ns = clock_can_be(frame->started_ns) ? frame->started_ns : 0;
	job->run_ns = clock_can_be(frame->run_ns) ? frame->run_ns : 0;
	if (outcome == FORKPOOL_FAILED)
		job->end.error = frame->error;
	result_take_rest(d, job, frame, outcome);
	return 1;
}

/* The same for nearly all results: a success with a small value.  False: result_accept()
   decides. */
static inline bool
result_accept_plain(struct dispatcher *d, unsigned worker, unsigned parity, pid_t pid,
    const struct wire_result_header *h, size_t value_len)
{
	struct job *job = job_table_at(&d->jobs, h->entry);

	if (job == NULL || job->state != JOB_OFFERED || job->ticket != h->ticket ||
	    value_len > JOB_ROOM || value_len > d->options.value_max ||
	    !clock_can_be(h->started_ns) || !clock_can_be(h->run_ns))
		return false;
	claim_word *claim = shared_claim(d->shared, h->entry);
	if (atomic_load_explicit(claim, memory_order_acquire) !=
	    claim_make(h->ticket, worker, parity, CLAIM_DONE))
		return false;
	atomic_store_explicit(claim, CLAIM_FREE, memory_order_relaxed);
	inflight_remove(d, job);
	job_drop_args(&d->arena, job);
	job->attempts++;
	job->worker = worker;
	job->pid = pid;
	job->started_ns = h->started_ns;
	job->run_ns = h->run_ns;
	wire_copy(job->room, h + 1, value_len);
	job->value = job->room;
	job->value_len = value_len;
	job->outcome = FORKPOOL_OK;
	job_set_ready(d, job);
	return true;
}

/* What the results of one packet tell of how long jobs take. */
struct runs {
	unsigned taken;
	/* Workers say what they like: the sum may overflow, which is seen afterwards. */
	uint64_t run_ns, longest;
};

/* Take all frames of a packet: 0, or -1: no worker could rightly send one of them. */
static inline int
frames_take(struct dispatcher *d, struct wire_reader *reader, struct runs *runs)
{
	struct wire_result frame;
	unsigned worker = reader->worker, parity = reader->generation & 1;
	pid_t pid = worker_pid(d, worker, parity);

	for (;;) {
		size_t value_len;
		const struct wire_result_header *plain = wire_peek_plain_result(reader, &value_len);
		if (plain != NULL &&
		    result_accept_plain(d, worker, parity, pid, plain, value_len)) {
			uint64_t run_ns = (uint64_t)plain->run_ns; /* not negative */
			runs->run_ns += run_ns;
			if (run_ns > runs->longest)
				runs->longest = run_ns;
			runs->taken++;
			wire_skip_result(reader, plain);
			continue;
		}
		int r = wire_get_result(reader, &frame);
		if (r != 1)
			return r;
		int accepted = result_accept(d, worker, parity, &frame);
		if (accepted == -1)
			return -1;
		if (accepted == 1 && frame.run_ns >= 0) {
			runs->run_ns += (uint64_t)frame.run_ns;
			runs->taken++;
		}
	}
}

/* Whether it is known who wrote a damaged packet.  One that names the slot's older process
   (is_older) is by that one; any other may be by a process of the slot that has just died.  But
   where pipes slip, no results of the slot can be read any more, whichever of its processes is to
   blame. */
static bool
culprit_is_known(const struct dispatcher *d, unsigned worker, bool is_older)
{
	const struct obituary *obituary = d->control->slot[worker].obituary;

	return packet_pipe_slips() || is_older ||
	    (!atomic_load(&obituary[0].full) && !atomic_load(&obituary[1].full));
}

void
results_absorb(struct dispatcher *d, unsigned worker, const struct wire_packet *packet, size_t len)
{
	struct wire_reader reader;
	uint32_t generation = atomic_load(&d->control->slot[worker].generation),
		 sender = generation;
	struct runs runs = { 0 };
	int r = -1;

	if (wire_open(&reader, WIRE_RESULTS, packet, len) == 0 && reader.worker == worker &&
	    (reader.generation == generation || reader.generation + 1 == generation)) {
		sender = reader.generation;
		r = frames_take(d, &reader, &runs);
	}
	d->in.taken += runs.taken;
	/* Of many leave out the longest: its worker was interrupted, more likely than not. */
	if (runs.taken >= OUTLIER_OF) {
		runs.run_ns -= runs.longest;
		runs.taken--;
	}
	if (runs.taken > 0 && runs.run_ns < (uint64_t)CLOCK_NEVER / 8)
		offers_learn(d, (int64_t)runs.run_ns, runs.taken);
	if (r == -1 && culprit_is_known(d, worker, sender != generation))
		supervisor_link_kill(&d->link, worker, sender);
}

void
results_read(struct dispatcher *d)
{
	struct wire_packet *packet = d->in.packet;

	for (unsigned i = 0; i < d->link.slots; i++) {
		struct results_pipe *pipe = &d->link.results[i];
		size_t n = pipe->hot ? supervisor_link_read(&d->link, i, packet) : 0;
		if (n > 0)
			results_absorb(d, i, packet, n);
		if (d->out.inflight_count == 0 && !d->health.recovering)
			results_pipe_set_hot(pipe, false); /* no job is offered */
	}
}

bool
results_written(struct dispatcher *d)
{
	bool any = false;

	/* Only workers that read jobs at present; of the others poll() tells now and then. */
	for (unsigned i = 0; i < d->link.slots && i < d->out.readers; i++) {
		struct results_pipe *pipe = &d->link.results[i];
		if ((int32_t)(results_pipe_written(d->shared, i) - pipe->packets) > 0) {
			results_pipe_set_hot(pipe, true);
			any = true;
		}
	}
	return any;
}

void
results_drain_all(struct dispatcher *d, unsigned worker)
{
	struct wire_packet *packet = d->in.packet;
	size_t n;

	for (unsigned i = 0; i < DRAIN_MAX &&
	     (n = supervisor_link_read(&d->link, worker, packet)) > 0; i++)
		results_absorb(d, worker, packet, n);
}

void
results_drain(struct dispatcher *d, unsigned worker, uint32_t generation)
{
	struct wire_packet *packet = d->in.packet;
	struct wire_reader reader;
	size_t n;

	for (unsigned i = 0; i < DRAIN_MAX &&
	     (n = supervisor_link_read(&d->link, worker, packet)) > 0; i++) {
		results_absorb(d, worker, packet, n);
		/* This packet is from the dead worker's successor, which writes to the same pipe:
		   all packets of the dead worker have been read. */
		if (wire_open(&reader, WIRE_RESULTS, packet, n) == 0 &&
		    reader.generation != generation) {
			results_pipe_set_hot(&d->link.results[worker], true);
			break;
		}
	}
}

void
results_peek(struct dispatcher *d)
{
	struct wire_packet *packet = d->in.packet;

	for (unsigned i = 0; i < d->link.slots; i++) {
		const struct results_pipe *pipe = &d->link.results[i];
		uint32_t generation = atomic_load(&d->control->slot[i].generation);
		size_t n = outbox_copy(&shared_slot(d->shared, i)->outbox[generation & 1], packet,
		    i, generation);
		/* The packets in the pipe come first. */
		if (n > 0 && !pipe->hot && packet_pipe_holds(pipe->fd) == 0)
			results_absorb(d, i, packet, n);
	}
}

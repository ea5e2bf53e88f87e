/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "lib/dispatch/results.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dispatch/offers.h"
#include "lib/ipc/packet_pipe.h"
#include "lib/job/crash.h"
#include "lib/job/outcome.h"
#include "lib/os/fd.h"
#include "lib/os/os.h"
#include "lib/sandbox/limits.h"

/* Results in a packet from which on the longest run is no measure of the others. */
#define OUTLIER_OF 8u

/* Its process of that generation, if it is still there: a later one is not to blame. */
static void
worker_misbehaves(struct dispatcher *d, unsigned worker, uint32_t generation)
{
	atomic_store(&d->control->slot[worker].kill_generation, generation);
	supervisor_ring(d);
}

void
job_end_finally(struct dispatcher *d, struct job *job, enum forkpool_outcome outcome)
{
	if (job->attempts == 0)
		job_reset_result(job); /* it has none of a run */
	job_drop_args(&d->arena, job);
	job->outcome = (uint8_t)outcome;
	job->state = JOB_READY;
	if (!d->ordered)
		STAILQ_INSERT_TAIL(&d->ready, job, next.ready);
}

static bool
is_tried_again(const struct dispatcher *d, const struct job *job, enum forkpool_outcome outcome)
{
	/* Who was told that the job will end as cancelled was told the truth. */
	return outcome != FORKPOOL_CANCELLED && (d->retry_on >> outcome & 1) &&
	    job->attempts < job->max_attempts && !d->expired && !d->failed;
}

void
job_end(struct dispatcher *d, struct job *job, enum forkpool_outcome outcome)
{
	if (!is_tried_again(d, job, outcome)) {
		job_end_finally(d, job, outcome);
		return;
	}
	job_drop_details(job);
	job_table_requeue(&d->jobs, job);
	d->plain_room = 0; /* what comes later waits behind it */
	d->retries++;
}

/* Read from the spool to fresh memory; NULL: none, or it is not what it was said to be. */
static void *
spool_fetch(struct dispatcher *d, const struct job *job, uint64_t offset, uint64_t len)
{
	void *data = malloc((size_t)len + 1);

	if (data != NULL &&
	    spool_read(&d->values, job->worker, job->parity, offset, data, (size_t)len) == -1) {
		int error = errno;
		free(data);
		data = NULL;
		errno = error;
	}
	if (data != NULL)
		((char *)data)[len] = '\0';
	return data;
}

/* The worker may use that much of its range again. */
static void
spool_taken(struct dispatcher *d, unsigned worker, unsigned parity)
{
	_Atomic uint32_t *taken = &shared_slot(d->shared, worker)->values_taken[parity];

	atomic_fetch_add(taken, 1);
	os_word_wake(taken);
}

static void
value_lost(struct job *job)
{
	static const char text[] = "its value could not be received: ";
	char message[200];

	job->outcome = FORKPOOL_LOST;
	job->value_len = 0;
	int n = snprintf(message, sizeof message, "%s%s", text, strerror(errno));
	job_message(job, message, n > 0 ? (size_t)n : 0);
}

void
value_fetch(struct dispatcher *d)
{
	struct job *job = d->unfetched;

	if (job == NULL)
		return;
	d->unfetched = NULL;
	job->value_in_spool = 0;
	job->value = spool_fetch(d, job, job->value_offset, job->value_len);
	if (job->value == NULL)
		value_lost(job);
	else
		job->owns |= JOB_OWNS_VALUE;
	spool_taken(d, job->worker, job->parity);
}

/* Whether the frame says something that its writer can say. */
static bool
frame_is_sound(const struct dispatcher *d, const struct wire_result *frame, unsigned worker,
    unsigned parity)
{
	bool own_process = jobs_have_own_process(&d->setup.worker);
	if (frame->outcome > (own_process ? FORKPOOL_LOST : FORKPOOL_FAILED) ||
	    (frame->outcome != FORKPOOL_OK && frame->value_len > 0) ||
	    (frame->has_process != 0) != own_process ||
	    (frame->outcome == FORKPOOL_OVER_LIMIT) != (limit_name(frame->limit) != NULL))
		return false;
	if (frame->value_len > d->value_max || frame->output_len > d->output_max)
		return false;
	if (frame->value == NULL && frame->value_len > 0 &&
	    !spool_holds(&d->spool, worker, parity, frame->value_offset, frame->value_len))
		return false;
	return frame->output_len == 0 ||
	    spool_holds(&d->spool, worker, parity, frame->output_offset, frame->output_len);
}

static void
output_take(struct dispatcher *d, struct job *job, const struct wire_result *frame)
{
	struct job_details *details = job_details(job);
	char message[80] = "";

	if (details == NULL)
		return;
	if (frame->output_len > 0) {
		details->output = spool_fetch(d, job, frame->output_offset, frame->output_len);
		details->output_len = details->output != NULL ? (size_t)frame->output_len : 0;
	}
	if (frame->output_lost > 0 && details->message[0] == '\0') {
		outcome_add_output_lost(message, sizeof message, frame->output_lost);
		job_message(job, message, strlen(message));
	}
}

/* What is known of a run since it had a process of its own. */
static void
process_take(struct job *job, const struct wire_result *frame)
{
	job->pid = frame->pid;
	job->cpu_ns = frame->cpu_ns;
	job->user_ns = frame->user_ns;
	job->max_rss = frame->max_rss;
	job->end.error = frame->error;
	job->end.signal = frame->signal;
	job->end.exit_code = frame->exit_code;
	job->core_dumped = frame->core_dumped != 0;
	if (frame->limit == LIMIT_NONE && frame->frames == 0)
		return;
	struct job_details *details = job_details(job);
	if (details == NULL)
		return; /* no memory: the outcome and the status tell, without words */
	details->limit = limit_name(frame->limit);
	uint64_t address[WIRE_FRAMES_MAX];
	memcpy(address, frame->addresses, frame->frames * sizeof address[0]);
	details->backtrace = crash_backtrace(address, frame->frames);
}

static void
value_take(struct dispatcher *d, struct job *job, const struct wire_result *frame)
{
	job->value_len = frame->value_len;
	if (frame->value == NULL && frame->value_len > 0) {
		job->value_offset = frame->value_offset;
		job->value_in_spool = 1;
		/* The one that is handed out next is fetched then, to memory that is warm. */
		if (d->unfetched != NULL || d->ordered || frame->output_len > 0) {
			value_fetch(d);
			d->unfetched = job;
			value_fetch(d);
		} else {
			d->unfetched = job;
		}
		return;
	}
	if (frame->value_len <= JOB_ROOM) {
		memcpy(job->room, frame->value, (size_t)frame->value_len);
		job->value = job->room;
		return;
	}
	job->value = malloc((size_t)frame->value_len);
	if (job->value == NULL) {
		value_lost(job);
		return;
	}
	memcpy(job->value, frame->value, (size_t)frame->value_len);
	job->owns |= JOB_OWNS_VALUE;
}

/* What is left to do for a result that is not a small value alone. */
static void
result_take_rest(struct dispatcher *d, struct job *job, const struct wire_result *frame,
    enum forkpool_outcome outcome)
{
	bool in_spool = frame->value == NULL && frame->value_len > 0;

	if (is_tried_again(d, job, outcome)) {
		if (in_spool || frame->output_len > 0)
			spool_taken(d, job->worker, job->parity);
		job_end(d, job, outcome);
		return;
	}
	if (frame->has_process)
		process_take(job, frame);
	job_message(job, frame->message, frame->message_len);
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

/* The supervisor's word for it; a process so young that it has not said it yet, for itself. */
static pid_t
worker_pid(const struct dispatcher *d, unsigned worker, unsigned parity)
{
	pid_t pid =
	    atomic_load_explicit(&d->control->slot[worker].last_pid[parity], memory_order_relaxed);

	return pid != 0 ?
	    pid :
	    atomic_load_explicit(&shared_slot(d->shared, worker)->pid, memory_order_relaxed);
}

/* 1 it was a result, 0 it was one seen before or one that does not count yet, -1 no worker could rightly send it. */
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
	job->started_ns = frame->started_ns;
	job->run_ns = frame->run_ns > 0 ? frame->run_ns : 0;
	if (outcome == FORKPOOL_FAILED)
		job->end.error = frame->error;
	result_take_rest(d, job, frame, outcome);
	return 1;
}

/* The same for what nearly all are: a success with a small value.  False: look closer. */
static inline bool
result_accept_plain(struct dispatcher *d, unsigned worker, unsigned parity, pid_t pid,
    const struct wire_result_header *h, size_t value_len)
{
	struct job *job = job_table_at(&d->jobs, h->entry);

	if (job == NULL || job->state != JOB_OFFERED || job->ticket != h->ticket ||
	    value_len > JOB_ROOM || value_len > d->value_max || h->run_ns < 0)
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
	job->state = JOB_READY;
	if (!d->ordered)
		STAILQ_INSERT_TAIL(&d->ready, job, next.ready);
	return true;
}

void
results_absorb(struct dispatcher *d, unsigned worker, const struct wire_packet *packet, size_t len)
{
	struct wire_reader reader;
	struct wire_result frame;
	uint32_t generation = atomic_load(&d->control->slot[worker].generation),
		 sender = generation;
	int64_t run_ns = 0, longest = 0;
	unsigned taken = 0;
	int r = -1;

	if (wire_open(&reader, WIRE_RESULTS, packet, len) == 0 && reader.worker == worker &&
	    (reader.generation == generation || reader.generation + 1 == generation)) {
		unsigned parity = reader.generation & 1;
		sender = reader.generation;
		pid_t pid = worker_pid(d, worker, parity);
		for (;;) {
			size_t value_len;
			const struct wire_result_header *plain =
			    wire_peek_plain_result(&reader, &value_len);
			if (plain != NULL &&
			    result_accept_plain(d, worker, parity, pid, plain, value_len)) {
				run_ns += plain->run_ns;
				if (plain->run_ns > longest)
					longest = plain->run_ns;
				taken++;
				wire_skip_result(&reader, plain);
				continue;
			}
			if ((r = wire_get_result(&reader, &frame)) != 1)
				break;
			int accepted = result_accept(d, worker, parity, &frame);
			if (accepted == -1) {
				r = -1;
				break;
			}
			if (accepted == 1 && frame.run_ns >= 0) {
				run_ns += frame.run_ns;
				taken++;
			}
		}
	}
	if (taken > 0)
		d->restarts = 0;
	d->results_taken += taken;
	/* Of many in a packet the longest is left out: it was interrupted, more likely than not. */
	if (taken >= OUTLIER_OF) {
		run_ns -= longest;
		taken--;
	}
	if (taken > 0 && run_ns >= 0 && run_ns < CLOCK_NEVER / 8)
		offers_learn(d, run_ns, taken);
	/* Where not even the sender can be read, and one of the slot's processes has just died, it may have
	   been that one; and where that one's would have put the other's out of step, no result of either can be read. */
	bool known = packet_pipe_slips() || sender != generation ||
	    (!atomic_load(&d->control->slot[worker].obituary[0].full) &&
	    !atomic_load(&d->control->slot[worker].obituary[1].full));
	if (r == -1 && known)
		worker_misbehaves(d, worker, sender);
}

/* One packet.  Its length, 0 none now; at the end of the pipe it is closed. */
static size_t
pipe_read(struct dispatcher *d, unsigned worker, struct wire_packet *packet)
{
	struct results_pipe *pipe = &d->results[worker];

	while (pipe->fd != -1) {
		ssize_t n = packet_pipe_read(pipe->fd, packet);
		if (n > 0) {
			pipe->packets++;
			return (size_t)n;
		}
		if (n == -1 && errno == EINTR)
			continue;
		pipe->hot = false;
		if (n == -1 && errno == EPIPE)
			fd_close(&pipe->fd);
		break;
	}
	return 0;
}

void
results_read(struct dispatcher *d)
{
	struct wire_packet packet;

	for (unsigned i = 0; i < d->slots; i++) {
		size_t n = d->results[i].hot ? pipe_read(d, i, &packet) : 0;
		if (n > 0)
			results_absorb(d, i, &packet, n);
		if (d->inflight_count == 0 && !d->recovering)
			d->results[i].hot = false; /* nobody has anything to send */
	}
}

uint32_t
results_count(const struct dispatcher *d, unsigned worker)
{
	const struct shared_slot *slot = shared_slot(d->shared, worker);

	return atomic_load_explicit(&slot->outbox[0].flushes, memory_order_relaxed) +
	    atomic_load_explicit(&slot->outbox[1].flushes, memory_order_relaxed);
}

bool
results_written(struct dispatcher *d)
{
	bool any = false;

	/* Of workers that do not read at present, poll() tells now and then. */
	for (unsigned i = 0; i < d->slots && i < d->readers; i++)
		if ((int32_t)(results_count(d, i) - d->results[i].packets) > 0)
			any = d->results[i].hot = true;
	return any;
}

void
results_drain_all(struct dispatcher *d, unsigned worker)
{
	struct wire_packet packet;
	size_t n;

	while ((n = pipe_read(d, worker, &packet)) > 0)
		results_absorb(d, worker, &packet, n);
}

void
results_drain(struct dispatcher *d, unsigned worker, uint32_t generation)
{
	struct wire_packet packet;
	struct wire_reader reader;
	size_t n;

	while ((n = pipe_read(d, worker, &packet)) > 0) {
		results_absorb(d, worker, &packet, n);
		/* The process after it writes to the same pipe, but only after it. */
		if (wire_open(&reader, WIRE_RESULTS, &packet, n) == 0 &&
		    reader.generation != generation) {
			d->results[worker].hot = true;
			break;
		}
	}
}

void
results_peek(struct dispatcher *d)
{
	struct wire_packet packet;

	for (unsigned i = 0; i < d->slots; i++) {
		uint32_t generation = atomic_load(&d->control->slot[i].generation);
		size_t n = outbox_copy(&shared_slot(d->shared, i)->outbox[generation & 1], &packet,
		    i, generation);
		/* What is in the pipe already comes first. */
		if (n > 0 && !d->results[i].hot && packet_pipe_holds(d->results[i].fd) == 0)
			results_absorb(d, i, &packet, n);
	}
}

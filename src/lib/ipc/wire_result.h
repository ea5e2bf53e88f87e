/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire_result - the frame that brings back what became of a job.
 *
 * wire_put_...(): 1 written, 0 no room in this packet.
 * wire_get_result(): 1 got one (its pointers point into the packet), 0 the packet is done,
 * -1 malformed.
 */
#ifndef FORKPOOL_WIRE_RESULT_H
#define FORKPOOL_WIRE_RESULT_H

#include "forkpool.h"
#include "lib/ipc/wire.h"

#define WIRE_MESSAGE_MAX 255u
#define WIRE_FRAMES_MAX  32u

#define WIRE_TAIL_OF_RESULT \
	(WIRE_TAIL_PADDING | WIRE_TAIL_MORE | WIRE_TAIL_ARENA | WIRE_TAIL_PROCESS)

/* What became of a run whose worker could tell. */
struct wire_result {
	uint32_t    entry;
	uint64_t    ticket;
	uint8_t     outcome;     /* enum forkpool_outcome */
	int32_t     error;
	int64_t     started_ns, run_ns;
	const void *value;       /* in the packet; NULL: in the spool (or empty) */
	uint64_t    value_len, value_offset;
	const char *message;     /* message_len bytes, not terminated */
	size_t      message_len;
	uint64_t    output_len, output_offset, output_lost; /* captured; in the spool */

	/* Where the job had its own process. */
	unsigned    has_process;
	int32_t     pid, signal, exit_code;
	uint8_t     core_dumped;
	uint8_t     limit;       /* enum forkpool_limit */
	uint8_t     frames;      /* of the backtrace */
	uint8_t     place;       /* bytes of the message that tell what ended it */
	int64_t     cpu_ns, user_ns, max_rss;
	const unsigned char *addresses; /* frames times eight bytes, aligned to eight */
};

struct WIRE_IN_PLACE wire_result_header {
	uint16_t bytes;      /* of the frame, a multiple of 8 */
	uint8_t  tail;
	uint8_t  outcome;
	uint32_t entry;
	uint64_t ticket;
	int64_t  started_ns;
	int64_t  run_ns;
};

struct wire_result_more {         /* where WIRE_TAIL_MORE is set */
	int32_t  error;
	uint32_t message_len;
	uint64_t value_len;
	uint64_t value_offset;
	uint64_t output_len;
	uint64_t output_offset;
	uint64_t output_lost;
};

struct wire_result_process {      /* where WIRE_TAIL_PROCESS is set; the addresses follow */
	int32_t  pid, signal, exit_code;
	uint8_t  core_dumped;
	uint8_t  limit;
	uint8_t  frames;
	uint8_t  place;
	int64_t  cpu_ns;
	int64_t  user_ns;
	int64_t  max_rss;
};

_Static_assert(sizeof(struct wire_result_header) == 32, "a hole in a frame");
_Static_assert(sizeof(struct wire_result_more) == 48, "a hole in a frame");
_Static_assert(sizeof(struct wire_result_process) == 40, "a hole in a frame");

/* The largest value that travels in a packet beside a message of the largest size. */
#define WIRE_VALUE_MAX (WIRE_PACKET_SIZE - 16u - 32u - 48u - 40u - 256u)

static inline int
wire_put_result(struct wire_writer *w, const struct wire_result *result)
{
	int in_spool = result->value == NULL && result->value_len > 0;
	int more = in_spool || result->error != 0 || result->message_len > 0 ||
	    result->output_len > 0 || result->output_lost > 0;
	size_t value_len = in_spool ? 0 : (size_t)result->value_len;
	size_t process_len = !result->has_process ? 0 :
	    sizeof(struct wire_result_process) + result->frames * sizeof(uint64_t);
	size_t body = sizeof(struct wire_result_header) +
	    (more ? sizeof(struct wire_result_more) : 0) + process_len + result->message_len +
	    value_len;
	size_t bytes = wire_rounded_up(body, 8);

	if (bytes > WIRE_PACKET_SIZE - w->used)
		return 0;
	unsigned char *at = w->packet->bytes + w->used;
	struct wire_result_header *h = (struct wire_result_header *)(void *)at;
	h->bytes = (uint16_t)bytes;
	h->tail = (uint8_t)((bytes - body) | (more ? WIRE_TAIL_MORE : 0) |
	    (in_spool ? WIRE_TAIL_ARENA : 0) | (process_len > 0 ? WIRE_TAIL_PROCESS : 0));
	h->outcome = result->outcome;
	h->entry = result->entry;
	h->ticket = result->ticket;
	h->started_ns = result->started_ns;
	h->run_ns = result->run_ns;
	at += sizeof *h;
	if (more) {
		struct wire_result_more m = {
			.error = result->error, .message_len = (uint32_t)result->message_len,
			.value_len = in_spool ? result->value_len : 0,
			.value_offset = result->value_offset,
			.output_len = result->output_len, .output_offset = result->output_offset,
			.output_lost = result->output_lost,
		};
		memcpy(at, &m, sizeof m);
		at += sizeof m;
	}
	if (process_len > 0) {
		struct wire_result_process p = {
			.pid = result->pid,
			.signal = result->signal,
			.exit_code = result->exit_code,
			.core_dumped = result->core_dumped,
			.limit = result->limit,
			.frames = result->frames,
			.place = result->place,
			.cpu_ns = result->cpu_ns,
			.user_ns = result->user_ns,
			.max_rss = result->max_rss,
		};
		memcpy(at, &p, sizeof p);
		if (result->frames > 0)
			memcpy(at + sizeof p, result->addresses, process_len - sizeof p);
		at += process_len;
	}
	/* The value before the message: so the value is aligned to 8 bytes. */
	wire_copy(at, result->value, value_len);
	at += value_len;
	if (result->message_len > 0)
		memcpy(at, result->message, result->message_len);
	w->used += bytes;
	w->frames++;
	return 1;
}

/* wire_put_result() for a plain success: no message, no output, the value in the packet. */
static inline int
wire_put_plain_result(struct wire_writer *w, uint32_t entry, uint64_t ticket, int64_t started_ns,
    int64_t run_ns, const void *value, size_t value_len)
{
	size_t body = sizeof(struct wire_result_header) + value_len;
	size_t bytes = wire_rounded_up(body, 8);

	if (bytes > WIRE_PACKET_SIZE - w->used)
		return 0;
	unsigned char *at = w->packet->bytes + w->used;
	struct wire_result_header *h = (struct wire_result_header *)(void *)at;
	h->bytes = (uint16_t)bytes;
	h->tail = (uint8_t)(bytes - body);
	h->outcome = FORKPOOL_OK;
	h->entry = entry;
	h->ticket = ticket;
	h->started_ns = started_ns;
	h->run_ns = run_ns;
	wire_copy(at + sizeof *h, value, value_len);
	w->used += bytes;
	w->frames++;
	return 1;
}

/* The part on the run's process, at the beginning of these bytes: how many it takes, or -1. */
static inline ptrdiff_t
wire_get_process(const unsigned char *at, ptrdiff_t len, struct wire_result_process *p)
{
	if (len < (ptrdiff_t)sizeof *p)
		return -1;
	memcpy(p, at, sizeof *p);
	ptrdiff_t frames = (ptrdiff_t)(p->frames * sizeof(uint64_t));
	if (p->frames > WIRE_FRAMES_MAX || len - (ptrdiff_t)sizeof *p < frames)
		return -1;
	return (ptrdiff_t)sizeof *p + frames;
}

static inline int
wire_get_result(struct wire_reader *r, struct wire_result *result)
{
	struct wire_result_more m = { 0 };
	struct wire_result_process p = {
		.exit_code = -1, .cpu_ns = -1, .user_ns = -1, .max_rss = -1,
	};
	const struct wire_result_header *h = (const struct wire_result_header *)(const void *)r->at;
	size_t head = sizeof *h;
	int next = wire_reader_next(r, sizeof *h);

	if (next != 1)
		return next;
	if (h->tail & ~WIRE_TAIL_OF_RESULT)
		return -1;
	if (h->tail & WIRE_TAIL_MORE)
		head += sizeof m;
	ptrdiff_t body = wire_frame_body(r, head, 8, h->bytes, h->tail);
	if (body < 0)
		return -1;
	if (h->tail & WIRE_TAIL_MORE) {
		memcpy(&m, r->at + sizeof *h, sizeof m);
		if (m.error == 0 && m.message_len == 0 && m.value_len == 0 && m.output_len == 0 &&
		    m.output_lost == 0)
			return -1;
	}
	const unsigned char *addresses = NULL;
	if (h->tail & WIRE_TAIL_PROCESS) {
		ptrdiff_t process = wire_get_process(r->at + head, body, &p);
		if (process < 0)
			return -1;
		addresses = r->at + head + sizeof p;
		head += (size_t)process;
		body -= process;
	}
	int in_spool = (h->tail & WIRE_TAIL_ARENA) != 0;
	if (m.message_len > WIRE_MESSAGE_MAX || (ptrdiff_t)m.message_len > body)
		return -1;
	size_t value_len = (size_t)body - m.message_len;
	if (in_spool ? value_len != 0 || m.value_len == 0 : m.value_len != 0)
		return -1;
	const unsigned char *value = r->at + head;
	*result = (struct wire_result){
		.entry = h->entry,
		.ticket = h->ticket,
		.outcome = h->outcome,
		.error = m.error,
		.started_ns = h->started_ns,
		.run_ns = h->run_ns,
		.value = in_spool ? NULL : value,
		.value_len = in_spool ? m.value_len : value_len,
		.value_offset = m.value_offset,
		.message = (const char *)value + value_len,
		.message_len = m.message_len,
		.output_len = m.output_len,
		.output_offset = m.output_offset,
		.output_lost = m.output_lost,
		.has_process = (h->tail & WIRE_TAIL_PROCESS) != 0,
		.pid = p.pid,
		.signal = p.signal,
		.exit_code = p.exit_code,
		.core_dumped = p.core_dumped,
		.limit = p.limit,
		.frames = p.frames,
		.place = p.place,
		.cpu_ns = p.cpu_ns,
		.user_ns = p.user_ns,
		.max_rss = p.max_rss,
		.addresses = addresses,
	};
	r->at += h->bytes;
	r->frames--;
	return 1;
}

/* The next frame if it is a plain success, whose value follows the header; else NULL.  The frame
   stays the next until wire_skip_result(). */
static inline const struct wire_result_header *
wire_peek_plain_result(const struct wire_reader *r, size_t *value_len)
{
	const struct wire_result_header *h = (const struct wire_result_header *)(const void *)r->at;

	if (r->frames == 0 || (size_t)(r->end - r->at) < sizeof *h || h->tail > 7 ||
	    h->outcome != FORKPOOL_OK || h->bytes % 8 != 0 || h->bytes > (size_t)(r->end - r->at) ||
	    h->bytes < sizeof *h + h->tail)
		return NULL;
	*value_len = h->bytes - sizeof *h - h->tail;
	return h;
}

static inline void
wire_skip_result(struct wire_reader *r, const struct wire_result_header *h)
{
	r->at += h->bytes;
	r->frames--;
}

#endif

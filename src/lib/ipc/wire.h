/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire - packets of frames, as bytes.
 *
 * A packet is one header and one or more frames, at most WIRE_PACKET_SIZE bytes, in the byte
 * order of the machine (both ends are forks of one process).  A frame is a fixed header of
 * explicit widths, an optional second part where a flag says so, and opaque bytes.
 *
 * Invariants: the encoder never writes past the packet; the decoder takes any bytes at all,
 * reads none outside the packet, and answers -1 for whatever the encoder cannot have written.
 * It knows no descriptor and no shared memory.  Includes the public header.
 */
#ifndef FORKPOOL_WIRE_H
#define FORKPOOL_WIRE_H

#include <limits.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "forkpool.h"

/* What a pipe carries in one piece (POSIX: at least 512; Linux: 4096). */
#if PIPE_BUF < 4096
#define WIRE_PACKET_SIZE PIPE_BUF
#else
#define WIRE_PACKET_SIZE 4096
#endif

#define WIRE_ALIGN   16u /* of a job's args within the packet: as malloc() aligns */
#define WIRE_ID_MAX  255u
#define WIRE_MESSAGE_MAX 255u

struct wire_packet {
	alignas(16) unsigned char bytes[WIRE_PACKET_SIZE];
};

enum wire_kind { WIRE_JOBS = 1, WIRE_RESULTS = 2 };

/* A job on its way to a worker. */
struct wire_job {
	uint32_t     entry;      /* its place in the claim table */
	uint64_t     ticket;     /* of this attempt */
	uint64_t     seq;
	forkpool_fn *fn;         /* same address in every process of the pool */
	uint32_t     attempt;    /* 1 .. */
	unsigned     cooperative;
	int64_t      timeout_ns; /* 0: the pool's default, negative: none */
	const char  *id;         /* id_len bytes, not terminated */
	size_t       id_len;
	const void  *args;       /* in the packet, WIRE_ALIGN-aligned; NULL: in the arena */
	size_t       args_len;
	uint64_t     args_offset; /* in the arena */
};

/* What became of a job that came back from its function. */
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

	/* Where the job had a process of its own. */
	unsigned    has_process;
	int32_t     pid, signal, exit_code;
	uint8_t     core_dumped;
	uint8_t     limit;       /* enum limit */
	uint16_t    frames;      /* of the backtrace */
	int64_t     cpu_ns, user_ns, max_rss;
	const unsigned char *addresses; /* frames times eight bytes, aligned as such */
};

struct wire_writer {
	struct wire_packet *packet;
	size_t   used;
	unsigned frames;
};

void wire_begin(struct wire_writer *, struct wire_packet *, enum wire_kind, unsigned worker,
    uint32_t generation);
/* Complete the header; the packet's length. */
size_t wire_end(struct wire_writer *);

/* Whether args of this size, with an id of that size, travel in a packet rather than the arena. */
int    wire_args_fit(size_t args_len, size_t id_len);
/* The largest value that travels in a packet beside a message of the largest size. */
#define WIRE_VALUE_MAX (WIRE_PACKET_SIZE - 16u - 32u - 48u - 40u - 256u)
#define WIRE_FRAMES_MAX 32u

struct wire_reader {
	const unsigned char *at, *end;
	unsigned frames;        /* left */
	unsigned worker;
	uint32_t generation;
};

/* 0 ready to read frames, -1 no packet of that kind. */
int wire_open(struct wire_reader *, enum wire_kind, const struct wire_packet *, size_t len);

/*
 * The layout, and what is done once for each job.  These stand here and not in wire.c since millions
 * of them a second are the speed of the pool: inlined, what a plain job does not use falls away.
 *
 * wire_put_...(): 1 written, 0 no room in this packet.
 * wire_get_...(): 1 got one (its pointers point into the packet), 0 the packet is done, -1 malformed.
 */
/* Read and written in the packet itself: put together elsewhere and copied, the narrow stores would
   stall the wide loads of the copy. */
#define WIRE_IN_PLACE __attribute__((__may_alias__))

struct wire_packet_header {
	uint16_t magic;
	uint8_t  version;
	uint8_t  kind;
	uint16_t bytes;      /* of the packet, this header included */
	uint16_t frames;
	uint32_t worker;
	uint32_t generation;
};

/* The low four bits of tail say how many bytes at the frame's end are padding. */
#define WIRE_TAIL_PADDING 0x0fu
#define WIRE_TAIL_MORE    0x80u
#define WIRE_TAIL_COOPERATIVE 0x40u
#define WIRE_TAIL_ARENA   0x20u
#define WIRE_TAIL_PROCESS 0x10u
/* What a frame of each kind may have. */
#define WIRE_TAIL_OF_JOB    (WIRE_TAIL_PADDING | WIRE_TAIL_MORE | WIRE_TAIL_COOPERATIVE | WIRE_TAIL_ARENA)
#define WIRE_TAIL_OF_RESULT (WIRE_TAIL_PADDING | WIRE_TAIL_MORE | WIRE_TAIL_ARENA | WIRE_TAIL_PROCESS)

struct WIRE_IN_PLACE wire_job_header {
	uint16_t bytes;      /* of the frame, a multiple of WIRE_ALIGN */
	uint8_t  tail;
	uint8_t  id_len;
	uint32_t entry;
	uint64_t ticket;
	uint64_t seq;
	uint64_t fn;
};

struct wire_job_more {            /* where WIRE_TAIL_MORE is set */
	int64_t  timeout_ns;
	uint32_t attempt;
	uint32_t zero;
	uint64_t args_offset;
	uint64_t args_len;
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
	uint16_t frames;
	int64_t  cpu_ns;
	int64_t  user_ns;
	int64_t  max_rss;
};

static inline size_t
wire_rounded_up(size_t n, size_t unit)
{
	return (n + unit - 1) / unit * unit;
}

/* Eight bytes are what most small arguments and values are; the call would cost more than they do. */
static inline void
wire_copy(void *to, const void *from, size_t len)
{
	if (len == 8)
		memcpy(to, from, 8);
	else if (len > 0)
		memcpy(to, from, len);
}

static inline int
wire_put_job(struct wire_writer *w, const struct wire_job *job)
{
	int in_arena = job->args == NULL && job->args_len > 0;
	int more = in_arena || job->timeout_ns != 0 || job->attempt != 1;
	size_t id_room = wire_rounded_up(job->id_len, WIRE_ALIGN);
	size_t args_len = in_arena ? 0 : job->args_len;
	size_t body = sizeof(struct wire_job_header) + (more ? sizeof(struct wire_job_more) : 0) +
	    id_room + args_len;
	size_t bytes = wire_rounded_up(body, WIRE_ALIGN);

	if (bytes > WIRE_PACKET_SIZE - w->used)
		return 0;
	unsigned char *at = w->packet->bytes + w->used;
	struct wire_job_header *h = (struct wire_job_header *)(void *)at;
	h->bytes = (uint16_t)bytes;
	h->tail = (uint8_t)((bytes - body) | (more ? WIRE_TAIL_MORE : 0) |
	    (job->cooperative ? WIRE_TAIL_COOPERATIVE : 0) | (in_arena ? WIRE_TAIL_ARENA : 0));
	h->id_len = (uint8_t)job->id_len;
	h->entry = job->entry;
	h->ticket = job->ticket;
	h->seq = job->seq;
	h->fn = (uint64_t)(uintptr_t)job->fn;
	at += sizeof *h;
	if (more) {
		struct wire_job_more m = {
			.timeout_ns = job->timeout_ns, .attempt = job->attempt,
			.args_offset = job->args_offset, .args_len = in_arena ? job->args_len : 0,
		};
		memcpy(at, &m, sizeof m);
		at += sizeof m;
	}
	if (job->id_len > 0) {
		memcpy(at, job->id, job->id_len);
		at += id_room;
	}
	wire_copy(at, job->args, args_len);
	w->used += bytes;
	w->frames++;
	return 1;
}

/* The same for a job that has arguments at most: no name, no timeout of its own, its first attempt. */
static inline int
wire_put_plain_job(struct wire_writer *w, uint32_t entry, uint64_t ticket, uint64_t seq,
    forkpool_fn *fn, unsigned cooperative, const void *args, size_t args_len)
{
	size_t body = sizeof(struct wire_job_header) + args_len;
	size_t bytes = wire_rounded_up(body, WIRE_ALIGN);

	if (bytes > WIRE_PACKET_SIZE - w->used)
		return 0;
	unsigned char *at = w->packet->bytes + w->used;
	struct wire_job_header *h = (struct wire_job_header *)(void *)at;
	h->bytes = (uint16_t)bytes;
	h->tail = (uint8_t)((bytes - body) | (cooperative ? WIRE_TAIL_COOPERATIVE : 0));
	h->id_len = 0;
	h->entry = entry;
	h->ticket = ticket;
	h->seq = seq;
	h->fn = (uint64_t)(uintptr_t)fn;
	wire_copy(at + sizeof *h, args, args_len);
	w->used += bytes;
	w->frames++;
	return 1;
}

/* The same for a success with a value at most. */
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

static inline int
wire_put_result(struct wire_writer *w, const struct wire_result *result)
{
	int in_spool = result->value == NULL && result->value_len > 0;
	int more = in_spool || result->error != 0 || result->message_len > 0 ||
	    result->output_len > 0 || result->output_lost > 0;
	size_t value_len = in_spool ? 0 : (size_t)result->value_len;
	size_t process_len = result->has_process ?
	    sizeof(struct wire_result_process) + result->frames * sizeof(uint64_t) :
	    0;
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
			.cpu_ns = result->cpu_ns,
			.user_ns = result->user_ns,
			.max_rss = result->max_rss,
		};
		memcpy(at, &p, sizeof p);
		if (result->frames > 0)
			memcpy(at + sizeof p, result->addresses, process_len - sizeof p);
		at += process_len;
	}
	/* The value first: it keeps the frame's alignment of 8. */
	wire_copy(at, result->value, value_len);
	at += value_len;
	if (result->message_len > 0)
		memcpy(at, result->message, result->message_len);
	w->used += bytes;
	w->frames++;
	return 1;
}

/* What both kinds of frame begin with: its length, and within that its own parts.  The bytes
   between head and the padding, or -1. */
static inline ptrdiff_t
wire_frame_body(const struct wire_reader *r, size_t head, size_t unit, uint16_t bytes, uint8_t tail)
{
	size_t padding = tail & WIRE_TAIL_PADDING;

	if (bytes > (size_t)(r->end - r->at) || bytes % unit != 0 || padding >= unit ||
	    head + padding > bytes)
		return -1;
	return (ptrdiff_t)(bytes - head - padding);
}

/* 1 a frame may follow, 0 this was all, -1 the count and the bytes disagree. */
static inline int
wire_reader_next(const struct wire_reader *r, size_t head)
{
	if (r->frames == 0)
		return r->at == r->end ? 0 : -1;
	return (size_t)(r->end - r->at) >= head ? 1 : -1;
}

static inline int
wire_get_job(struct wire_reader *r, struct wire_job *job)
{
	struct wire_job_more m = { .attempt = 1 };
	const struct wire_job_header *h = (const struct wire_job_header *)(const void *)r->at;
	size_t head = sizeof *h;
	int next = wire_reader_next(r, sizeof *h);

	if (next != 1)
		return next;
	if (h->tail & ~WIRE_TAIL_OF_JOB)
		return -1;
	size_t id_room = wire_rounded_up(h->id_len, WIRE_ALIGN);
	if (h->tail & WIRE_TAIL_MORE)
		head += sizeof m;
	ptrdiff_t body = wire_frame_body(r, head + id_room, WIRE_ALIGN, h->bytes, h->tail);
	if (body < 0)
		return -1;
	if (h->tail & WIRE_TAIL_MORE) {
		memcpy(&m, r->at + sizeof *h, sizeof m);
		/* It is there where something in it is not what it is without. */
		if (m.attempt == 0 || m.zero != 0 || m.args_len > SIZE_MAX ||
		    (m.attempt == 1 && m.timeout_ns == 0 && m.args_len == 0))
			return -1;
	}
	int in_arena = (h->tail & WIRE_TAIL_ARENA) != 0;
	if (in_arena ? body != 0 || m.args_len == 0 : m.args_len != 0)
		return -1;
	*job = (struct wire_job){
		.entry = h->entry, .ticket = h->ticket, .seq = h->seq,
		.fn = (forkpool_fn *)(uintptr_t)h->fn,
		.attempt = m.attempt, .cooperative = (h->tail & WIRE_TAIL_COOPERATIVE) != 0,
		.timeout_ns = m.timeout_ns,
		.id = (const char *)(r->at + head), .id_len = h->id_len,
		.args = in_arena ? NULL : r->at + head + id_room,
		.args_len = in_arena ? (size_t)m.args_len : (size_t)body,
		.args_offset = m.args_offset,
	};
	r->at += h->bytes;
	r->frames--;
	return 1;
}

static inline int
wire_get_result(struct wire_reader *r, struct wire_result *result)
{
	struct wire_result_more m = { 0 };
	struct wire_result_process p = { .exit_code = -1,
		.cpu_ns = -1,
		.user_ns = -1,
		.max_rss = -1 };
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
		if (body < (ptrdiff_t)sizeof p)
			return -1;
		memcpy(&p, r->at + head, sizeof p);
		size_t frames = p.frames * sizeof(uint64_t);
		if (p.frames > WIRE_FRAMES_MAX || (size_t)body - sizeof p < frames)
			return -1;
		head += sizeof p;
		addresses = r->at + head;
		head += frames;
		body -= (ptrdiff_t)(sizeof p + frames);
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
		.cpu_ns = p.cpu_ns,
		.user_ns = p.user_ns,
		.max_rss = p.max_rss,
		.addresses = addresses,
	};
	r->at += h->bytes;
	r->frames--;
	return 1;
}

/* The next frame if it is such a plain success, its value behind the header; NULL: it is not, or there
   is none.  It stays the next until wire_skip_result(). */
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

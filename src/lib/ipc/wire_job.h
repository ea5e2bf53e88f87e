/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire_job - the frame that takes a job to a worker.
 *
 * wire_put_...(): 1 written, 0 no room in this packet.
 * wire_get_job(): 1 got one (its pointers point into the packet), 0 packet is done, -1 malformed.
 */
#ifndef FORKPOOL_WIRE_JOB_H
#define FORKPOOL_WIRE_JOB_H

#include "forkpool.h"
#include "lib/ipc/wire.h"

#define WIRE_ALIGN  16u /* of a job's args within the packet: as malloc() aligns */
#define WIRE_ID_MAX 255u

#define WIRE_TAIL_OF_JOB \
	(WIRE_TAIL_PADDING | WIRE_TAIL_MORE | WIRE_TAIL_COOPERATIVE | WIRE_TAIL_ARENA)

/* A job on its way to a worker. */
struct wire_job {
	uint32_t     entry;      /* index of the claim word */
	uint64_t     ticket;     /* of this attempt */
	uint64_t     seq;
	forkpool_fn *fn;         /* has the same address in every process of the pool */
	uint32_t     attempt;    /* 1 .. */
	unsigned     cooperative;
	int64_t      timeout_ns; /* 0: the pool's default, negative: none */
	const char  *id;         /* id_len bytes, not terminated */
	size_t       id_len;
	const void  *args;       /* in the packet, WIRE_ALIGN-aligned; NULL: in the arena */
	size_t       args_len;
	uint64_t     args_offset; /* in the arena */
};

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

_Static_assert(sizeof(struct wire_packet_header) == 16, "args would lose their alignment");
_Static_assert(sizeof(struct wire_job_header) == 32, "args would lose their alignment");
_Static_assert(sizeof(struct wire_job_more) == 32, "args would lose their alignment");

/* Whether args and an id of these sizes travel in a packet rather than in the arena. */
static inline int
wire_args_fit(size_t args_len, size_t id_len)
{
	size_t head = sizeof(struct wire_packet_header) + sizeof(struct wire_job_header) +
	    sizeof(struct wire_job_more) + wire_rounded_up(id_len, WIRE_ALIGN);

	return args_len <= WIRE_PACKET_SIZE - head;
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

/* wire_put_job() for a plain job: no id, no timeout of its own, first attempt, args in the
   packet. */
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

static inline int
wire_get_job(struct wire_reader *r, struct wire_job *job)
{
	struct wire_job_more m = { .attempt = 1 };
	const struct wire_job_header *h = (const struct wire_job_header *)(const void *)r->at;
	size_t head = sizeof *h;
	int next = wire_reader_next(r, sizeof *h);

	if (next != 1)
		return next;
	/* With addresses of 32 bits the upper half is zero. */
	if ((h->tail & ~WIRE_TAIL_OF_JOB) || h->fn != (uint64_t)(uintptr_t)h->fn)
		return -1;
	size_t id_room = wire_rounded_up(h->id_len, WIRE_ALIGN);
	if (h->tail & WIRE_TAIL_MORE)
		head += sizeof m;
	ptrdiff_t body = wire_frame_body(r, head + id_room, WIRE_ALIGN, h->bytes, h->tail);
	if (body < 0)
		return -1;
	if (h->tail & WIRE_TAIL_MORE) {
		memcpy(&m, r->at + sizeof *h, sizeof m);
		/* The encoder adds this part only where a value in it is not the default. */
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

#endif

#include "config.h"
#include "wire.h"

#include <string.h>

#define WIRE_MAGIC   0x7066u /* "fp" */
#define WIRE_VERSION 1u

struct packet_header {
	uint16_t magic;
	uint8_t  version;
	uint8_t  kind;
	uint16_t bytes;      /* of the packet, this header included */
	uint16_t frames;
	uint32_t worker;
	uint32_t generation;
};

/* The low four bits of tail say how many bytes at the frame's end are padding. */
#define TAIL_PADDING 0x0fu
#define TAIL_MORE    0x80u
#define TAIL_COOPERATIVE 0x40u
#define TAIL_ARENA   0x20u

struct job_header {
	uint16_t bytes;      /* of the frame, a multiple of WIRE_ALIGN */
	uint8_t  tail;
	uint8_t  id_len;
	uint32_t entry;
	uint64_t ticket;
	uint64_t seq;
	uint64_t fn;
};

struct job_more {            /* where TAIL_MORE is set */
	int64_t  timeout_ns;
	uint32_t attempt;
	uint32_t zero;
	uint64_t args_offset;
	uint64_t args_len;
};

struct result_header {
	uint16_t bytes;      /* of the frame, a multiple of 8 */
	uint8_t  tail;
	uint8_t  outcome;
	uint32_t entry;
	uint64_t ticket;
	int64_t  started_ns;
	int64_t  run_ns;
};

struct result_more {         /* where TAIL_MORE is set */
	int32_t  error;
	uint32_t message_len;
	uint64_t value_len;
	uint64_t value_offset;
	uint64_t output_len;
	uint64_t output_offset;
	uint64_t output_lost;
};

_Static_assert(sizeof(struct packet_header) == 16, "args would lose their alignment");
_Static_assert(sizeof(struct job_header) == 32, "args would lose their alignment");
_Static_assert(sizeof(struct job_more) == 32, "args would lose their alignment");
_Static_assert(sizeof(struct result_header) == 32, "a hole in a frame");
_Static_assert(sizeof(struct result_more) == 48, "a hole in a frame");
_Static_assert(WIRE_PACKET_SIZE <= UINT16_MAX, "a length would not fit");

static size_t
rounded_up(size_t n, size_t unit)
{
	return (n + unit - 1) / unit * unit;
}

void
wire_begin(struct wire_writer *w, struct wire_packet *packet, enum wire_kind kind, unsigned worker,
    uint32_t generation)
{
	struct packet_header h = {
		.magic = WIRE_MAGIC, .version = WIRE_VERSION, .kind = (uint8_t)kind,
		.worker = worker, .generation = generation,
	};

	w->packet = packet;
	w->used = sizeof h;
	w->frames = 0;
	memcpy(packet->bytes, &h, sizeof h);
}

size_t
wire_end(struct wire_writer *w)
{
	uint16_t bytes = (uint16_t)w->used, frames = (uint16_t)w->frames;

	memcpy(w->packet->bytes + offsetof(struct packet_header, bytes), &bytes, sizeof bytes);
	memcpy(w->packet->bytes + offsetof(struct packet_header, frames), &frames, sizeof frames);
	return w->used;
}

int
wire_args_fit(size_t args_len, size_t id_len)
{
	size_t head = sizeof(struct packet_header) + sizeof(struct job_header) +
	    sizeof(struct job_more) + rounded_up(id_len, WIRE_ALIGN);

	return args_len <= WIRE_PACKET_SIZE - head;
}

int
wire_put_job(struct wire_writer *w, const struct wire_job *job)
{
	int in_arena = job->args == NULL && job->args_len > 0;
	int more = in_arena || job->timeout_ns != 0 || job->attempt != 1;
	size_t id_room = rounded_up(job->id_len, WIRE_ALIGN);
	size_t args_len = in_arena ? 0 : job->args_len;
	size_t body = sizeof(struct job_header) + (more ? sizeof(struct job_more) : 0) + id_room + args_len;
	size_t bytes = rounded_up(body, WIRE_ALIGN);

	if (bytes > WIRE_PACKET_SIZE - w->used)
		return 0;
	unsigned char *at = w->packet->bytes + w->used;
	struct job_header h = {
		.bytes = (uint16_t)bytes,
		.tail = (uint8_t)((bytes - body) | (more ? TAIL_MORE : 0) |
		    (job->cooperative ? TAIL_COOPERATIVE : 0) | (in_arena ? TAIL_ARENA : 0)),
		.id_len = (uint8_t)job->id_len,
		.entry = job->entry, .ticket = job->ticket, .seq = job->seq,
		.fn = (uint64_t)(uintptr_t)job->fn,
	};
	memcpy(at, &h, sizeof h);
	at += sizeof h;
	if (more) {
		struct job_more m = {
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
	if (args_len > 0)
		memcpy(at, job->args, args_len);
	w->used += bytes;
	w->frames++;
	return 1;
}

int
wire_put_result(struct wire_writer *w, const struct wire_result *result)
{
	int in_spool = result->value == NULL && result->value_len > 0;
	int more = in_spool || result->error != 0 || result->message_len > 0 ||
	    result->output_len > 0 || result->output_lost > 0;
	size_t value_len = in_spool ? 0 : (size_t)result->value_len;
	size_t body = sizeof(struct result_header) + (more ? sizeof(struct result_more) : 0) +
	    result->message_len + value_len;
	size_t bytes = rounded_up(body, 8);

	if (bytes > WIRE_PACKET_SIZE - w->used)
		return 0;
	unsigned char *at = w->packet->bytes + w->used;
	struct result_header h = {
		.bytes = (uint16_t)bytes,
		.tail = (uint8_t)((bytes - body) | (more ? TAIL_MORE : 0) | (in_spool ? TAIL_ARENA : 0)),
		.outcome = result->outcome, .entry = result->entry, .ticket = result->ticket,
		.started_ns = result->started_ns, .run_ns = result->run_ns,
	};
	memcpy(at, &h, sizeof h);
	at += sizeof h;
	if (more) {
		struct result_more m = {
			.error = result->error, .message_len = (uint32_t)result->message_len,
			.value_len = in_spool ? result->value_len : 0,
			.value_offset = result->value_offset,
			.output_len = result->output_len, .output_offset = result->output_offset,
			.output_lost = result->output_lost,
		};
		memcpy(at, &m, sizeof m);
		at += sizeof m;
	}
	/* The value first: it keeps the frame's alignment of 8. */
	if (value_len > 0) {
		memcpy(at, result->value, value_len);
		at += value_len;
	}
	if (result->message_len > 0)
		memcpy(at, result->message, result->message_len);
	w->used += bytes;
	w->frames++;
	return 1;
}

int
wire_open(struct wire_reader *r, enum wire_kind kind, const struct wire_packet *packet, size_t len)
{
	struct packet_header h;

	if (len < sizeof h || len > WIRE_PACKET_SIZE)
		return -1;
	memcpy(&h, packet->bytes, sizeof h);
	if (h.magic != WIRE_MAGIC || h.version != WIRE_VERSION || h.kind != kind ||
	    h.bytes < sizeof h || h.bytes > len || h.frames == 0)
		return -1;
	r->at = packet->bytes + sizeof h;
	r->end = packet->bytes + h.bytes;
	r->frames = h.frames;
	r->worker = h.worker;
	r->generation = h.generation;
	return 0;
}

/* What both kinds of frame begin with: its length, and within that its own parts.  The bytes
   between head and the padding, or -1. */
static ptrdiff_t
frame_body(const struct wire_reader *r, size_t head, size_t unit, uint16_t bytes, uint8_t tail)
{
	size_t padding = tail & TAIL_PADDING;

	if (bytes > (size_t)(r->end - r->at) || bytes % unit != 0 || padding >= unit ||
	    head + padding > bytes)
		return -1;
	return (ptrdiff_t)(bytes - head - padding);
}

/* 1 a frame may follow, 0 this was all, -1 the count and the bytes disagree. */
static int
reader_next(const struct wire_reader *r, size_t head)
{
	if (r->frames == 0)
		return r->at == r->end ? 0 : -1;
	return (size_t)(r->end - r->at) >= head ? 1 : -1;
}

int
wire_get_job(struct wire_reader *r, struct wire_job *job)
{
	struct job_header h;
	struct job_more m = { .attempt = 1 };
	size_t head = sizeof h;
	int next = reader_next(r, sizeof h);

	if (next != 1)
		return next;
	memcpy(&h, r->at, sizeof h);
	size_t id_room = rounded_up(h.id_len, WIRE_ALIGN);
	if (h.tail & TAIL_MORE)
		head += sizeof m;
	ptrdiff_t body = frame_body(r, head + id_room, WIRE_ALIGN, h.bytes, h.tail);
	if (body < 0)
		return -1;
	if (h.tail & TAIL_MORE) {
		memcpy(&m, r->at + sizeof h, sizeof m);
		if (m.attempt == 0 || m.args_len > SIZE_MAX)
			return -1;
	}
	int in_arena = (h.tail & TAIL_ARENA) != 0;
	if (in_arena ? body != 0 || m.args_len == 0 : m.args_len != 0)
		return -1;
	*job = (struct wire_job){
		.entry = h.entry, .ticket = h.ticket, .seq = h.seq,
		.fn = (forkpool_fn *)(uintptr_t)h.fn,
		.attempt = m.attempt, .cooperative = (h.tail & TAIL_COOPERATIVE) != 0,
		.timeout_ns = m.timeout_ns,
		.id = (const char *)(r->at + head), .id_len = h.id_len,
		.args = in_arena ? NULL : r->at + head + id_room,
		.args_len = in_arena ? (size_t)m.args_len : (size_t)body,
		.args_offset = m.args_offset,
	};
	r->at += h.bytes;
	r->frames--;
	return 1;
}

int
wire_get_result(struct wire_reader *r, struct wire_result *result)
{
	struct result_header h;
	struct result_more m = { 0 };
	size_t head = sizeof h;
	int next = reader_next(r, sizeof h);

	if (next != 1)
		return next;
	memcpy(&h, r->at, sizeof h);
	if (h.tail & TAIL_MORE)
		head += sizeof m;
	ptrdiff_t body = frame_body(r, head, 8, h.bytes, h.tail);
	if (body < 0)
		return -1;
	if (h.tail & TAIL_MORE)
		memcpy(&m, r->at + sizeof h, sizeof m);
	int in_spool = (h.tail & TAIL_ARENA) != 0;
	if (m.message_len > WIRE_MESSAGE_MAX || (ptrdiff_t)m.message_len > body)
		return -1;
	size_t value_len = (size_t)body - m.message_len;
	if (in_spool ? value_len != 0 || m.value_len == 0 : m.value_len != 0)
		return -1;
	const unsigned char *value = r->at + head;
	*result = (struct wire_result){
		.entry = h.entry, .ticket = h.ticket, .outcome = h.outcome, .error = m.error,
		.started_ns = h.started_ns, .run_ns = h.run_ns,
		.value = in_spool ? NULL : value,
		.value_len = in_spool ? m.value_len : value_len, .value_offset = m.value_offset,
		.message = (const char *)value + value_len, .message_len = m.message_len,
		.output_len = m.output_len, .output_offset = m.output_offset,
		.output_lost = m.output_lost,
	};
	r->at += h.bytes;
	r->frames--;
	return 1;
}

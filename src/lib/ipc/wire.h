/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire - the packets on both pipes: a header, and the frames behind it, as bytes.
 *
 * A packet is one header and one or more frames, at most WIRE_PACKET_SIZE bytes, in the byte order
 * of the machine (both ends are forks of one process).  A frame is a fixed header of explicit
 * widths, optional parts where a flag says so, and opaque bytes.  The frames themselves are in
 * wire_job.h (a job on its way to a worker) and wire_result.h (what became of it).
 *
 * Invariants: the encoder never writes past the packet; the decoder takes any bytes at all, reads
 * none outside the packet, and answers -1 for whatever the encoder cannot have written.  This code
 * knows nothing of descriptors and shared memory.
 */
#ifndef FORKPOOL_WIRE_H
#define FORKPOOL_WIRE_H

#include <limits.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What a pipe carries in one piece (POSIX: at least 512; Linux: 4096). */
#if PIPE_BUF < 4096
#define WIRE_PACKET_SIZE PIPE_BUF
#else
#define WIRE_PACKET_SIZE 4096
#endif

struct wire_packet {
	alignas(16) unsigned char bytes[WIRE_PACKET_SIZE];
};

enum wire_kind { WIRE_JOBS = 1, WIRE_RESULTS = 2 };

struct wire_packet_header {
	uint16_t magic;
	uint8_t  version;
	uint8_t  kind;
	uint16_t bytes;      /* of the packet, this header included */
	uint16_t frames;
	uint32_t worker;
	uint32_t generation;
};

struct wire_writer {
	struct wire_packet *packet;
	size_t   used;
	unsigned frames;
};

struct wire_reader {
	const unsigned char *at, *end;
	unsigned frames;        /* left */
	unsigned worker;
	uint32_t generation;
};

void wire_begin(struct wire_writer *, struct wire_packet *, enum wire_kind, unsigned worker,
    uint32_t generation);
/* Complete the header; the packet's length. */
size_t wire_end(struct wire_writer *);

/* 0 ready to read frames, -1 no packet of that kind. */
int wire_open(struct wire_reader *, enum wire_kind, const struct wire_packet *, size_t len);

/*
 * What the frames of both kinds need.  The code that runs once for each job stands in headers: the
 * speed of the pool is millions of frames a second, and inlined, the parts that a plain job does
 * not use fall away.
 */

/* Frame headers are read and written in the packet itself.  If they were put together elsewhere and
   copied, the copy's wide loads would stall on the narrow stores before them. */
#define WIRE_IN_PLACE __attribute__((__may_alias__))

/* A frame's tail: the low four bits say how many bytes at the frame's end are padding. */
#define WIRE_TAIL_PADDING     0x0fu
#define WIRE_TAIL_MORE        0x80u /* the second part of the header follows */
#define WIRE_TAIL_COOPERATIVE 0x40u
#define WIRE_TAIL_ARENA       0x20u /* arguments in the arena; a value in the spool */
#define WIRE_TAIL_PROCESS     0x10u /* what is known of the job's own process follows */

static inline size_t
wire_rounded_up(size_t n, size_t unit)
{
	return (n + unit - 1) / unit * unit;
}

/* Most small arguments and values have eight bytes: for them a call of memcpy() costs more than the
   copy. */
static inline void
wire_copy(void *to, const void *from, size_t len)
{
	if (len == 8)
		memcpy(to, from, 8);
	else if (len > 0)
		memcpy(to, from, len);
}

/* Check the length of the frame that comes next, of either kind; head: bytes of its fixed parts.
   How many bytes lie between these and the padding, or -1. */
static inline ptrdiff_t
wire_frame_body(const struct wire_reader *r, size_t head, size_t unit, uint16_t bytes, uint8_t tail)
{
	size_t padding = tail & WIRE_TAIL_PADDING;

	if (bytes > (size_t)(r->end - r->at) || bytes % unit != 0 || padding >= unit ||
	    head + padding > bytes)
		return -1;
	return (ptrdiff_t)(bytes - head - padding);
}

/* 1: a frame may follow; 0: the packet is done; -1: the count and the bytes disagree. */
static inline int
wire_reader_next(const struct wire_reader *r, size_t head)
{
	if (r->frames == 0)
		return r->at == r->end ? 0 : -1;
	return (size_t)(r->end - r->at) >= head ? 1 : -1;
}

#endif

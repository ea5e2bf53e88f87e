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
	uint8_t     outcome;     /* OK, FAILED, TIMED_OUT, CANCELLED */
	int32_t     error;
	int64_t     started_ns, run_ns;
	const void *value;       /* in the packet; NULL: in the spool (or empty) */
	uint64_t    value_len, value_offset;
	const char *message;     /* message_len bytes, not terminated */
	size_t      message_len;
	uint64_t    output_len, output_offset, output_lost; /* captured; in the spool */
};

struct wire_writer {
	struct wire_packet *packet;
	size_t   used;
	unsigned frames;
};

void   wire_begin(struct wire_writer *, struct wire_packet *, enum wire_kind, unsigned worker, uint32_t generation);
/* 1 written, 0 no room in this packet. */
int    wire_put_job(struct wire_writer *, const struct wire_job *);
int    wire_put_result(struct wire_writer *, const struct wire_result *);
/* Complete the header; the packet's length. */
size_t wire_end(struct wire_writer *);

/* Whether args of this size, with an id of that size, travel in a packet rather than the arena. */
int    wire_args_fit(size_t args_len, size_t id_len);
/* The largest value that travels in a packet beside a message of the largest size. */
#define WIRE_VALUE_MAX (WIRE_PACKET_SIZE - 16u - 32u - 48u - 256u)

struct wire_reader {
	const unsigned char *at, *end;
	unsigned frames;        /* left */
	unsigned worker;
	uint32_t generation;
};

/* 0 ready to read frames, -1 no packet of that kind. */
int wire_open(struct wire_reader *, enum wire_kind, const struct wire_packet *, size_t len);
/* 1 got one (its pointers point into the packet), 0 the packet is done, -1 malformed. */
int wire_get_job(struct wire_reader *, struct wire_job *);
int wire_get_result(struct wire_reader *, struct wire_result *);

#endif

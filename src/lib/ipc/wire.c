/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets: writing the header, and checking one that was read. */
#include "config.h"
#include "lib/ipc/wire.h"

#include <string.h>

#define WIRE_MAGIC   0x7066u /* "fp" */
#define WIRE_VERSION 1u

_Static_assert(WIRE_PACKET_SIZE <= UINT16_MAX, "a length would not fit");

void
wire_begin(struct wire_writer *w, struct wire_packet *packet, enum wire_kind kind, unsigned worker,
    uint32_t generation)
{
	struct wire_packet_header h = {
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

	memcpy(w->packet->bytes + offsetof(struct wire_packet_header, bytes), &bytes, sizeof bytes);
	memcpy(w->packet->bytes + offsetof(struct wire_packet_header, frames), &frames,
	    sizeof frames);
	return w->used;
}

int
wire_open(struct wire_reader *r, enum wire_kind kind, const struct wire_packet *packet, size_t len)
{
	struct wire_packet_header h;

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

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_wire.c - put any bytes through the decoder of packets: the first byte says which kind of
 * frames the packet shall have, the rest is the packet.
 */
#include "config.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/wire_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Write a correct header, which a fuzzer does not find by chance. */
static void
header_mend(unsigned char *packet, size_t len, enum wire_kind kind)
{
	static struct wire_packet model;
	struct wire_writer writer;
	uint16_t bytes = (uint16_t)len;

	wire_begin(&writer, &model, kind, 0, 0);
	memcpy(packet, model.bytes, 4);
	memcpy(packet + 4, &bytes, sizeof bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned char packet[WIRE_PACKET_SIZE + 64];
	int frames;

	if (size < 1)
		return 0;
	enum wire_kind kind = data[0] & 1 ? WIRE_RESULTS : WIRE_JOBS;
	size_t len = size - 1 < sizeof packet ? size - 1 : sizeof packet;
	memcpy(packet, data + 1, len);
	if (data[0] & 2 && len >= 16)
		header_mend(packet, len, kind);
	const char *wrong = wire_check(kind, packet, len, &frames);
	if (wrong != NULL) {
		(void)fprintf(stderr, "wire_check: %s\n", wrong);
		abort();
	}
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Damaged packets: each small damage there is, and many larger ones.  The decoder refuses a packet,
 * or it is one that the encoder could have written; tests/support/wire_check.h says what that
 * means.
 */
#include "config.h"
#include "tests/support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ipc/wire_job.h"
#include "lib/ipc/wire_result.h"
#include "tests/support/wire_check.h"

#define SAMPLES 8

static struct sample {
	enum wire_kind kind;
	size_t len;
	struct wire_packet packet;
} samples[SAMPLES];

static uint64_t random_state = UINT64_C(0x9e3779b97f4a7c15);

static uint32_t
random_below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 32) % n;
}

static int
a_function(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)args;
	(void)args_len;
	return 0;
}

/* Samples: a frame with every part, a frame with none, packets of one, of a few, full ones; the
   last two hold results of jobs with their own process. */
static void
sample_make(struct sample *sample, unsigned number)
{
	static const char text[] =
	    "some bytes that stand for arguments, a value, a name and a message";
	unsigned frames = number < 2 || number == 6 ? 1 : number < 4 ? 6 : UINT32_MAX;
	struct wire_writer w;
	int room = 1;

	memset(sample, 0, sizeof *sample);
	sample->kind = number % 2 == 0 && number < 6 ? WIRE_JOBS : WIRE_RESULTS;
	wire_begin(&w, &sample->packet, sample->kind, 5, 6);
	for (unsigned i = 0; i < frames && room; i++) {
		if (sample->kind == WIRE_JOBS) {
			struct wire_job job = {
				.entry = i,
				.ticket = 1000 + i,
				.seq = 2000 + i,
				.fn = a_function,
				.attempt = i % 3 == 2 ? 2 : 1,
				.cooperative = i & 1,
				.timeout_ns = i % 2 == 0 ? 500 : 0,
				.id = text,
				.id_len = i % 4 == 0 ? 19 : 0,
				.args = i % 5 == 4 ? NULL : text,
				.args_len = 1 + i * 3 % 60,
				.args_offset = i % 5 == 4 ? 8192 : 0,
			};
			room = wire_put_job(&w, &job);
		} else {
			struct wire_result result = {
				.entry = i,
				.ticket = 1000 + i,
				.outcome = (uint8_t)(i % 2),
				.error = i % 2 == 1 ? 42 : 0,
				.started_ns = 1,
				.run_ns = 2,
				.message = text,
				.message_len = i % 2 == 0 && i % 3 == 0 ? 33 : 0,
				.value = i % 5 == 4 ? NULL : text,
				.value_len = 1 + i * 3 % 60,
				.value_offset = i % 5 == 4 ? 8192 : 0,
				.output_len = i % 7 == 6 ? 12 : 0,
				.output_offset = i % 7 == 6 ? 4096 : 0,
			};
			if (number >= 6) {
				result.has_process = 1;
				result.pid = 4711;
				result.signal = i % 3 == 1 ? 11 : 0;
				result.exit_code = i % 3 == 2 ? 1 : -1;
				result.limit = i % 4 == 3;
				result.cpu_ns = 3;
				result.max_rss = 4;
				result.frames = (uint8_t)(i % 2 == 0 ? 3 + i % 5 : 0);
				result.addresses = (const unsigned char *)text;
			}
			room = wire_put_result(&w, &result);
		}
	}
	sample->len = wire_end(&w);
}

static void
samples_make(void)
{
	for (unsigned i = 0; i < SAMPLES; i++)
		sample_make(&samples[i], i);
}

/* How many frames the decoder reads; -1: it refuses the packet. */
static int
try(const struct sample *sample, const void *bytes, size_t len, const char *how, size_t where)
{
	int frames;
	const char *wrong = wire_check(sample->kind, bytes, len, &frames);

	ck_assert_msg(wrong == NULL, "sample %d, %s at %zu: %s", (int)(sample - samples), how,
	    where, wrong);
	return frames;
}

START_TEST(whole_packets_are_taken)
{
	samples_make();
	for (unsigned i = 0; i < SAMPLES; i++)
		ck_assert_int_ge(try(&samples[i], &samples[i].packet, samples[i].len, "nothing", 0),
		    1);
}
END_TEST

START_TEST(each_bit_turned)
{
	const struct sample *sample = &samples[_i];
	struct wire_packet packet;

	samples_make();
	packet = sample->packet;
	for (size_t bit = 0; bit < sample->len * 8; bit++) {
		packet.bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
		(void)try(sample, &packet, sample->len, "bit", bit);
		packet.bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
	}
}
END_TEST

START_TEST(each_byte_replaced)
{
	static const unsigned char values[] = { 0x00, 0x01, 0x0f, 0x10, 0x20, 0x7f, 0x80, 0xa0,
		0xf0, 0xff };
	const struct sample *sample = &samples[_i];
	struct wire_packet packet;

	samples_make();
	packet = sample->packet;
	for (size_t at = 0; at < sample->len; at++) {
		for (size_t i = 0; i < sizeof values; i++) {
			packet.bytes[at] = values[i];
			(void)try(sample, &packet, sample->len, "byte", at);
		}
		packet.bytes[at] = sample->packet.bytes[at];
	}
}
END_TEST

START_TEST(cut_at_each_length)
{
	const struct sample *sample = &samples[_i];
	struct wire_packet packet;

	samples_make();
	packet = sample->packet;
	for (size_t len = 0; len < sample->len; len++) {
		/* The packet is shorter than its header says. */
		ck_assert_int_eq(try(sample, &packet, len, "cut", len), -1);
		/* The header has the shorter length, but the old count of frames. */
		if (len >= 16) {
			uint16_t bytes = (uint16_t)len;
			memcpy(packet.bytes + 4, &bytes, sizeof bytes);
			ck_assert_int_eq(try(sample, &packet, len, "cut, header mended,", len), -1);
			int frames = try(sample, &packet, sample->len, "header shorter", len);
			ck_assert_int_eq(frames, -1);
			packet = sample->packet;
		}
	}
}
END_TEST

START_TEST(each_count_of_frames)
{
	const struct sample *sample = &samples[_i];
	struct wire_packet packet;
	int frames;

	samples_make();
	packet = sample->packet;
	frames = try(sample, &packet, sample->len, "nothing", 0);
	for (unsigned n = 0; n <= UINT16_MAX; n += n < 300 ? 1 : 257) {
		uint16_t count = (uint16_t)n;
		memcpy(packet.bytes + 6, &count, sizeof count);
		ck_assert_int_eq(try(sample, &packet, sample->len, "count", n),
		    (int)n == frames ? frames : -1);
	}
}
END_TEST

/* The first frame's length and flags in many combinations: these decide most branches. */
START_TEST(each_length_and_flags_of_the_first_frame)
{
	const struct sample *sample = &samples[_i];
	struct wire_packet packet;

	samples_make();
	packet = sample->packet;
	for (unsigned bytes = 0; bytes <= sample->len + 32; bytes += bytes < 256 ? 8 : 136)
		for (unsigned tail = 0; tail < 256; tail++) {
			uint16_t length = (uint16_t)bytes;
			memcpy(packet.bytes + 16, &length, sizeof length);
			packet.bytes[18] = (unsigned char)tail;
			(void)try(sample, &packet, sample->len, "length and flags",
			    bytes << 8 | tail);
		}
}
END_TEST

static void
mutate_once(struct wire_packet *packet, size_t *len, const struct sample *other)
{
	static const uint64_t numbers[] = {
		0, 1, 15, 16, 31, 32, 255, 256, 4095, 4096, 65535, INT32_MAX, UINT32_MAX,
		INT64_MAX, UINT64_MAX,
	};
	size_t at = random_below((uint32_t)*len), n, from;

	switch (random_below(6)) {
	case 0:
		packet->bytes[at] ^= (unsigned char)(1u << random_below(8));
		break;
	case 1:
		packet->bytes[at] = (unsigned char)random_below(256);
		break;
	case 2: /* overwrite a number of 1, 2, 4 or 8 bytes */
		n = (size_t)1 << random_below(4);
		at = at / n * n;
		if (at + n <= sizeof packet->bytes)
			memcpy(packet->bytes + at, &numbers[random_below(15)], n);
		break;
	case 3: /* copy bytes of another packet */
		at = at / 16 * 16;
		from = random_below((uint32_t)other->len) / 16 * 16;
		n = random_below(256);
		if (at + n <= sizeof packet->bytes && from + n <= sizeof other->packet.bytes)
			memcpy(packet->bytes + at, other->packet.bytes + from, n);
		break;
	case 4: /* cut or extend the packet, not its header's length */
		*len = 1 + random_below(WIRE_PACKET_SIZE);
		break;
	default: /* cut or extend it, and its header's length too */
		*len = 16 + random_below(WIRE_PACKET_SIZE - 15) / 16 * 16;
		uint16_t bytes = (uint16_t)*len;
		memcpy(packet->bytes + 4, &bytes, sizeof bytes);
		break;
	}
}

START_TEST(many_small_damages)
{
	struct wire_packet packet;

	samples_make();
	for (size_t round = 0; round < 60000; round++) {
		const struct sample *sample = &samples[random_below(SAMPLES)];
		size_t len = sample->len;
		packet = sample->packet;
		for (unsigned n = 1 + random_below(4); n > 0; n--)
			mutate_once(&packet, &len, &samples[random_below(SAMPLES)]);
		(void)try(sample, &packet, len, "round", round);
	}
}
END_TEST

START_TEST(noise)
{
	struct wire_packet packet;

	samples_make();
	for (size_t round = 0; round < 5000; round++) {
		const struct sample *sample = &samples[round % SAMPLES];
		for (size_t i = 0; i < sizeof packet.bytes; i++)
			packet.bytes[i] = (unsigned char)random_below(256);
		/* Every other one has a valid header. */
		if (round % 2 == 0)
			memcpy(packet.bytes, sample->packet.bytes, 16);
		(void)try(sample, &packet, random_below(WIRE_PACKET_SIZE + 1), "round", round);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("wire_mutation");
	TCase *tc = support_case("wire_mutation", 60);

	tcase_add_test(tc, whole_packets_are_taken);
	tcase_add_loop_test(tc, each_bit_turned, 0, SAMPLES);
	tcase_add_loop_test(tc, each_byte_replaced, 0, SAMPLES);
	tcase_add_loop_test(tc, cut_at_each_length, 0, SAMPLES);
	tcase_add_loop_test(tc, each_count_of_frames, 0, SAMPLES);
	tcase_add_loop_test(tc, each_length_and_flags_of_the_first_frame, 0, SAMPLES);
	tcase_add_test(tc, many_small_damages);
	tcase_add_test(tc, noise);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets and frames: what is written is read, and nothing is written past the end. */
#include "config.h"
#include "tests/support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ipc/wire_job.h"
#include "lib/ipc/wire_result.h"
#include "tests/support/wire_check.h"

static unsigned char content[WIRE_PACKET_SIZE];

static void
content_fill(void)
{
	for (size_t i = 0; i < sizeof content; i++)
		content[i] = (unsigned char)(i * 7 + i / 251 + 1);
}

static int
a_function(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)args;
	(void)args_len;
	return 0;
}

static struct wire_job
plain_job(size_t args_len)
{
	return (struct wire_job){
		.entry = 7, .ticket = 8, .seq = 9, .fn = a_function, .attempt = 1, .id = "",
		.args = content, .args_len = args_len,
	};
}

static struct wire_result
plain_result(size_t value_len)
{
	return (struct wire_result){
		.entry = 7, .ticket = 8, .started_ns = 10, .run_ns = 11, .message = "",
		.value = content, .value_len = value_len,
	};
}

static void
job_passes(const struct wire_job *job)
{
	static struct wire_packet packet;
	struct wire_writer w;
	struct wire_reader r;
	union wire_check_frame in = { .job = *job }, out;
	int frames;

	wire_begin(&w, &packet, WIRE_JOBS, 3, 4);
	ck_assert_int_eq(wire_put_job(&w, job), 1);
	size_t len = wire_end(&w);
	ck_assert_uint_le(len, sizeof packet);
	ck_assert_int_eq(wire_open(&r, WIRE_JOBS, &packet, len), 0);
	ck_assert_uint_eq(r.worker, 3);
	ck_assert_uint_eq(r.generation, 4);
	ck_assert_int_eq(wire_get_job(&r, &out.job), 1);
	ck_assert(wire_check_equal(WIRE_JOBS, &in, &out));
	ck_assert_int_eq(wire_get_job(&r, &out.job), 0);
	ck_assert_ptr_null(wire_check(WIRE_JOBS, &packet, len, &frames));
	ck_assert_int_eq(frames, 1);
}

static void
result_passes(const struct wire_result *result)
{
	static struct wire_packet packet;
	struct wire_writer w;
	struct wire_reader r;
	union wire_check_frame in = { .result = *result }, out;
	int frames;

	wire_begin(&w, &packet, WIRE_RESULTS, 4095, UINT32_MAX);
	ck_assert_int_eq(wire_put_result(&w, result), 1);
	size_t len = wire_end(&w);
	ck_assert_uint_le(len, sizeof packet);
	ck_assert_int_eq(wire_open(&r, WIRE_RESULTS, &packet, len), 0);
	ck_assert_uint_eq(r.worker, 4095);
	ck_assert_uint_eq(r.generation, UINT32_MAX);
	ck_assert_int_eq(wire_get_result(&r, &out.result), 1);
	ck_assert(wire_check_equal(WIRE_RESULTS, &in, &out));
	ck_assert_int_eq(wire_get_result(&r, &out.result), 0);
	ck_assert_ptr_null(wire_check(WIRE_RESULTS, &packet, len, &frames));
	ck_assert_int_eq(frames, 1);
}

START_TEST(job_with_each_length_of_args_and_id)
{
	char id[WIRE_ID_MAX + 1];

	content_fill();
	memset(id, 'i', sizeof id);
	for (size_t id_len = 0; id_len <= WIRE_ID_MAX; id_len += id_len < 34 ? 1 : 17)
		for (size_t args_len = 0; wire_args_fit(args_len, id_len);
		     args_len += args_len < 70 ? 1 : 97) {
			struct wire_job job = plain_job(args_len);
			job.id = id;
			job.id_len = id_len;
			job_passes(&job);
		}
}
END_TEST

START_TEST(job_with_fields_at_their_ends)
{
	content_fill();
	for (unsigned bits = 0; bits < 64; bits++) {
		struct wire_job job = plain_job(bits & 1 ? 24 : 0);
		job.entry = bits & 2 ? UINT32_MAX : 0;
		job.ticket = job.seq = bits & 2 ? UINT64_MAX : 0;
		job.cooperative = (bits & 4) != 0;
		job.timeout_ns = bits & 8 ? INT64_MIN : 0;
		job.attempt = bits & 16 ? UINT32_MAX : 1;
		if (bits & 32) {
			job.args = NULL;
			job.args_len = SIZE_MAX;
			job.args_offset = UINT64_MAX;
		}
		job_passes(&job);
		job.timeout_ns = bits & 8 ? INT64_MAX : 1;
		job_passes(&job);
	}
}
END_TEST

START_TEST(result_with_each_length_of_value_and_message)
{
	char message[WIRE_MESSAGE_MAX];

	content_fill();
	memset(message, 'm', sizeof message);
	for (size_t message_len = 0; message_len <= sizeof message;
	     message_len += message_len < 17 ? 1 : 17)
		for (size_t value_len = 0; value_len <= WIRE_VALUE_MAX;
		     value_len += value_len < 34 ? 1 : 97) {
			struct wire_result result = plain_result(value_len);
			result.message = message;
			result.message_len = message_len;
			result_passes(&result);
		}
	struct wire_result largest = plain_result(WIRE_VALUE_MAX);
	largest.message = message;
	largest.message_len = WIRE_MESSAGE_MAX;
	result_passes(&largest);
}
END_TEST

START_TEST(result_with_fields_at_their_ends)
{
	content_fill();
	for (unsigned bits = 0; bits < 128; bits++) {
		struct wire_result result = plain_result(bits & 1 ? 24 : 0);
		result.entry = bits & 2 ? UINT32_MAX : 0;
		result.ticket = bits & 2 ? UINT64_MAX : 0;
		result.started_ns = bits & 2 ? INT64_MIN : INT64_MAX;
		result.run_ns = bits & 2 ? INT64_MAX : INT64_MIN;
		result.outcome = bits & 4 ? FORKPOOL_CANCELLED : FORKPOOL_OK;
		result.error = bits & 8 ? INT32_MIN : 0;
		if (bits & 16) {
			result.output_len = UINT64_MAX;
			result.output_offset = UINT64_MAX;
		}
		result.output_lost = bits & 32 ? UINT64_MAX : 0;
		if (bits & 64) {
			result.value = NULL;
			result.value_len = UINT64_MAX;
			result.value_offset = UINT64_MAX - 1;
		}
		result_passes(&result);
	}
}
END_TEST

/* The result of a job that had its own process. */
static struct wire_result
process_result(size_t value_len, uint8_t frames)
{
	struct wire_result result = plain_result(value_len);

	result.has_process = 1;
	result.pid = 12345;
	result.exit_code = -1;
	result.cpu_ns = 67;
	result.user_ns = 56;
	result.max_rss = 89;
	result.frames = frames;
	result.place = (uint8_t)(255 - frames);
	result.addresses = content + 8;
	return result;
}

START_TEST(result_of_a_process_with_each_number_of_addresses)
{
	char message[WIRE_MESSAGE_MAX];

	content_fill();
	memset(message, 'm', sizeof message);
	for (uint8_t frames = 0; frames <= WIRE_FRAMES_MAX; frames++)
		for (size_t message_len = 0; message_len <= sizeof message;
		     message_len += message_len < 9 ? 1 : 41)
			for (size_t value_len = 0; value_len <= 2000;
			     value_len += value_len < 9 ? 1 : 331) {
				struct wire_result result = process_result(value_len, frames);
				result.message = message;
				result.message_len = message_len;
				result_passes(&result);
			}
	/* The largest result of a success, and of a failure. */
	struct wire_result largest = process_result(WIRE_VALUE_MAX, 0);
	largest.message = message;
	largest.message_len = WIRE_MESSAGE_MAX;
	result_passes(&largest);
	largest = process_result(0, WIRE_FRAMES_MAX);
	largest.message = message;
	largest.message_len = WIRE_MESSAGE_MAX;
	largest.output_len = 1;
	result_passes(&largest);
}
END_TEST

START_TEST(result_of_a_process_with_fields_at_their_ends)
{
	content_fill();
	for (unsigned bits = 0; bits < 256; bits++) {
		struct wire_result result =
		    process_result(bits & 1 ? 24 : 0, bits & 2 ? WIRE_FRAMES_MAX : 0);
		result.pid = bits & 4 ? INT32_MIN : INT32_MAX;
		result.signal = bits & 8 ? INT32_MAX : 0;
		result.exit_code = bits & 8 ? INT32_MIN : -1;
		result.core_dumped = bits & 16 ? UINT8_MAX : 0;
		result.limit = bits & 16 ? UINT8_MAX : 0;
		result.cpu_ns = bits & 32 ? INT64_MIN : -1;
		result.max_rss = bits & 32 ? INT64_MAX : -1;
		result.outcome = bits & 64 ? UINT8_MAX : FORKPOOL_OK;
		result.error = bits & 128 ? INT32_MIN : 0;
		result_passes(&result);
		if (bits & 1) {
			result.value = NULL;
			result.value_len = UINT64_MAX;
			result_passes(&result);
		}
	}
}
END_TEST

/* A frame that says there are more addresses than it or any frame can have. */
START_TEST(addresses_past_the_frame_or_their_number_are_refused)
{
	static struct wire_packet packet;
	const size_t count_at = 16 + 32 + 14;
	struct wire_result result = process_result(0, WIRE_FRAMES_MAX - 1), out;
	struct wire_writer w;
	struct wire_reader r;

	content_fill();
	wire_begin(&w, &packet, WIRE_RESULTS, 0, 0);
	ck_assert_int_eq(wire_put_result(&w, &result), 1);
	size_t len = wire_end(&w);
	for (unsigned n = 0; n <= UINT8_MAX; n++) {
		packet.bytes[count_at] = (unsigned char)n;
		ck_assert_int_eq(wire_open(&r, WIRE_RESULTS, &packet, len), 0);
		/* If it says fewer, the rest of the bytes is the value. */
		ck_assert_int_eq(wire_get_result(&r, &out), n < WIRE_FRAMES_MAX ? 1 : -1);
		if (n < WIRE_FRAMES_MAX)
			ck_assert_uint_eq(out.frames * 8 + out.value_len,
			    (WIRE_FRAMES_MAX - 1) * 8);
	}
}
END_TEST

START_TEST(args_are_aligned_behind_any_frames)
{
	static struct wire_packet packet;
	struct wire_writer w;
	struct wire_reader r;
	struct wire_job job;

	content_fill();
	ck_assert_uint_eq((uintptr_t)&packet % WIRE_ALIGN, 0);
	wire_begin(&w, &packet, WIRE_JOBS, 0, 0);
	for (size_t i = 0;; i++) {
		job = plain_job(i * 5 % 37);
		job.id = "0123456789abcdefghij";
		job.id_len = i % 21;
		job.timeout_ns = i % 3 == 0 ? 1000 : 0;
		if (wire_put_job(&w, &job) == 0)
			break;
	}
	ck_assert_int_eq(wire_open(&r, WIRE_JOBS, &packet, wire_end(&w)), 0);
	for (size_t i = 0; wire_get_job(&r, &job) == 1; i++) {
		ck_assert_uint_eq((uintptr_t)job.args % WIRE_ALIGN, 0);
		ck_assert_uint_eq(job.args_len, i * 5 % 37);
		ck_assert_mem_eq(job.args, content, job.args_len);
	}
	ck_assert_uint_eq(r.frames, 0);
}
END_TEST

/* Frames are put until there is no room: nothing behind the packet may change. */
START_TEST(packet_is_filled_and_not_past_its_end)
{
	static struct {
		struct wire_packet packet;
		unsigned char behind[256];
	} area;
	struct wire_writer w;
	int frames;

	content_fill();
	for (size_t len = 0; len < 3000; len += len < 50 ? 1 : 59)
		for (int kinds = 0; kinds < 3; kinds++) {
			int expected = 0, kind = kinds == 0 ? WIRE_JOBS : WIRE_RESULTS;
			struct wire_job job = plain_job(len);
			struct wire_result result = kinds == 1 ?
			    plain_result(len) :
			    process_result(len, (uint8_t)(len % 5));
			memset(&area, 0xa5, sizeof area);
			wire_begin(&w, &area.packet, (enum wire_kind)kind, 0, 0);
			while ((kind == WIRE_JOBS ? wire_put_job(&w, &job) :
						    wire_put_result(&w, &result)) == 1)
				expected++;
			size_t used = w.used;
			ck_assert_int_eq(kind == WIRE_JOBS ? wire_put_job(&w, &job) :
							     wire_put_result(&w, &result),
			    0);
			ck_assert_uint_eq(w.used, used);
			ck_assert_uint_le(used, sizeof area.packet);
			ck_assert_uint_gt(used + len + 64 + (kinds == 2 ? 40 + len % 5 * 8 : 0),
			    sizeof area.packet);
			for (size_t i = 0; i < sizeof area.behind; i++)
				ck_assert_uint_eq(area.behind[i], 0xa5);
			ck_assert_uint_eq(wire_end(&w), used);
			ck_assert_ptr_null(
			    wire_check((enum wire_kind)kind, &area.packet, used, &frames));
			ck_assert_int_eq(frames, expected);
		}
}
END_TEST

START_TEST(args_fit_where_they_are_said_to_fit)
{
	static struct wire_packet packet;
	char id[WIRE_ID_MAX];

	content_fill();
	memset(id, 'i', sizeof id);
	for (size_t id_len = 0; id_len <= WIRE_ID_MAX; id_len++) {
		size_t len = WIRE_PACKET_SIZE;
		while (!wire_args_fit(len, id_len))
			len--;
		struct wire_job job = plain_job(len);
		struct wire_writer w;
		job.id = id;
		job.id_len = id_len;
		job.timeout_ns = 1;
		wire_begin(&w, &packet, WIRE_JOBS, 0, 0);
		ck_assert_int_eq(wire_put_job(&w, &job), 1);
		ck_assert_uint_gt(len, WIRE_PACKET_SIZE - 400);
	}
	ck_assert(!wire_args_fit(SIZE_MAX, 0));
	ck_assert(!wire_args_fit(SIZE_MAX, WIRE_ID_MAX));
}
END_TEST

START_TEST(plain_frames_are_what_the_others_are)
{
	static struct wire_packet plain, other;
	struct wire_writer p, o;

	content_fill();
	for (size_t len = 0; len < WIRE_VALUE_MAX; len += len < 70 ? 1 : 83) {
		struct wire_job job = plain_job(len);
		struct wire_result result = plain_result(len);
		int r;
		job.cooperative = len & 1;
		wire_begin(&p, &plain, WIRE_JOBS, 1, 2);
		wire_begin(&o, &other, WIRE_JOBS, 1, 2);
		do {
			r = wire_put_job(&o, &job);
			ck_assert_int_eq(wire_put_plain_job(&p, job.entry, job.ticket, job.seq,
					     job.fn, job.cooperative, job.args, job.args_len),
			    r);
		} while (r == 1);
		ck_assert_uint_eq(wire_end(&p), wire_end(&o));
		ck_assert_mem_eq(&plain, &other, sizeof plain);
		wire_begin(&p, &plain, WIRE_RESULTS, 1, 2);
		wire_begin(&o, &other, WIRE_RESULTS, 1, 2);
		do {
			r = wire_put_result(&o, &result);
			ck_assert_int_eq(wire_put_plain_result(&p, result.entry, result.ticket,
					     result.started_ns, result.run_ns, result.value, len),
			    r);
		} while (r == 1);
		ck_assert_uint_eq(wire_end(&p), wire_end(&o));
		ck_assert_mem_eq(&plain, &other, sizeof plain);
	}
}
END_TEST

START_TEST(packet_of_the_other_kind_is_refused)
{
	static struct wire_packet packet;
	struct wire_writer w;
	struct wire_reader r;
	struct wire_job job = plain_job(0);
	struct wire_result result = plain_result(0);

	wire_begin(&w, &packet, WIRE_JOBS, 0, 0);
	(void)wire_put_job(&w, &job);
	ck_assert_int_eq(wire_open(&r, WIRE_RESULTS, &packet, wire_end(&w)), -1);
	wire_begin(&w, &packet, WIRE_RESULTS, 0, 0);
	(void)wire_put_result(&w, &result);
	ck_assert_int_eq(wire_open(&r, WIRE_JOBS, &packet, wire_end(&w)), -1);
}
END_TEST

START_TEST(packet_of_no_frames_is_refused)
{
	static struct wire_packet packet;
	struct wire_writer w;
	struct wire_reader r;

	wire_begin(&w, &packet, WIRE_JOBS, 0, 0);
	ck_assert_int_eq(wire_open(&r, WIRE_JOBS, &packet, wire_end(&w)), -1);
	ck_assert_int_eq(wire_open(&r, WIRE_JOBS, &packet, 0), -1);
	ck_assert_int_eq(wire_open(&r, WIRE_JOBS, &packet, SIZE_MAX), -1);
}
END_TEST

/* The pipe's padded mode hands packets over with such bytes. */
START_TEST(bytes_behind_the_packet_do_not_matter)
{
	static struct wire_packet packet;
	struct wire_writer w;
	struct wire_job job = plain_job(8);
	int frames;

	memset(&packet, 0x5a, sizeof packet);
	wire_begin(&w, &packet, WIRE_JOBS, 0, 0);
	(void)wire_put_job(&w, &job);
	(void)wire_put_job(&w, &job);
	(void)wire_end(&w);
	ck_assert_ptr_null(wire_check(WIRE_JOBS, &packet, sizeof packet, &frames));
	ck_assert_int_eq(frames, 2);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("wire");
	TCase *tc = support_case("wire", 30);

	tcase_add_test(tc, job_with_each_length_of_args_and_id);
	tcase_add_test(tc, job_with_fields_at_their_ends);
	tcase_add_test(tc, result_with_each_length_of_value_and_message);
	tcase_add_test(tc, result_with_fields_at_their_ends);
	tcase_add_test(tc, result_of_a_process_with_each_number_of_addresses);
	tcase_add_test(tc, result_of_a_process_with_fields_at_their_ends);
	tcase_add_test(tc, addresses_past_the_frame_or_their_number_are_refused);
	tcase_add_test(tc, args_are_aligned_behind_any_frames);
	tcase_add_test(tc, packet_is_filled_and_not_past_its_end);
	tcase_add_test(tc, args_fit_where_they_are_said_to_fit);
	tcase_add_test(tc, plain_frames_are_what_the_others_are);
	tcase_add_test(tc, packet_of_the_other_kind_is_refused);
	tcase_add_test(tc, packet_of_no_frames_is_refused);
	tcase_add_test(tc, bytes_behind_the_packet_do_not_matter);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

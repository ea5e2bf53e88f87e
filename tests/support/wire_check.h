/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire_check - put any bytes through the decoder, for the tests and the fuzzer.
 *
 * The bytes are decoded in a heap block of just their length, so that a sanitizer sees each read
 * outside.  Frames that the decoder accepts are encoded again.  That must give the same frames, in
 * as many bytes, with the same headers; if not, the decoder accepted what no encoder writes.
 */
#ifndef FORKPOOL_TESTS_WIRE_CHECK_H
#define FORKPOOL_TESTS_WIRE_CHECK_H

#include <stdlib.h>
#include <string.h>

#include "lib/ipc/wire_job.h"
#include "lib/ipc/wire_result.h"

#define WIRE_CHECK_FRAMES (WIRE_PACKET_SIZE / 32 + 1)

union wire_check_frame {
	struct wire_job job;
	struct wire_result result;
};

static inline int
wire_check_get(struct wire_reader *r, enum wire_kind kind, union wire_check_frame *frame)
{
	if (kind == WIRE_JOBS)
		return wire_get_job(r, &frame->job);
	return wire_get_result(r, &frame->result);
}

static inline int
wire_check_put(struct wire_writer *w, enum wire_kind kind, const union wire_check_frame *frame)
{
	if (kind == WIRE_JOBS)
		return wire_put_job(w, &frame->job);
	return wire_put_result(w, &frame->result);
}

static inline int
wire_check_inside(const void *from, size_t len, const unsigned char *packet, size_t packet_len)
{
	const unsigned char *at = from;

	if (at < packet + 16 || at > packet + packet_len ||
	    len > (size_t)(packet + packet_len - at))
		return 0;
	/* Read each byte, for a sanitizer to see. */
	volatile unsigned char byte;
	for (size_t i = 0; i < len; i++)
		byte = at[i];
	(void)byte;
	return 1;
}

/* What is wrong with a frame that came from the packet, or NULL. */
static inline const char *
wire_check_frame(enum wire_kind kind, const union wire_check_frame *frame,
    const unsigned char *packet, size_t len)
{
	if (kind == WIRE_JOBS) {
		const struct wire_job *job = &frame->job;
		if (job->id_len > WIRE_ID_MAX || job->attempt == 0 || job->cooperative > 1)
			return "a job has a field out of its range";
		if (job->args == NULL && job->args_len == 0)
			return "args lie outside";
		if (job->args != NULL &&
		    !wire_check_inside(job->args, job->args_len, packet, len))
			return "args lie outside";
		if ((uintptr_t)job->args % WIRE_ALIGN != 0)
			return "args are not aligned";
		if (!wire_check_inside(job->id, job->id_len, packet, len))
			return "an id lies outside";
		return NULL;
	}
	const struct wire_result *result = &frame->result;
	if (result->message_len > WIRE_MESSAGE_MAX)
		return "a message is too long";
	if (!wire_check_inside(result->message, result->message_len, packet, len))
		return "a message lies outside";
	if (result->value == NULL && result->value_len == 0)
		return "a value lies outside";
	if (result->value != NULL &&
	    (result->value_len > len ||
		!wire_check_inside(result->value, (size_t)result->value_len, packet, len)))
		return "a value lies outside";
	if (!result->has_process && (result->frames != 0 || result->addresses != NULL))
		return "addresses of no process";
	if (!result->has_process)
		return NULL;
	if (result->frames > WIRE_FRAMES_MAX)
		return "there are too many addresses";
	if (!wire_check_inside(result->addresses, result->frames * sizeof(uint64_t), packet, len))
		return "addresses lie outside";
	if ((uintptr_t)result->addresses % sizeof(uint64_t) != 0)
		return "addresses are not aligned";
	return NULL;
}

/* The short way to decode a plain result must give what the long way gives. */
static inline const char *
wire_check_short_way(const struct wire_reader *before, const struct wire_result *result)
{
	size_t value_len = 0;
	const struct wire_result_header *h = wire_peek_plain_result(before, &value_len);
	struct wire_reader after = *before;
	struct wire_result again;

	if (h == NULL)
		return NULL;
	if (wire_get_result(&after, &again) != 1)
		return "a plain result is none";
	if (again.outcome != FORKPOOL_OK || again.error != 0 || again.message_len != 0 ||
	    again.output_len != 0 || again.has_process || again.value != h + 1 ||
	    again.value_len != value_len || again.entry != h->entry || again.ticket != h->ticket ||
	    again.started_ns != h->started_ns || again.run_ns != h->run_ns)
		return "a plain result is another";
	struct wire_reader skipped = *before;
	wire_skip_result(&skipped, h);
	if (skipped.at != after.at || skipped.frames != after.frames)
		return "a plain result is of another length";
	return result->ticket == again.ticket ? NULL : "a result has changed";
}

/* Whether both are NULL, or both are equal bytes. */
static inline int
wire_check_bytes(const void *a, size_t a_len, const void *b, size_t b_len)
{
	return (a == NULL) == (b == NULL) && a_len == b_len &&
	    (a == NULL || memcmp(a, b, a_len) == 0);
}

static inline int
wire_check_equal(enum wire_kind kind, const union wire_check_frame *a,
    const union wire_check_frame *b)
{
	if (kind == WIRE_JOBS) {
		const struct wire_job *x = &a->job, *y = &b->job;
		size_t x_args = x->args != NULL ? x->args_len : 0,
		       y_args = y->args != NULL ? y->args_len : 0;
		return x->entry == y->entry && x->ticket == y->ticket && x->seq == y->seq &&
		    x->fn == y->fn && x->attempt == y->attempt &&
		    x->cooperative == y->cooperative && x->timeout_ns == y->timeout_ns &&
		    x->args_len == y->args_len && x->args_offset == y->args_offset &&
		    wire_check_bytes(x->args, x_args, y->args, y_args) &&
		    wire_check_bytes(x->id, x->id_len, y->id, y->id_len);
	}
	const struct wire_result *x = &a->result, *y = &b->result;
	size_t x_value = x->value != NULL ? (size_t)x->value_len : 0;
	size_t y_value = y->value != NULL ? (size_t)y->value_len : 0;
	if ((x->has_process != 0) != (y->has_process != 0) ||
	    (x->has_process &&
		(x->pid != y->pid || x->signal != y->signal || x->exit_code != y->exit_code ||
		    x->core_dumped != y->core_dumped || x->limit != y->limit ||
		    x->cpu_ns != y->cpu_ns || x->user_ns != y->user_ns ||
		    x->max_rss != y->max_rss || x->frames != y->frames || x->place != y->place ||
		    (x->frames > 0 &&
			memcmp(x->addresses, y->addresses, x->frames * sizeof(uint64_t)) != 0))))
		return 0;
	return x->entry == y->entry && x->ticket == y->ticket && x->outcome == y->outcome &&
	    x->error == y->error && x->started_ns == y->started_ns && x->run_ns == y->run_ns &&
	    x->value_len == y->value_len && x->value_offset == y->value_offset &&
	    x->output_len == y->output_len && x->output_offset == y->output_offset &&
	    x->output_lost == y->output_lost &&
	    wire_check_bytes(x->value, x_value, y->value, y_value) &&
	    wire_check_bytes(x->message, x->message_len, y->message, y->message_len);
}

/* Compare the fixed parts of all frames, without the padding, which has any value. */
static inline int
wire_check_headers(enum wire_kind kind, const unsigned char *a, const unsigned char *b, size_t len)
{
	size_t more = kind == WIRE_JOBS ? 32 : 48;
	uint16_t bytes;

	if (memcmp(a, b, 16) != 0)
		return 0;
	for (size_t at = 16; at < len; at += bytes) {
		memcpy(&bytes, a + at, sizeof bytes);
		size_t fixed = 32 + (a[at + 2] & 0x80 ? more : 0);
		if (kind == WIRE_RESULTS && a[at + 2] & 0x10) {
			fixed += 40 + 8 * (size_t)a[at + fixed + 14];
		}
		if (memcmp(a + at, b + at, fixed) != 0)
			return 0;
	}
	return 1;
}

/*
 * What is wrong with how these bytes are decoded, or NULL.  *frames: how many frames the packet
 * has, -1 where the decoder refuses it.
 */
static inline const char *
wire_check(enum wire_kind kind, const void *bytes, size_t len, int *frames)
{
	static union wire_check_frame got[WIRE_CHECK_FRAMES];
	static struct wire_packet again;
	union wire_check_frame second;
	struct wire_reader reader;
	struct wire_writer writer;
	const char *wrong = NULL;
	unsigned n = 0;
	int r = -1;

	*frames = -1;
	struct wire_packet *packet = malloc(len > 0 ? len : 1);
	if (packet == NULL)
		return NULL;
	unsigned char *start = (unsigned char *)packet;
	if (len > 0)
		memcpy(start, bytes, len);
	if (wire_open(&reader, kind, packet, len) == -1)
		goto done;
	struct wire_reader before = reader;
	while (wrong == NULL && (r = wire_check_get(&reader, kind, &got[n])) == 1) {
		wrong = wire_check_frame(kind, &got[n], start, len);
		if (wrong == NULL && kind == WIRE_RESULTS)
			wrong = wire_check_short_way(&before, &got[n].result);
		before = reader;
		if (++n == WIRE_CHECK_FRAMES)
			wrong = "there is no end to the frames";
	}
	size_t value_len;
	if (wrong == NULL && r == -1 && kind == WIRE_RESULTS &&
	    wire_peek_plain_result(&before, &value_len) != NULL)
		wrong = "what is refused is a plain result";
	if (wrong != NULL || r == -1)
		goto done;
	*frames = (int)n;
	wire_begin(&writer, &again, kind, reader.worker, reader.generation);
	for (unsigned i = 0; i < n; i++)
		if (wire_check_put(&writer, kind, &got[i]) != 1)
			wrong = "a frame has become longer";
	size_t used = wire_end(&writer);
	uint16_t said;
	memcpy(&said, start + 4, sizeof said);
	if (wrong == NULL && (used != said || !wire_check_headers(kind, start, again.bytes, used)))
		wrong = "no encoder writes this";
	if (wrong == NULL && wire_open(&reader, kind, &again, used) == -1)
		wrong = "what was encoded again is refused";
	for (unsigned i = 0; wrong == NULL && i < n; i++)
		if (wire_check_get(&reader, kind, &second) != 1 ||
		    !wire_check_equal(kind, &got[i], &second))
			wrong = "a frame has changed";
	if (wrong == NULL && wire_check_get(&reader, kind, &second) != 0)
		wrong = "frames were added";
done:
	free(packet);
	return wrong;
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * payload.h - the large buffers of the echo benchmark, filled and checked the same way by the
 * pool's side and by the bare pipe's.
 *
 * There are PAYLOAD_KINDS buffers with nothing in common, used in turn, and the job's number is in
 * the first word: bytes left over from an earlier job never pass for this one's.  A check looks at
 * the length and at one word in PAYLOAD_STRIDE.  The place moves with the job's number, so that
 * every page is read, and every word is checked sooner or later.
 */
#ifndef PAYLOAD_H
#define PAYLOAD_H

#include "bench.h"

#define PAYLOAD_LEN    (1u << 20)
#define PAYLOAD_WORDS  (PAYLOAD_LEN / sizeof(uint64_t))
#define PAYLOAD_KINDS  7u
#define PAYLOAD_STRIDE 64u

static inline uint64_t
payload_word(uint64_t kind, uint64_t k)
{
	return job_mix((kind << 32) + k + 1);
}

static inline uint64_t *
payload_make(void)
{
	uint64_t *words = allocate(PAYLOAD_KINDS, PAYLOAD_LEN);

	for (uint64_t kind = 0; kind < PAYLOAD_KINDS; kind++)
		for (uint64_t k = 0; k < PAYLOAD_WORDS; k++)
			words[kind * PAYLOAD_WORDS + k] = payload_word(kind, k);
	return words;
}

/* The bytes of job i; good until the next call for the same kind. */
static inline uint64_t *
payload_take(uint64_t *words, uint64_t i)
{
	uint64_t *payload = words + (i % PAYLOAD_KINDS) * PAYLOAD_WORDS;

	payload[0] = i;
	return payload;
}

/* Whether these are the bytes of job i, whole. */
static inline int
payload_check(const void *bytes, size_t len, uint64_t i)
{
	const uint64_t *words = bytes;
	uint64_t difference;

	if (len != PAYLOAD_LEN)
		return 0;
	difference = words[0] ^ i;
	for (size_t k = 1 + i % (PAYLOAD_STRIDE - 1); k < PAYLOAD_WORDS; k += PAYLOAD_STRIDE)
		difference |= words[k] ^ payload_word(i % PAYLOAD_KINDS, k);
	return difference == 0;
}

#endif

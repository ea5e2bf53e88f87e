/* SPDX-License-Identifier: BSD-2-Clause */
/* The shared memory: its layout, and outboxes that are copied while their owner writes. */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/ipc/shared.h"
#include "lib/ipc/wire_result.h"
#include "lib/os/clock.h"

START_TEST(memory_is_laid_out_without_overlap)
{
	static const uint32_t counts[] = { 1, 7, 8, 9, 1000, 65537 };

	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		struct shared *s = shared_create(counts[i]);
		ck_assert_ptr_nonnull(s);
		ck_assert_int_eq(atomic_load(&s->pool_deadline), CLOCK_NEVER);
		const char *end = (const char *)s + shared_size(counts[i]);
		ck_assert((const char *)(s + 1) <= (const char *)shared_slot(s, 0));
		ck_assert((const char *)(shared_slot(s, SHARED_WORKERS_MAX - 1) + 1) <=
		    (const char *)shared_claim(s, 0));
		ck_assert((const char *)(shared_claim(s, counts[i] - 1) + 1) <= end);
		ck_assert_uint_eq((uintptr_t)shared_claim(s, 0) % SHARED_CACHE_LINE, 0);
		for (unsigned w = 0; w < SHARED_WORKERS_MAX; w += w < 2 ? 1 : 1023) {
			struct shared_slot *slot = shared_slot(s, w);
			ck_assert_uint_eq((uintptr_t)slot % alignof(struct shared_slot), 0);
			ck_assert_ptr_eq(slot, shared_slot(s, 0) + w);
			memset((void *)slot, 0xff, sizeof *slot);
		}
		atomic_store(shared_claim(s, 0), UINT64_MAX);
		atomic_store(shared_claim(s, counts[i] - 1), UINT64_MAX);
		ck_assert_int_eq(atomic_load(&s->pool_deadline), CLOCK_NEVER);
		shared_destroy(s, counts[i]);
	}
	shared_destroy(NULL, 1);
}
END_TEST

/* What a worker does with its outbox, as in worker_run.c. */
static struct wire_writer out;
static uint64_t published;

static void
box_begin(struct outbox *box)
{
	wire_begin(&out, &box->packet, WIRE_RESULTS, 3, 9);
}

static void
box_publish(struct outbox *box)
{
	published = (uint64_t)out.frames << 32 | out.used;
	atomic_store_explicit(&box->fill, published, memory_order_release);
}

static void
box_flush(struct outbox *box)
{
	(void)wire_end(&out);
	atomic_store_explicit(&box->fill, 0, memory_order_relaxed);
	atomic_fetch_add_explicit(&box->flushes, 1, memory_order_release);
	atomic_thread_fence(memory_order_release);
	box_begin(box);
}

/* A result whose every part follows from its ticket. */
static struct wire_result
numbered(uint64_t ticket, unsigned char *value)
{
	struct wire_result result = {
		.entry = (uint32_t)ticket,
		.ticket = ticket,
		.started_ns = (int64_t)ticket,
		.run_ns = 1,
		.message = "",
		.value = value,
		.value_len = ticket % 61,
	};

	memset(value, (int)(ticket % 255), 64);
	return result;
}

/* How many frames the copy has; -1 if one is not whole, or their numbers have a gap. */
static int
copy_check(const struct wire_packet *packet, size_t len, uint64_t *first)
{
	struct wire_reader r;
	struct wire_result result;
	unsigned char value[64];
	int frames = 0, got;

	if (wire_open(&r, WIRE_RESULTS, packet, len) == -1 || r.worker != 3 || r.generation != 9)
		return -1;
	while ((got = wire_get_result(&r, &result)) == 1) {
		if (frames == 0)
			*first = result.ticket;
		struct wire_result expected = numbered(*first + (uint64_t)frames, value);
		if (result.ticket != expected.ticket || result.entry != expected.entry ||
		    result.started_ns != expected.started_ns ||
		    result.value_len != expected.value_len ||
		    memcmp(result.value, value, (size_t)result.value_len) != 0)
			return -1;
		frames++;
	}
	return got == 0 ? frames : -1;
}

START_TEST(copy_is_what_was_published)
{
	struct outbox *box = support_shared(sizeof *box);
	struct wire_packet copy;
	unsigned char value[64];
	uint64_t first;

	ck_assert_uint_eq(outbox_copy(box, &copy, 3, 9), 0);
	box_begin(box);
	ck_assert_uint_eq(outbox_copy(box, &copy, 3, 9), 0);
	for (int n = 1;; n++) {
		struct wire_result result = numbered((uint64_t)n, value);
		if (!wire_put_result(&out, &result))
			break;
		/* The frame is written, but not published: the copy does not have it. */
		size_t len = outbox_copy(box, &copy, 3, 9);
		ck_assert_int_eq(len == 0 ? 0 : copy_check(&copy, len, &first), n - 1);
		box_publish(box);
		len = outbox_copy(box, &copy, 3, 9);
		ck_assert_uint_gt(len, 0);
		ck_assert_int_eq(copy_check(&copy, len, &first), n);
	}
	box_flush(box);
	ck_assert_uint_eq(outbox_copy(box, &copy, 3, 9), 0);
	(void)munmap(box, sizeof *box);
}
END_TEST

/* A worker can write anything into its outbox. */
START_TEST(copy_of_nonsense_stays_in_bounds)
{
	static const uint64_t parts[] = { 0, 1, 15, 16, 17, 48, 4095, 4096, 4097, 65535, 65536,
		UINT32_MAX };
	struct outbox *box = support_shared(sizeof *box);
	struct { struct wire_packet packet; unsigned char behind[64]; } copy;

	memset((void *)box, 0xff, sizeof *box);
	memset(&copy, 0x11, sizeof copy);
	for (unsigned i = 0; i < 12; i++)
		for (unsigned j = 0; j < 12; j++) {
			atomic_store(&box->fill, parts[i] << 32 | parts[j]);
			size_t len = outbox_copy(box, &copy.packet, 3, 9);
			ck_assert_uint_le(len, sizeof copy.packet);
			ck_assert(len == 0 || len == parts[j]);
			for (size_t k = 0; k < sizeof copy.behind; k++)
				ck_assert_uint_eq(copy.behind[k], 0x11);
		}
	(void)munmap(box, sizeof *box);
}
END_TEST

/* The owner publishes and flushes all the time: each copy is whole, or there is none. */
START_TEST(copy_beside_a_busy_owner_is_whole)
{
	struct outbox *box = support_shared(sizeof *box);
	_Atomic uint32_t *words = support_shared(sizeof *words * 2), *stop = &words[0],
			 *started = &words[1];
	struct wire_packet copy;
	uint64_t first = 0, last = 0;
	int status, whole = 0;

	pid_t pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		unsigned char value[64];
		box_begin(box);
		for (uint64_t ticket = 1; atomic_load(stop) == 0; ticket++) {
			struct wire_result result = numbered(ticket, value);
			if (ticket % 97 == 0 || !wire_put_result(&out, &result)) {
				box_flush(box);
				(void)wire_put_result(&out, &result);
			}
			box_publish(box);
			if (ticket == 1)
				support_post(started);
		}
		_exit(0);
	}
	support_await(started, 1);
	/* The owner may not run for the time of 300,000 empty copies: go on until there were
	   enough. */
	for (long i = 0; i < 300000 || whole < 1000; i++) {
		size_t len = outbox_copy(box, &copy, 3, 9);
		if (len == 0)
			continue;
		int frames = copy_check(&copy, len, &first);
		if (frames <= 0 || first < last) {
			(void)kill(pid, SIGKILL);
			(void)waitpid(pid, &status, 0);
			ck_abort_msg("copy %ld is torn: %d frames from %llu", i, frames,
			    (unsigned long long)first);
		}
		last = first;
		whole++;
	}
	support_post(stop);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	(void)munmap(box, sizeof *box);
	(void)munmap((void *)words, sizeof *words * 2);
}
END_TEST

START_TEST(slot_is_cleared_for_one_parity)
{
	struct shared *s = shared_create(1);
	struct shared_slot *slot = shared_slot(s, 5);

	memset((void *)slot, 0x77, sizeof *slot);
	shared_slot_clear(slot, 1);
	ck_assert_uint_eq(atomic_load(&slot->run_ticket), 0);
	ck_assert_int_eq(atomic_load(&slot->run_deadline), CLOCK_NEVER);
	ck_assert_uint_eq(atomic_load(&slot->ready), 0);
	ck_assert_uint_eq(atomic_load(&slot->leave), 0);
	ck_assert_uint_eq(atomic_load(&slot->end_ticket), 0);
	ck_assert_uint_eq(atomic_load(&slot->values_taken[1]), 0);
	ck_assert_uint_ne(atomic_load(&slot->values_taken[0]), 0);
	ck_assert_uint_eq(atomic_load(&slot->outbox[1].fill), 0);
	ck_assert_uint_ne(atomic_load(&slot->outbox[0].fill), 0);
	ck_assert_uint_eq(atomic_load(&slot->crash[1].frames), 0);
	ck_assert_uint_ne(atomic_load(&slot->crash[0].frames), 0);
	ck_assert_uint_ne(atomic_load(&slot->runs), 0);
	shared_destroy(s, 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("shared");
	TCase *tc = support_case("shared", 60);

	tcase_add_test(tc, memory_is_laid_out_without_overlap);
	tcase_add_test(tc, copy_is_what_was_published);
	tcase_add_test(tc, copy_of_nonsense_stays_in_bounds);
	tcase_add_test(tc, copy_beside_a_busy_owner_is_whole);
	tcase_add_test(tc, slot_is_cleared_for_one_parity);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

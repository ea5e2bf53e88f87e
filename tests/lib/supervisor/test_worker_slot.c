/* SPDX-License-Identifier: BSD-2-Clause */
/* A worker slot: whose claim the supervisor settles. */
#include "config.h"
#include "tests/support/support.h"

#include <pthread.h>
#include <string.h>

#include "lib/supervisor/worker_slot.h"

#define ROUNDS  1000000u
#define TICKET  1u /* of the run in the slot */
#define ANOTHER 2u /* of the run that takes over the same claim word */

static struct worker_setup setup;
static struct slot_environment environment = { .setup = &setup };
static struct worker_slot slot;

/* The slot's worker, of index 0, runs TICKET, whose claim is entry 0. */
static claim_word *
run_begin(void)
{
	setup.shared = shared_create(1);
	setup.entries = 1;
	ck_assert_ptr_nonnull(setup.shared);
	atomic_store(&shared_slot(setup.shared, 0)->run_entry, 0);
	atomic_store(&shared_slot(setup.shared, 0)->run_ticket, TICKET);
	return shared_claim(setup.shared, 0);
}

static uint64_t
claimed_by(unsigned worker, uint64_t ticket)
{
	return claim_make(ticket, worker, 0, CLAIM_CLAIMED);
}

START_TEST(a_claim_is_settled_once)
{
	claim_word *claim = run_begin();

	atomic_store(claim, claimed_by(0, TICKET));
	ck_assert_int_eq(slot_claim_settle(&environment, &slot, 0, TICKET, CLAIM_TIMED_OUT),
	    CLAIM_CLAIMED);
	ck_assert_uint_eq(atomic_load(claim), claim_make(TICKET, 0, 0, CLAIM_TIMED_OUT));
	ck_assert_int_eq(slot_claim_settle(&environment, &slot, 0, TICKET, CLAIM_CANCELLED),
	    CLAIM_TIMED_OUT);
	ck_assert_uint_eq(atomic_load(claim), claim_make(TICKET, 0, 0, CLAIM_TIMED_OUT));
	shared_destroy(setup.shared, 1);
}
END_TEST

START_TEST(claims_of_others_are_left_alone)
{
	claim_word *claim = run_begin();
	const uint64_t others[] = { claimed_by(0, ANOTHER), claimed_by(1, TICKET),
		claim_make(TICKET, 0, 1, CLAIM_CLAIMED), claim_make(TICKET, 0, 0, CLAIM_OFFERED) };

	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		atomic_store(claim, others[i]);
		ck_assert_int_eq(
		    slot_claim_settle(&environment, &slot, 0, TICKET, CLAIM_TIMED_OUT), CLAIM_FREE);
		ck_assert_uint_eq(atomic_load(claim), others[i]);
	}
	shared_destroy(setup.shared, 1);
}
END_TEST

static _Atomic int over;

/* The run ends, and another worker claims the next job on the same word.  Counts how often the run
   had been settled by then. */
static void *
claims_pass(void *arg)
{
	claim_word *claim = arg;
	static unsigned settled;

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t word = claimed_by(0, TICKET);
		atomic_store(claim, word);
		settled +=
		    !atomic_compare_exchange_strong(claim, &word, claimed_by(1, ANOTHER));
	}
	atomic_store(&over, 1);
	return &settled;
}

/* The word may become another run's between the supervisor's look and its exchange: it then has
   not settled anything, though the state that it finds is CLAIMED. */
START_TEST(claimed_means_settled_by_this_call)
{
	claim_word *claim = run_begin();
	pthread_t thread;
	void *settled;
	unsigned told = 0;

	ck_assert_int_eq(pthread_create(&thread, NULL, claims_pass, claim), 0);
	while (!atomic_load(&over))
		told += slot_claim_settle(&environment, &slot, 0, TICKET, CLAIM_TIMED_OUT) ==
		    CLAIM_CLAIMED;
	ck_assert_int_eq(pthread_join(thread, &settled), 0);
	ck_assert_uint_eq(told, *(unsigned *)settled);
	shared_destroy(setup.shared, 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("worker_slot");
	TCase *tc = support_case("settle", 60);

	tcase_add_test(tc, a_claim_is_settled_once);
	tcase_add_test(tc, claims_of_others_are_left_alone);
	tcase_add_test(tc, claimed_means_settled_by_this_call);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

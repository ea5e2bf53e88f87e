/* SPDX-License-Identifier: BSD-2-Clause */
/* The claim word: each part goes in and comes out, at its bounds too. */
#include "config.h"
#include "tests/support/support.h"

#include "lib/ipc/claim.h"
#include "lib/ipc/shared.h"

START_TEST(claim_word_holds_its_parts)
{
	static const uint64_t tickets[] = { 0, 1, 2, 0x5555, UINT64_C(1) << 46,
		CLAIM_TICKET_MAX - 1, CLAIM_TICKET_MAX };
	static const unsigned workers[] = { 0, 1, 2, 2047, 2048, SHARED_WORKERS_MAX - 2,
		SHARED_WORKERS_MAX - 1 };

	for (unsigned t = 0; t < 7; t++)
		for (unsigned w = 0; w < 7; w++)
			for (unsigned bits = 0; bits < 2 * (CLAIM_CANCELLED + 1); bits++) {
				unsigned parity = bits & 1;
				enum claim_state state = (enum claim_state)(bits >> 1);
				uint64_t word = claim_make(tickets[t], workers[w], parity, state);
				bool held = state >= CLAIM_CLAIMED;
				ck_assert_uint_eq(claim_ticket(word), tickets[t]);
				ck_assert_uint_eq(claim_worker(word), workers[w]);
				ck_assert_uint_eq(claim_parity(word), parity);
				ck_assert_uint_eq(claim_state(word), state);
				ck_assert_int_eq(claim_is_by(word, workers[w], parity), held);
				ck_assert(!claim_is_by(word, workers[w], !parity));
				ck_assert(!claim_is_by(word, workers[(w + 1) % 7], parity));
				ck_assert(!claim_is_by(word, workers[w] ^ 1024u, parity));
			}
	/* Fresh memory reads as free, held by nobody. */
	ck_assert_uint_eq(claim_state(0), CLAIM_FREE);
	ck_assert(!claim_is_by(0, 0, 0));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("claim");
	TCase *tc = support_case("claim", 60);

	tcase_add_test(tc, claim_word_holds_its_parts);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}

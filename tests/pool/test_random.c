/* SPDX-License-Identifier: BSD-2-Clause */
/* Random numbers in jobs, as forkpool(7) has it: which repeat from run to run, and which do not. */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define NUMBERS 4
#define RUNS    3

/* What a run gets. */
struct drawn {
	int      copied[NUMBERS];  /* rand(3): its state is in memory */
	uint32_t noticed[NUMBERS]; /* arc4random(3): it notices a fork */
	uint32_t asked[NUMBERS];   /* getrandom(2): it asks the system */
};

static struct support_gate *gate;

static int
draws(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct drawn drawn;

	for (int i = 0; i < NUMBERS; i++) {
		drawn.copied[i] = rand();
		drawn.noticed[i] = arc4random();
	}
	if (getrandom(drawn.asked, sizeof drawn.asked, 0) != (ssize_t)sizeof drawn.asked)
		return errno;
	int error = support_job_waits(context, args, args_len);
	return error != 0 ? error : forkpool_reply(context, &drawn, sizeof drawn);
}

/* Make generators that have been used before the pool is opened, and with them so many runs: one
   after the other, or all at a time. */
static void
runs(struct drawn *drawn, unsigned n, unsigned workers)
{
	struct forkpool_options options = support_options(workers);

	gate = support_shared(sizeof *gate);
	support_gate_use(gate);
	srand(7);
	(void)rand();
	(void)!arc4random();
	struct forkpool *pool = support_open(&options);
	if (workers == 1)
		support_post(&gate->go);
	for (unsigned i = 0; i < n; i++)
		(void)support_submit(pool, draws, NULL, 0);
	if (workers > 1) {
		while (atomic_load(&gate->started) < n)
			ck_assert_int_ge(forkpool_dispatch(pool, NULL, 0), 0);
		support_post(&gate->go);
	}
	for (unsigned i = 0; i < n; i++) {
		const struct forkpool_result *result = support_wait(pool);
		ck_assert_msg(result->outcome == FORKPOOL_OK, "%s: %s",
		    forkpool_outcome_name(result->outcome), result->message);
		ck_assert_uint_eq(result->value_len, sizeof drawn[i]);
		memcpy(&drawn[i], result->value, sizeof drawn[i]);
	}
	ck_assert_int_eq(forkpool_close(pool), 0);
}

/* 128 bits that are the same do not come by chance. */
static void
assert_different(const struct drawn *drawn, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		for (unsigned j = 0; j < i; j++) {
			ck_assert_mem_ne(drawn[i].noticed, drawn[j].noticed,
			    sizeof drawn[i].noticed);
			ck_assert_mem_ne(drawn[i].asked, drawn[j].asked, sizeof drawn[i].asked);
		}
	}
}

/* Assert that these are the caller's next numbers. */
static void
assert_next(const struct drawn *drawn)
{
	for (int i = 0; i < NUMBERS; i++)
		ck_assert_int_eq(drawn->copied[i], rand());
}

START_TEST(one_run_after_the_other)
{
	struct drawn drawn[RUNS];

	runs(drawn, RUNS, 1);
	assert_different(drawn, RUNS);
	assert_next(&drawn[0]);
	for (int i = 1; i < RUNS; i++) {
		/* A worker that all share goes on; one that is copied for each begins anew. */
		if (support_own_process())
			ck_assert_mem_eq(drawn[i].copied, drawn[0].copied, sizeof drawn[0].copied);
		else
			assert_next(&drawn[i]);
	}
}
END_TEST

/* In as many workers: each begins with the numbers that the caller would have had next. */
START_TEST(runs_in_different_workers)
{
	struct drawn drawn[RUNS];

	runs(drawn, RUNS, RUNS);
	assert_different(drawn, RUNS);
	assert_next(&drawn[0]);
	for (int i = 1; i < RUNS; i++)
		ck_assert_mem_eq(drawn[i].copied, drawn[0].copied, sizeof drawn[0].copied);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("random");
	TCase *tc = support_case("random", 20);

	tcase_add_test(tc, one_run_after_the_other);
	tcase_add_test(tc, runs_in_different_workers);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}
